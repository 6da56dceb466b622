import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPython } from '../../src/effects/python/index.ts'
import { loadTask, pythonDependencies, taskLibrary } from '../../src/effects/tasks/index.ts'
import { fileServer } from './file-server.ts'
import type { FileServer } from './file-server.ts'
import { missingFor, pickPython } from './full-data-check.ts'
import { MINIATURES } from './full-data-miniatures.ts'

/** The full profiles of ogbn-arxiv, llama-inference, babylm and clrs, prepared from miniatures of what is published, served locally. */

/** Where KYMO_TEST_FULL_PYTHONS names Pythons with frameworks, separated as in PATH, the miniatures that need them are made. */
const pythons = (process.env['KYMO_TEST_FULL_PYTHONS'] ?? '').split(delimiter).filter((path) => path !== '')
const frameworkFor = async (task: string): Promise<string | undefined> =>
  (pythons.length === 0 || (await missingFor(task, pythons)) !== undefined ? undefined : (await pickPython(pythons, { requires: '>=3.9', pip: MINIATURES[task]?.maker?.needs ?? [], debian: [] })).executable)
const PYTHONS = { llama: await frameworkFor('llama-inference'), babylm: await frameworkFor('babylm'), clrs: await frameworkFor('clrs') }
const LIMIT = 300_000

let directory = ''
let plain = ''
let server: FileServer
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kymo-full-data-b-'))
  plain = (await findPython({ dependencies: pythonDependencies((await loadTask('ogbn-arxiv')).manifest.profiles.small) })).executable
  server = await fileServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

const filesOf = (folder: string): string[] => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()

/** Makes a miniature and serves it. */
async function publish(miniature: string, python: string): Promise<void> {
  const root = mkdtempSync(join(directory, 'mirror-'))
  await execa(python, ['-B', join(import.meta.dirname, `../fixtures/miniatures/${miniature}.py`), root])
  for (const path of filesOf(root)) server.files.set(`/${path}`, readFileSync(join(root, path)))
}

interface Prepared { prepared: boolean; message?: string; downloads: Record<string, { url: string }>; public: string; answers: string }

async function prepare(task: string, python: string, mirror = server.url): Promise<Prepared> {
  const { folder } = await loadTask(task)
  const at = mkdtempSync(join(directory, 'prepared-'))
  const parts = { public: join(at, 'public'), answers: join(at, 'answers') }
  for (const part of ['public', 'answers', 'downloads', 'work']) mkdirSync(join(at, part))
  const request = { protocol: 1, task, profile: 'full', seed: 0, public_dir: parts.public, answers_dir: parts.answers, download_dir: join(at, 'downloads'), task_dir: folder, lock: {} }
  const { stdout } = await execa(python, ['-I', '-B', join(taskLibrary(), 'launch.py'), join(folder, 'prepare.py')], {
    input: `${JSON.stringify(request)}\n`, cwd: join(at, 'work'), extendEnv: false, env: { PATH: process.env['PATH'] ?? '', HOME: join(at, 'work'), KYMO_DATA_MIRROR: mirror, KYMO_DATA_PAUSE: '0' },
  })
  return { ...(JSON.parse(stdout) as Omit<Prepared, 'public' | 'answers'>), ...parts }
}

describe('The full data of ogbn-arxiv', () => {
  const lines = (path: string): string[] => gunzipSync(readFileSync(path)).toString().trim().split('\n')

  it('is OGB\'s folder with the labels of the test papers taken out', async () => {
    await publish('ogbn_arxiv', plain)
    const made = await prepare('ogbn-arxiv', plain)
    expect(made).toMatchObject({ prepared: true, downloads: { 'arxiv.zip': { url: 'http://snap.stanford.edu/ogb/data/nodeproppred/arxiv.zip' } } })
    const folder = join(made.public, 'networks/ogbn_arxiv')
    expect(filesOf(folder)).toEqual([
      'RELEASE_v1.txt', 'mapping/labelidx2arxivcategeory.csv.gz', 'raw/edge.csv.gz', 'raw/node-feat.csv.gz', 'raw/node-label.csv.gz', 'raw/node_year.csv.gz', 'raw/num-edge-list.csv.gz', 'raw/num-node-list.csv.gz',
      'split/time/test.csv.gz', 'split/time/train.csv.gz', 'split/time/valid.csv.gz',
    ])
    const labels = lines(join(folder, 'raw/node-label.csv.gz'))
    const test = lines(join(folder, 'split/time/test.csv.gz'))
    const hidden = labels.flatMap((label, paper) => (label === '-1' ? [String(paper)] : []))
    expect(hidden).toEqual(test)
    const answers = readFileSync(join(made.answers, 'answers.csv'), 'utf8').trim().split('\n').slice(1)
    expect(answers.map((row) => row.split(',')[0])).toEqual(test)
    expect(answers.every((row) => /^\d+,\d+$/.test(row))).toBe(true)
    const again = await prepare('ogbn-arxiv', plain)
    for (const path of filesOf(made.public)) expect(readFileSync(join(again.public, path)).equals(readFileSync(join(made.public, path))), path).toBe(true)
  }, LIMIT)

  it('cannot be prepared without network, and says where the file may be put by hand', async () => {
    const made = await prepare('ogbn-arxiv', plain, 'http://127.0.0.1:9')
    expect(made).toMatchObject({ prepared: false, message: expect.stringMatching(/arxiv\.zip cannot be downloaded.*put the file there by hand/) as string })
  }, LIMIT)
})

describe('The full data of tasks with frameworks', () => {
  it.skipIf(PYTHONS.llama === undefined)('llama-inference: the model as it is, and the tokens of the text hidden (KYMO_TEST_FULL_PYTHONS names the Python)', async () => {
    const python = PYTHONS.llama ?? ''
    await publish('llama_inference', python)
    const made = await prepare('llama-inference', python)
    expect(made.prepared, made.message).toBe(true)
    expect(filesOf(made.public)).toEqual(expect.arrayContaining(['model/config.json', 'model/model-00001-of-00002.safetensors', 'model/model-00002-of-00002.safetensors', 'model/tokenizer.json', 'wikitext-103-test.txt']))
    expect((JSON.parse(readFileSync(join(made.answers, 'tokens.json'), 'utf8')) as number[]).length).toBeGreaterThan(1000)
  }, LIMIT)

  it.skipIf(PYTHONS.babylm === undefined)('babylm: ten million words and what to compare with, and the test text hidden (KYMO_TEST_FULL_PYTHONS names the Python)', async () => {
    const python = PYTHONS.babylm ?? ''
    await publish('babylm', python)
    const made = await prepare('babylm', python)
    expect(made.prepared, made.message).toBe(true)
    expect(filesOf(made.public).every((path) => /^(babylm_data\/babylm_(10M|dev)\/|tokenizer\/tokenizer\.json)/.test(path))).toBe(true)
    expect(filesOf(made.answers)).toEqual(['test/aochildes.test', 'test/simple_wikipedia.test', 'test/switchboard.test', 'tokens.json'])
  }, LIMIT)

  it.skipIf(PYTHONS.clrs === undefined)('clrs: validation graphs, and the test graphs hidden (KYMO_TEST_FULL_PYTHONS names the Python)', async () => {
    const python = PYTHONS.clrs ?? ''
    await publish('clrs', python)
    const made = await prepare('clrs', python)
    expect(made.prepared, made.message).toBe(true)
    expect(filesOf(made.public)).toEqual(['data/valid.npz'])
    expect(existsSync(join(made.answers, 'test.npz'))).toBe(true)
  }, LIMIT)
})
