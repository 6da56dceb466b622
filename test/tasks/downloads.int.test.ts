import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findData, prepareData, readDataLock } from '../../src/effects/tasks/index.ts'
import type { PreparedData, Task } from '../../src/effects/tasks/index.ts'
import { fileServer } from './file-server.ts'
import type { FileServer } from './file-server.ts'
import { anyPython, ownTask } from './own-task.ts'
import type { OwnTask } from './own-task.ts'

const PATH = '/example.org/data/table.csv'
const content = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `${index},${index * 7}\n`).join(''))
const sha256 = createHash('sha256').update(content).digest('hex')

let own: OwnTask
let task: Task
let server: FileServer
let lines: string[] = []
let before: Record<string, string | undefined> = {}
const variables = ['KYMO_DATA_MIRROR', 'KYMO_DATA_PAUSE', 'KAGGLE_USERNAME', 'KAGGLE_KEY', 'KAGGLE_CONFIG_DIR', 'HF_TOKEN', 'no_proxy']
beforeEach(async () => {
  before = Object.fromEntries(variables.map((name) => [name, process.env[name]]))
  for (const name of variables) delete process.env[name]
  own = await ownTask()
  server = await fileServer()
  server.files.set(PATH, content)
  lines = []
  Object.assign(process.env, { KYMO_DATA_MIRROR: server.url, KYMO_DATA_PAUSE: '0', KAGGLE_CONFIG_DIR: own.cache, no_proxy: '127.0.0.1' })
  await fetching("request.download('https://example.org/data/table.csv')")
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  own[Symbol.dispose]()
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

/** The task becomes one that hands on what this expression gives. */
async function fetching(expression: string): Promise<void> {
  own.write('prepare.py', `from kymo_data import prepare, write_text\n\n\ndef main(request):\n    path = ${expression}\n    (request.public / 'table.csv').write_bytes(path.read_bytes())\n    write_text(request.answers / 'answers.csv', 'id,y\\n')\n\n\nif __name__ == '__main__':\n    prepare(main)\n`)
  task = await own.load()
}
const lock = (downloads: Record<string, { url: string; bytes: number; sha256: string }>): void => own.write('data.lock.json', JSON.stringify({ small: { downloads } }))
const good = { 'table.csv': { url: 'https://example.org/data/table.csv', bytes: content.length, sha256 } }
const prepare = (more: Partial<Parameters<typeof prepareData>[2]> = {}): Promise<PreparedData | undefined> => prepareData(task, 'small', { python: anyPython, log: (line) => lines.push(line), ...more })
const fetched = (): string => join(own.cache, 'downloads/curve/table.csv')

describe('A download', () => {
  it('is kept, checked against the lock, and not fetched again for other data', async () => {
    lock(good)
    await prepare()
    expect(readFileSync(fetched())).toEqual(content)
    own.append('prepare.py', '# another version\n')
    await prepare()
    expect(server.requests).toHaveLength(1)
    expect(lines.join('\n')).toMatch(/table\.csv: \d+\.\d KiB from 127\.0\.0\.1/)
  })

  it('goes on where it was cut off, however often', async () => {
    lock(good)
    server.faults.push({ cutAfter: 100_000 }, { cutAfter: 50_000 }, { status: 503 })
    await prepare()
    expect(server.requests.map(({ range }) => range)).toEqual(['', 'bytes=100000-', 'bytes=150000-', 'bytes=150000-'])
    expect(readFileSync(fetched())).toEqual(content)
    expect(lines.join('\n')).toContain('going on at 146.5 KiB')
  })

  it('goes on where an earlier process left it', async () => {
    lock(good)
    server.faults.push(...Array.from({ length: 5 }, () => ({ cutAfter: 1000 })))
    await expect(prepare()).rejects.toThrow(/cannot be downloaded.*it goes on where it stopped/)
    await prepare()
    expect(server.requests.at(-1)?.range).toBe('bytes=5000-')
    expect(readFileSync(fetched())).toEqual(content)
  })

  it('begins again at a server that does not know ranges', async () => {
    lock(good)
    server.ranges = false
    server.faults.push({ cutAfter: 100_000 })
    await prepare()
    expect(readFileSync(fetched())).toEqual(content)
  })

  it('of another file than the lock names is refused, with both names, and thrown away', async () => {
    lock({ 'table.csv': { ...good['table.csv'], sha256: 'a'.repeat(64) } })
    await expect(prepare()).rejects.toThrow(new RegExp(`is not the file that data\\.lock\\.json names: it has sha256 ${sha256}.*expected were a{64}.*--update-lock`))
    expect(existsSync(fetched())).toBe(false)
    expect(await findData(task, 'small')).toEqual({ missing: true })
  })

  it('whose remains are those of another file is fetched afresh', async () => {
    lock(good)
    server.faults.push({ cutAfter: 1000 }, ...Array.from({ length: 4 }, () => ({ status: 500 })))
    await expect(prepare()).rejects.toThrow()
    writeFileSync(`${fetched()}.part`, Buffer.alloc(1000, 120))
    await expect(prepare()).rejects.toThrow(/is not the file that data\.lock\.json names/)
    await prepare()
    expect(readFileSync(fetched())).toEqual(content)
  })

  it('that no lock names is taken as it comes and said so; --update-lock writes it down', async () => {
    await prepare()
    expect(lines.join('\n')).toContain(`does not name this file yet, so it is taken as it came (sha256 ${sha256})`)
    await prepare({ updateLock: true })
    expect((await readDataLock(task)).small).toMatchObject({ downloads: good, public: expect.stringMatching(/^[0-9a-f]{64}$/) as string, files: { 'public/table.csv': sha256 } })
  })

  it('that is not there is not tried again', async () => {
    server.files.clear()
    await expect(prepare()).rejects.toThrow(/answered 404/)
    expect(server.requests).toHaveLength(1)
  })

  it('without a network says where it should come from and where it could be put by hand', async () => {
    await server[Symbol.asyncDispose]()
    await expect(prepare()).rejects.toMatchObject({ code: 'KYMO_TASK_DATA', message: expect.stringMatching(/Check that this machine reaches 127\.0\.0\.1:\d+.*Or put the file there by hand: .*table\.csv/) as string })
    writeFileSync(fetched(), content)
    await prepare()
    expect((await findData(task, 'small')) as PreparedData).toHaveProperty('downloads', good)
  })
})

describe('Data from Kaggle', () => {
  const ZIP = '/www.kaggle.com/api/v1/competitions/data/download-all/houses'
  beforeEach(async () => {
    server.files.set(ZIP, content)
    await fetching("request.kaggle('houses')")
  })

  it('asks for an account in words, never at a prompt', async () => {
    await expect(prepare()).rejects.toThrow(/comes from Kaggle and needs an account there\. Accept its rules at https:\/\/www\.kaggle\.com\/c\/houses\/rules.*KAGGLE_USERNAME and KAGGLE_KEY or put the token into .*kaggle\.json/)
    expect(server.requests).toEqual([])
  })

  it('is fetched with the variables, or with the token\'s file', async () => {
    Object.assign(process.env, { KAGGLE_USERNAME: 'ann', KAGGLE_KEY: 'secret' })
    await prepare()
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([`Basic ${Buffer.from('ann:secret').toString('base64')}`])
    expect(lines.join('\n')).not.toContain('secret')
    delete process.env['KAGGLE_KEY']
    writeFileSync(join(own.cache, 'kaggle.json'), '{"username": "bo", "key": "other"}')
    await fetching("request.kaggle('houses', 'again.zip')")
    await prepare()
    expect(server.requests.at(-1)?.authorization).toBe(`Basic ${Buffer.from('bo:other').toString('base64')}`)
  })

  it('says what is wrong with the account: its token, or rules that it has not accepted', async () => {
    Object.assign(process.env, { KAGGLE_USERNAME: 'ann', KAGGLE_KEY: 'secret' })
    server.faults.push({ status: 403 })
    await expect(prepare()).rejects.toThrow(/the account ann has not accepted the rules of this data: read and accept them at https:\/\/www\.kaggle\.com\/c\/houses\/rules/)
    server.faults.push({ status: 401 })
    await expect(prepare()).rejects.toThrow(/does not know this user name and key/)
    expect(server.requests).toHaveLength(2)
  })
})

describe('Data from Hugging Face', () => {
  it('comes by repository and path, with the token where there is one', async () => {
    server.files.set('/huggingface.co/datasets/stanford/reviews/resolve/main/plain/train.parquet', content)
    await fetching("request.huggingface('stanford/reviews', 'plain/train.parquet')")
    process.env['HF_TOKEN'] = 'token'
    await prepare()
    expect(server.requests[0]?.authorization).toBe('Bearer token')
    server.faults.push({ status: 401 })
    await fetching("request.huggingface('stanford/reviews', 'plain/test.parquet')")
    await expect(prepare()).rejects.toThrow(/needs an account that has accepted its terms at https:\/\/huggingface\.co\/datasets\/stanford\/reviews.*HF_TOKEN/)
  })
})
