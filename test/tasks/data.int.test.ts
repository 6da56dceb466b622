import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync, chmodSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { evaluatorKey, findData, layerFolder, listCache, prepareData, prepareTask, pruneCache } from '../../src/effects/tasks/index.ts'
import type { PreparedData, Task } from '../../src/effects/tasks/index.ts'
import { MAIN } from '../e2e/kymo.ts'
import { anyPython, ownTask } from './own-task.ts'
import type { OwnTask } from './own-task.ts'

let own: OwnTask
let task: Task
beforeEach(async () => {
  own = await ownTask()
  task = await own.load()
})
afterEach(() => own[Symbol.dispose]())

const prepare = async (more: Partial<Parameters<typeof prepareData>[2]> = {}): Promise<PreparedData> => {
  const made = await prepareData(task, 'small', { python: anyPython, ...more })
  if (made === undefined) throw new Error('no data')
  return made
}
const unused = (): never => { throw new Error('prepare.py ran again') }
const folders = (): string[] => readdirSync(join(own.cache, 'tasks', own.name, 'small'))

describe('Preparing data', () => {
  it('puts what the agent sees apart from the answers, read-only, and never does it twice', async () => {
    const made = await prepare()
    expect([...made.public.entries.keys()]).toEqual(['test.csv', 'train.csv'])
    expect([...made.answers.entries.keys()]).toEqual(['answers.csv'])
    expect(lstatSync(join(made.public.folder, 'train.csv')).mode & 0o222).toBe(0)
    expect(readFileSync(join(made.public.folder, 'test.csv'), 'utf8')).toMatch(/^id,x\nr\d{3},/)
    expect((await prepare({ python: unused })).public.tree).toBe(made.public.tree)
    expect(layerFolder(made.public.tree)).toBe(made.public.folder)
  })

  it('makes the same bytes in another cache', async () => {
    const here = await prepare()
    const there = await prepare({ cacheDir: join(own.cache, 'other') })
    expect([there.public.tree, there.answers.tree]).toEqual([here.public.tree, here.answers.tree])
  })

  it('is checked against the lock, which names the file that differs', async () => {
    await prepare({ updateLock: true })
    own.edit('prepare.py', (text) => text.replace('random.gauss(0, 0.5)', 'random.gauss(0, 0.6)'))
    await expect(prepare()).rejects.toMatchObject({ code: 'KYMO_TASK_LOCK', message: expect.stringMatching(/answers\/answers\.csv differs, public\/train\.csv differs.*--update-lock/) as string })
    expect(folders()).toHaveLength(1)
    await prepare({ updateLock: true })
    expect((await prepare({ python: unused })).folder).toBe((await findData(task, 'small') as PreparedData).folder)
  })

  it('is done once when two ask for it at the same time', async () => {
    const python = vi.fn(anyPython)
    const lines: string[] = []
    const [first, second] = await Promise.all([prepare({ python, log: (line) => lines.push(line) }), prepare({ python, log: (line) => lines.push(line) })])
    expect(python).toHaveBeenCalledTimes(1)
    expect(first.folder).toBe(second.folder)
    expect(lines.join('\n')).toContain('is preparing curve; waiting for it')
  })

  it('is done once by two processes', async () => {
    own.edit('prepare.py', (text) => text.replace('def main(request):\n', 'def main(request):\n    import time\n    open(request.folder / "made.txt", "a").write("once\\n")\n    time.sleep(0.5)\n'))
    const run = () => execa(process.execPath, [MAIN, 'task', 'prepare', 'curve', '--profile', 'small'], { env: { KYMO_TASKS: own.root, KYMO_CACHE: own.cache }, reject: false })
    const [one, other] = await Promise.all([run(), run()])
    expect([one.exitCode, other.exitCode], one.stderr + other.stderr).toEqual([0, 0])
    expect(readFileSync(join(own.folder, 'made.txt'), 'utf8')).toBe('once\n')
  })

  it('that is killed in the middle leaves nothing that is taken for data, and nothing running', async () => {
    own.edit('prepare.py', (text) => text.replace("    # `public`", "    import os, time\n    write_csv(request.public / 'train.csv', ['id'], [])\n    open(request.folder / 'pid.txt', 'w').write(str(os.getpid()))\n    time.sleep(60 if not os.path.exists(request.folder / 'fast') else 0)\n    # `public`"))
    const child = execa(process.execPath, [MAIN, 'task', 'prepare', 'curve', '--profile', 'small'], { env: { KYMO_TASKS: own.root, KYMO_CACHE: own.cache }, reject: false })
    await vi.waitFor(() => expect(readFileSync(join(own.folder, 'pid.txt'), 'utf8')).not.toBe(''), 20_000)
    process.kill(child.pid ?? 0, 'SIGKILL')
    await child
    const pid = Number(readFileSync(join(own.folder, 'pid.txt'), 'utf8'))
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), 10_000)
    expect(folders()).toEqual([expect.stringMatching(/^making-/)])
    expect(await findData(task, 'small')).toEqual({ missing: true })
    own.write('fast', '')
    const made = await prepare()
    expect(readFileSync(join(made.public.folder, 'train.csv'), 'utf8')).toContain('id,x,y')
    expect(folders()).toHaveLength(1)
  })

  it('notices data in the cache that changed, and makes it again', async () => {
    const made = await prepare()
    const file = join(made.public.folder, 'train.csv')
    const content = readFileSync(file)
    const write = (bytes: Uint8Array): void => { chmodSync(file, 0o644); writeFileSync(file, bytes) }

    write(content.map((byte, index) => (index === 40 ? byte ^ 1 : byte)))
    await expect(findData(task, 'small')).rejects.toMatchObject({ code: 'KYMO_TASK_DATA', message: expect.stringMatching(/train\.csv is not as it was made\. Type: kymo task prepare curve --profile small/) as string })
    const lines: string[] = []
    expect((await prepare({ log: (line) => lines.push(line) })).public.tree).toBe(made.public.tree)
    expect(lines.join('\n')).toContain('public/train.csv of the prepared data is not as it was made')
    expect(readFileSync(file)).toEqual(content)

    chmodSync(made.public.folder, 0o755)
    writeFileSync(join(made.public.folder, 'answers.csv'), 'more')
    await expect(findData(task, 'small')).rejects.toThrow(/public\/answers\.csv is not as it was made/)
    rmSync(join(made.answers.folder, 'answers.csv'))
    await prepare()
    rmSync(join(made.folder, 'prepared.json'))
    await expect(findData(task, 'small')).rejects.toThrow(/prepared\.json is not as it was made/)
    await prepare()
    symlinkSync('/etc/passwd', join(made.answers.folder, 'link'))
    await expect(findData(task, 'small')).rejects.toThrow(/answers\/link is not as it was made/)
  })

  it('takes a file that was only touched for what it is', async () => {
    const made = await prepare()
    utimesSync(join(made.public.folder, 'train.csv'), 1, 1)
    expect((await prepare({ python: unused })).public.tree).toBe(made.public.tree)
  })

  it('refuses links, which a workspace cannot hold', async () => {
    own.edit('prepare.py', (text) => text.replace('    # `public`', "    (request.public / 'link').symlink_to('/etc/passwd')\n    # `public`"))
    await expect(prepare()).rejects.toThrow(/made what no workspace can hold: public\/link: symbolic link/)
    expect(folders()).toEqual([])
  })

  it('says what prepare.py says when data cannot be had, and where it broke when it did', async () => {
    own.edit('prepare.py', (text) => text.replace('from kymo_data import prepare', 'from kymo_data import CannotPrepare, prepare').replace('    random = ', "    raise CannotPrepare('the moon is in the wrong phase: wait a week')\n    random = "))
    await expect(prepare()).rejects.toMatchObject({ code: 'KYMO_TASK_DATA', message: 'the data of curve (small) cannot be prepared: the moon is in the wrong phase: wait a week' })
    own.edit('prepare.py', (text) => text.replace("raise CannotPrepare('the moon is in the wrong phase: wait a week')", '1 / 0'))
    await expect(prepare()).rejects.toThrow(/prepare\.py failed: .*ZeroDivisionError/s)
    own.write('prepare.py', 'print("nothing")\n')
    await expect(prepare()).rejects.toThrow(/did not end through prepare\(\)/)
    expect(folders()).toEqual([])
  })

  it('tells when the disk is too full before anything begins', async () => {
    own.edit('task.yaml', (text) => text.replace('disk_mib: 1\n', 'disk_mib: 100000000000\n'))
    task = await own.load()
    await expect(prepare({ python: unused })).rejects.toThrow(/needs 100000000000 MiB of disk and there are \d+ MiB/)
  })

  it('can be cancelled', async () => {
    own.edit('prepare.py', (text) => text.replace('    random = ', '    import time\n    time.sleep(60)\n    random = '))
    const cancel = new AbortController()
    const pending = prepare({ signal: cancel.signal })
    setTimeout(() => cancel.abort(), 200)
    await expect(pending).rejects.toMatchObject({ code: 'KYMO_CANCELLED' })
    expect(folders()).toEqual([])
  })
})

