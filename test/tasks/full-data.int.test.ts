import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findPython } from '../../src/effects/python/index.ts'
import { loadTask, packageRoot, prepareData, prepareDependencies } from '../../src/effects/tasks/index.ts'
import type { PreparedData } from '../../src/effects/tasks/index.ts'
import { removeTree } from '../../src/workspace/index.ts'
import { fileServer } from './file-server.ts'
import type { FileServer } from './file-server.ts'
import { anyPython } from './own-task.ts'

/** The full profiles' loaders on miniatures of the real files, in their real format, from a server beside us. */
const variables = { KYMO_DATA_MIRROR: '', KAGGLE_USERNAME: 'ann', KAGGLE_KEY: 'secret', no_proxy: '127.0.0.1' }
let before: Record<string, string | undefined> = {}
let root = ''
let server: FileServer
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'kymo-full-data-'))
  server = await fileServer()
  before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]))
  Object.assign(process.env, variables, { KYMO_DATA_MIRROR: server.url })
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  removeTree(root)
})

async function prepareFull(name: string): Promise<PreparedData> {
  cpSync(join(packageRoot(), 'tasks', name), join(root, 'tasks', name), { recursive: true })
  rmSync(join(root, 'tasks', name, 'data.lock.json'), { force: true })
  const task = await loadTask(name, [join(root, 'tasks')])
  const made = await prepareData(task, 'full', { python: () => findPython({ dependencies: prepareDependencies(task.manifest.profiles.full) }), cacheDir: join(root, 'cache') })
  if (made === undefined) throw new Error('no data')
  return made
}

/** Runs Python that writes a miniature to argv[1]. */
async function miniature(code: string): Promise<Buffer> {
  const path = join(root, 'miniature')
  writeFileSync(`${path}.py`, code)
  await execa((await anyPython()).executable, ['-I', `${path}.py`, path])
  return readFileSync(path)
}

it('house-price reads Kaggle\'s archive: all 81 columns, a split of its labelled rows, prices hidden', async () => {
  server.files.set('/www.kaggle.com/api/v1/competitions/data/download-all/home-data-for-ml-course', await miniature(`
import sys, zipfile
columns = ['Id', *(f'C{number}' for number in range(79)), 'SalePrice']
rows = [[str(index + 1), *('NA' if (index + number) % 7 == 0 else f'v{index}' for number in range(79)), str(100000 + index)] for index in range(50)]
table = lambda rows, last: '\\n'.join(','.join(row[:last]) for row in rows) + '\\n'
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    archive.writestr('train.csv', table([columns, *rows], None))
    archive.writestr('test.csv', table([columns, *rows], -1))
    archive.writestr('data_description.txt', 'MSSubClass: ...\\n')
    archive.writestr('train.csv.gz', 'what must not be handed on')
    archive.writestr('sample_submission.csv', 'Id,SalePrice\\n1,1\\n')
`))
  const { public: seen, answers } = await prepareFull('house-price')
  expect([...seen.entries.keys()]).toEqual(['data_description.txt', 'test.csv', 'train.csv'])
  const lines = (folder: string, name: string): string[] => readFileSync(join(folder, name), 'utf8').trim().split('\n')
  const [train, test, hidden] = [lines(seen.folder, 'train.csv'), lines(seen.folder, 'test.csv'), lines(answers.folder, 'answers.csv')]
  expect([train.length, test.length, hidden.length]).toEqual([41, 11, 11])
  expect([train[0]?.split(',').length, test[0]?.split(',').length, hidden[0]]).toEqual([81, 80, 'Id,SalePrice'])
  const ids = (rows: string[]): number[] => rows.slice(1).map((row) => Number(row.split(',')[0]))
  expect([...ids(train), ...ids(test)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
  expect(ids(hidden)).toEqual(ids(test))
  for (const row of hidden.slice(1)) expect(row).toBe(`${row.split(',')[0]},${99999 + Number(row.split(',')[0])}`)
})

it('cifar10 reads the binary archive: pictures as they are, labels of the test pictures hidden', async () => {
  server.files.set('/www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz', await miniature(`
import io, sys, tarfile
def record(number):
    return bytes([number % 10]) + bytes((number + at) % 256 for at in range(3072))
with tarfile.open(sys.argv[1], 'w:gz') as archive:
    def put(name, content):
        info = tarfile.TarInfo('cifar-10-batches-bin/' + name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    for batch in range(1, 6):
        put(f'data_batch_{batch}.bin', b''.join(record(batch * 4 + one) for one in range(4)))
    put('test_batch.bin', b''.join(record(100 + one) for one in range(6)))
    put('batches.meta.txt', b'airplane\\nautomobile\\nbird\\ncat\\ndeer\\ndog\\nfrog\\nhorse\\nship\\ntruck\\n\\n')
    put('readme.html', b'')
`))
  const { public: seen, answers } = await prepareFull('cifar10')
  expect([...seen.entries.keys()]).toEqual(['data/classes.txt', 'data/test.npz', 'data/train.npz'])
  expect(readFileSync(join(answers.folder, 'labels.csv'), 'utf8')).toBe('index,label\n0,0\n1,1\n2,2\n3,3\n4,4\n5,5\n')
  const { executable } = await findPython({ dependencies: { pip: ['numpy>=1.24'], debian: ['python3-numpy'], requires: '>=3.9' } })
  const { stdout } = await execa(executable, ['-c', `
import json, sys, numpy
train, test = numpy.load(sys.argv[1] + '/data/train.npz'), numpy.load(sys.argv[1] + '/data/test.npz')
print(json.dumps([sorted(train), sorted(test), list(train['images'].shape), str(train['images'].dtype), train['labels'].tolist(), list(test['images'].shape), test['images'][0, 1, 2, :3].tolist()]))
`, seen.folder])
  const place = 100 + 1024 + 2 * 32
  expect(JSON.parse(stdout)).toEqual([['images', 'labels'], ['images'], [20, 3, 32, 32], 'uint8', Array.from({ length: 20 }, (_, index) => (index + 4) % 10), [6, 3, 32, 32], [place, place + 1, place + 2].map((value) => value % 256)])
})
