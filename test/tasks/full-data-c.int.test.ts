import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { preparePython } from '../../src/effects/python/index.ts'
import { loadTask, prepareData, pythonDependencies } from '../../src/effects/tasks/index.ts'
import type { PreparedData } from '../../src/effects/tasks/index.ts'

/** Miniatures of the real archives, in their layout, served where prepare.py looks for the real ones. */
const files = new Map<string, Buffer>()
const asked: string[] = []
let server: Server
let cacheDir = ''
let python = ''

beforeAll(async () => {
  cacheDir = mkdtempSync(join(tmpdir(), 'kymo-full-c-'))
  server = createServer(({ url = '', headers }, response) => {
    const path = new URL(url, 'http://mirror').pathname
    asked.push(`${path} ${headers.authorization ?? ''}`)
    const content = files.get(path)
    if (content === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-length': content.length }).end(content)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  python = (await preparePython({ dependencies: pythonDependencies((await loadTask('vectorization')).manifest.profiles.small) })).executable
}, 120_000)
afterAll(() => {
  server.close()
  server.closeAllConnections()
  rmSync(cacheDir, { recursive: true, force: true })
})
afterEach(() => { vi.unstubAllEnvs() })

const archive = (slug: string): string => `/www.kaggle.com/api/v1/competitions/data/download-all/${slug}`

async function zipped(program: string): Promise<Buffer> {
  const file = join(cacheDir, 'made.zip')
  await execa(python, ['-c', `import io, json, sys, zipfile\nimport numpy as np\nwith zipfile.ZipFile(sys.argv[1], 'w') as archive:\n${program.trim().split('\n').map((line) => `    ${line}`).join('\n')}\n`, file])
  return readFileSync(file)
}

async function prepared(name: string): Promise<PreparedData> {
  const { port } = server.address() as AddressInfo
  vi.stubEnv('KYMO_DATA_MIRROR', `http://127.0.0.1:${port}`)
  vi.stubEnv('KYMO_DATA_PAUSE', '0')
  vi.stubEnv('KAGGLE_USERNAME', 'somebody')
  vi.stubEnv('KAGGLE_KEY', 'a-key')
  const task = await loadTask(name)
  // A checkout of its own is not needed: nothing is locked yet for what could not be downloaded.
  const shrunk = { ...task, manifest: { ...task.manifest, profiles: { ...task.manifest.profiles, full: { ...task.manifest.profiles.full, disk_mib: 1 } } } }
  const data = await prepareData(shrunk, 'full', { python: async () => ({ executable: python }), cacheDir })
  if (data === undefined) throw new Error('no data')
  return data
}

describe('identify-contrails from an archive in Kaggle\'s layout', () => {
  it('takes the validation scenes for the test, without their outlines, and three bands of nine', async () => {
    files.set(archive('google-research-identify-contrails-reduce-global-warming'), await zipped(`
def put(path, array):
    stream = io.BytesIO()
    np.save(stream, array)
    archive.writestr(path, stream.getvalue())
for part, records in (('train', '123'), ('validation', '45'), ('test', '6')):
    for record in records:
        for band in range(8, 17):
            put(f'{part}/{record}/band_{band:02}.npy', np.full((16, 16, 8), 270 + band, np.float32))
        if part != 'test':
            mask = np.zeros((16, 16, 1), np.int32)
            mask[2:4, 1, 0] = 1
            put(f'{part}/{record}/human_pixel_masks.npy', mask if record != '5' else mask * 0)
            put(f'{part}/{record}/human_individual_masks.npy', np.zeros((16, 16, 1, 4), np.int32))
archive.writestr('train_metadata.json', '[]')
archive.writestr('sample_submission.csv', 'record_id,encoded_pixels\\n6,\\n')`))
    const { public: seen, answers } = await prepared('identify-contrails')
    expect(readdirSync(join(seen.folder, 'train'))).toEqual(['1', '2', '3'])
    expect(readdirSync(join(seen.folder, 'train/1'))).toEqual(['band_11.npy', 'band_14.npy', 'band_15.npy', 'human_pixel_masks.npy'])
    expect(readdirSync(join(seen.folder, 'test'))).toEqual(['4', '5'])
    expect(readdirSync(join(seen.folder, 'test/4'))).toEqual(['band_11.npy', 'band_14.npy', 'band_15.npy'])
    expect(readFileSync(join(answers.folder, 'answers.csv'), 'utf8')).toBe('record_id,encoded_pixels\n4,19 2\n5,-\n')
    expect(asked.at(-1)).toContain('Basic ')
  })
})

describe('fathomnet from an archive in Kaggle\'s layout and pictures from their server', () => {
  it('keeps some categories for the test alone, and their pictures out of training', async () => {
    const content = Buffer.from('a picture')
    for (let index = 0; index < 40; index += 1) files.set(`/database.example/m3/${index}.png`, content)
    files.set(archive('fathomnet-out-of-sample-detection'), await zipped(`
images = [{'id': index + 1, 'file_name': f'uuid-{index:02}.png', 'coco_url': f'https://database.example/m3/{index}.png', 'width': 10, 'height': 10} for index in range(40)]
notes = [{'id': index + 1, 'image_id': index % 40 + 1, 'category_id': (index * 7) % 17 + 1, 'bbox': [1, 2, 3, 4], 'iscrowd': 0} for index in range(60)]
archive.writestr('object_detection/train.json', json.dumps({'images': images, 'annotations': notes, 'categories': []}))
archive.writestr('object_detection/eval.json', json.dumps({'images': [], 'annotations': []}))
archive.writestr('category_key.csv', 'id,name,supercat\\n' + ''.join(f'{index},animal {index},group\\n' for index in range(1, 21)))
archive.writestr('multilabel_classification/train.csv', 'id,categories\\n')`))
    const { public: seen, answers } = await prepared('fathomnet')
    const rows = (text: string): string[][] => text.trim().split('\n').slice(1).map((line) => line.split(','))
    const known = new Set(rows(readFileSync(join(seen.folder, 'category_key.csv'), 'utf8')).map(([id]) => id))
    const train = rows(readFileSync(join(seen.folder, 'multilabel_classification/train.csv'), 'utf8'))
    const truth = rows(readFileSync(join(answers.folder, 'answers.csv'), 'utf8'))
    expect(known.size).toBe(18)
    expect(train.every(([, categories = '']) => categories.split(' ').every((one) => known.has(one)))).toBe(true)
    expect(truth.some(([, , out]) => out === '1') && truth.some(([, , out]) => out === '0')).toBe(true)
    expect(train.length + truth.length).toBe(40)
    expect(readdirSync(join(seen.folder, 'images')).length).toBe(40)
    expect(asked.filter((one) => one.includes('/m3/')).every((one) => one.endsWith(' '))).toBe(true)
  })

  it('says what to do without an account', async () => {
    const { port } = server.address() as AddressInfo
    vi.stubEnv('KYMO_DATA_MIRROR', `http://127.0.0.1:${port}`)
    vi.stubEnv('KAGGLE_USERNAME', '')
    vi.stubEnv('KAGGLE_KEY', '')
    vi.stubEnv('KAGGLE_CONFIG_DIR', cacheDir)
    const task = await loadTask('fathomnet')
    const empty = mkdtempSync(join(cacheDir, 'empty-'))
    const free = { ...task, manifest: { ...task.manifest, profiles: { ...task.manifest.profiles, full: { ...task.manifest.profiles.full, disk_mib: 1 } } } }
    await expect(prepareData(free, 'full', { python: async () => ({ executable: python }), cacheDir: empty })).rejects.toThrow(/Accept its rules at https:\/\/www\.kaggle\.com\/c\/fathomnet-out-of-sample-detection\/rules/)
  })
})