describe('A run of a task with data', () => {
  it('gets them as a layer whose files and answers stay out of the store', async () => {
    const blobs = new MemoryBlobs()
    const prepared = await prepareTask(task, 'small', blobs, { python: anyPython })
    const made = await prepare({ python: unused })
    expect(prepared.layers).toEqual([{ mount: '', tree: made.public.tree }])
    expect(await blobs.has([made.public.tree, prepared.tree])).toEqual([true, true])
    const files = [...made.public.entries.values(), ...made.answers.entries.values()].map(({ sha256 }) => sha256)
    expect(await blobs.has(files)).toEqual(files.map(() => false))
  })

  it('does not begin on data that must be fetched, and says what to type and what it costs', async () => {
    own.edit('task.yaml', (text) => text.replace('    # download_mib: 12.5             # told before anything is fetched\n    # disk_mib: 40\n    # consent: kaggle                # or huggingface: whose account the download needs', '    download_mib: 12.5\n    disk_mib: 40\n    consent: kaggle'))
    task = await own.load()
    await expect(prepareTask(task, 'full', new MemoryBlobs(), { python: anyPython })).rejects.toMatchObject({
      code: 'KYMO_TASK_NOT_PREPARED', message: expect.stringMatching(/kymo task prepare curve --profile full \(a download of about 12\.5 MiB, 40 MiB of disk, an account at kaggle\), or choose --profile small/) as string,
    })
    expect(existsSync(join(own.cache, 'tasks'))).toBe(false)
  })

  it('has an evaluator key that changes with the answers, the data, the modules the evaluator imports and the baseline', async () => {
    const key = async (): Promise<string> => evaluatorKey(await own.load(), 'small', await prepare())
    const keys = [await key()]
    own.append('evaluate.py', '\nimport shapes\n')
    own.write('shapes.py', 'SIDES = 4\n')
    keys.push(await key())
    own.write('shapes.py', 'SIDES = 5\n')
    keys.push(await key())
    own.edit('prepare.py', (text) => text.replace('ROWS = 300', 'ROWS = 301'))
    keys.push(await key())
    own.write('baseline.json', JSON.stringify({ small: { runs: [1], mean: 1, deviation: null, versions: {}, measured: '2026-01-01' } }))
    keys.push(await key())
    expect(new Set(keys).size).toBe(5)
    own.append('README.md', 'more\n')
    expect(await key()).toBe(keys[4])
  })

  it('refuses a starter that wants the same place as the data', async () => {
    own.write('starter/train.csv', 'id\n')
    await expect(prepareTask(task, 'small', new MemoryBlobs(), { python: anyPython })).rejects.toMatchObject({ code: 'KYMO_TASK_FILE', message: expect.stringContaining('want the same place') as string })
  })
})

describe('The cache of data', () => {
  const DAY = 86_400_000
  const states = async (): Promise<string[]> => (await listCache([task])).map(({ state }) => state).sort()
  const age = (folder: string, ms: number): void => { utimesSync(join(folder, 'prepared.json'), new Date(Date.now() - ms), new Date(Date.now() - ms)) }
  const changed = async (): Promise<PreparedData> => {
    own.edit('prepare.py', (text) => text.replace('ROWS = 300', 'ROWS = 301'))
    return prepare()
  }

  it('tells what a run takes from what earlier versions made, with sizes and when they were used', async () => {
    const old = await prepare()
    age(old.folder, 3 * DAY)
    const current = await changed()
    const listed = await listCache([task])
    expect(listed.find(({ folder }) => folder === old.folder)).toMatchObject({ task: 'curve', profile: 'small', state: 'old' })
    expect(listed.find(({ folder }) => folder === current.folder)).toMatchObject({ state: 'current', bytes: [...current.public.entries.values(), ...current.answers.entries.values()].reduce((sum, { size }) => sum + size, 0) })
    expect(Date.now() - (listed.find(({ folder }) => folder === old.folder)?.usedAt ?? 0)).toBeGreaterThan(2.9 * DAY)
    expect((await listCache([])).map(({ state }) => state)).toEqual(['other', 'other'])
  })

  it('loses only what is old and was not used for long; a run that uses it is seen', async () => {
    const old = await prepare()
    const current = await changed()
    for (const { folder } of [old, current]) age(folder, 40 * DAY)
    expect(await pruneCache([], { unusedMs: DAY, now: Date.now() })).toEqual([])
    expect(await pruneCache([task], { unusedMs: 50 * DAY, now: Date.now() })).toEqual([])
    // As an executor does that opens a run's workspace.
    expect(layerFolder(old.public.tree)).toBe(old.public.folder)
    expect(await pruneCache([task], { unusedMs: DAY, now: Date.now() })).toEqual([])
    age(old.folder, 40 * DAY)
    expect((await pruneCache([task], { unusedMs: 30 * DAY, now: Date.now() })).map(({ folder }) => folder)).toEqual([old.folder])
    expect(existsSync(old.folder)).toBe(false)
    expect((await prepare({ python: unused })).folder).toBe(current.folder)
    expect(await states()).toEqual(['current'])
  })

  it('loses what a preparation that died left, and nothing while one is under way', async () => {
    await prepare()
    const root = join(own.cache, 'tasks', own.name, 'small')
    mkdirSync(join(root, 'making-dead', 'public'), { recursive: true })
    expect(await states()).toEqual(['current', 'unfinished'])
    own.edit('prepare.py', (text) => `${text}\n# another version\n`)
    let pruned: Promise<unknown> = Promise.resolve()
    // The interpreter is asked for in the middle of a preparation.
    await prepare({ python: async () => {
      pruned = pruneCache([task], { unusedMs: 0, now: Date.now() + DAY })
      await sleep(300)
      return anyPython()
    } })
    await pruned
    expect(await states()).toEqual(['current'])
  })
})
