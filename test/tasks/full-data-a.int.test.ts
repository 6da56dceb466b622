import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPython } from '../../src/effects/python/index.ts'
import { loadTask, pythonDependencies, taskLibrary } from '../../src/effects/tasks/index.ts'

/** The full profiles of four tasks, prepared from miniatures of the published archives on a local server. */

const LIMIT = 300_000

let directory = ''
let python = ''
let server: Server
let mirror = ''
const requests: string[] = []

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kymo-full-data-'))
  python = (await findPython({ dependencies: pythonDependencies((await loadTask('spaceship-titanic')).manifest.profiles.full) })).executable
  for (const [miniature, ...more] of [['spaceship_titanic'], ['parkinsons_disease'], ['feedback', 'empty']] as const) await execa(python, ['-B', join(import.meta.dirname, `../fixtures/miniatures/${miniature}.py`), join(directory, 'mirror'), ...more])
  // Both tasks want the same model, and a maker of files makes no file twice.
  await execa(python, ['-B', join(import.meta.dirname, '../fixtures/miniatures/imdb.py'), join(directory, 'mirror-imdb'), 'empty'])
  server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.authorization ?? ''}`)
    const path = join(directory, request.url?.includes('~amaas') === true ? 'mirror-imdb' : 'mirror', decodeURIComponent(new URL(request.url ?? '', 'http://x').pathname))
    if (request.url?.includes('kaggle') === true && request.headers.authorization !== `Basic ${Buffer.from('ada:secret').toString('base64')}`) response.writeHead(403).end()
    else if (!existsSync(path)) response.writeHead(404).end()
    else {
      response.writeHead(200, { 'content-length': statSync(path).size })
      createReadStream(path).pipe(response)
    }
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}, LIMIT)
afterAll(() => {
  server.close()
  rmSync(directory, { recursive: true, force: true })
})

interface Prepared { prepared: boolean; message?: string; downloads: Record<string, unknown>; public: string; answers: string }

/** What prepare.py makes of the full profile, without the lock of the real files. */
async function prepare(task: string, name: string, environment: Record<string, string> = { KAGGLE_USERNAME: 'ada', KAGGLE_KEY: 'secret' }): Promise<Prepared> {
  const { folder } = await loadTask(task)
  const at = (part: string): string => join(directory, name, part)
  for (const part of ['public', 'answers', 'downloads', 'work']) mkdirSync(at(part), { recursive: true })
  const request = { protocol: 1, task, profile: 'full', seed: 0, public_dir: at('public'), answers_dir: at('answers'), download_dir: at('downloads'), task_dir: folder, lock: {} }
  const { stdout } = await execa(python, ['-I', '-B', join(taskLibrary(), 'launch.py'), join(folder, 'prepare.py')], {
    input: `${JSON.stringify(request)}\n`, cwd: at('work'), extendEnv: false, env: { PATH: process.env['PATH'] ?? '', HOME: at('work'), KYMO_DATA_MIRROR: mirror, KYMO_DATA_PAUSE: '0', ...environment },
  })
  return { ...(JSON.parse(stdout) as Omit<Prepared, 'public' | 'answers'>), public: at('public'), answers: at('answers') }
}

const filesOf = (folder: string): Record<string, string> => Object.fromEntries(
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name)).sort().map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]))

/** Cells of a table; quoted ones may hold commas and line ends. */
function table(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, cell = '', end = ''] of text.matchAll(/((?:"(?:[^"]|"")*"|[^",\n])*)(,|\n|$)/g)) {
    rows.at(-1)?.push(cell)
    if (end === '\n') rows.push([])
    else if (end === '') break
  }
  return rows.slice(0, -1)
}
const ids = (text: string): string[] => table(text).slice(1).map(([id = '']) => id)

describe('The full profile, in miniature,', () => {
  it('of spaceship-titanic holds whole groups out', async () => {
    const data = await prepare('spaceship-titanic', 'spaceship')
    expect(data.prepared, data.message).toBe(true)
    const [seen, answers] = [filesOf(data.public), filesOf(data.answers)]
    expect(Object.keys(seen)).toEqual(['test.csv', 'train.csv'])
    expect(table(seen['test.csv'] ?? '')[0]).not.toContain('Transported')
    expect(ids(answers['answers.csv'] ?? '')).toEqual(ids(seen['test.csv'] ?? ''))
    const groups = (text = ''): Set<string> => new Set(ids(text).map((id) => id.slice(0, 4)))
    const shared = [...groups(seen['test.csv'])].filter((group) => groups(seen['train.csv']).has(group))
    expect(shared).toEqual([])
    expect(ids(seen['test.csv'] ?? '').length + ids(seen['train.csv'] ?? '').length).toBe(2000)
    const again = await prepare('spaceship-titanic', 'spaceship-again')
    expect([filesOf(again.public), filesOf(again.answers)]).toEqual([seen, answers])
  }, LIMIT)

  it('of parkinsons-disease holds patients out with their tables', async () => {
    const data = await prepare('parkinsons-disease', 'parkinsons')
    expect(data.prepared, data.message).toBe(true)
    const seen = filesOf(data.public)
    expect(Object.keys(seen)).toEqual([
      'example_test_files/sample_submission.csv', 'example_test_files/test.csv', 'example_test_files/test_peptides.csv', 'example_test_files/test_proteins.csv',
      'supplemental_clinical_data.csv', 'train_clinical_data.csv', 'train_peptides.csv', 'train_proteins.csv',
    ])
    const patients = (name: string): Set<string> => new Set(ids(seen[name] ?? '').map((id) => id.split('_')[0] ?? ''))
    const held = patients('example_test_files/test.csv')
    expect(held.size).toBe(12)
    for (const name of ['train_clinical_data.csv', 'train_proteins.csv', 'train_peptides.csv']) expect([...patients(name)].filter((one) => held.has(one)), name).toEqual([])
    expect(table(seen['example_test_files/test.csv'] ?? '')[0]).toEqual(['visit_id', 'patient_id', 'visit_month', 'updrs_test', 'row_id'])
    const asked = ids(seen['example_test_files/sample_submission.csv'] ?? '')
    const answered = ids(filesOf(data.answers)['answers.csv'] ?? '')
    expect(answered.length).toBeGreaterThan(50)
    expect(answered.filter((id) => !asked.includes(id))).toEqual([])
    expect(asked.length).toBeGreaterThan(answered.length)
  }, LIMIT)

  it('of imdb shuffles the published order, numbers rows anew, and lays the model beside them', async () => {
    const data = await prepare('imdb', 'imdb', {})
    expect(data.prepared, data.message).toBe(true)
    const seen = filesOf(data.public)
    expect(Object.keys(seen)).toEqual([...['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt'].map((name) => `distilbert-base-uncased/${name}`), 'test.csv', 'train.csv'])
    expect(table(seen['test.csv'] ?? '')[0]).toEqual(['idx', 'text'])
    expect(seen['train.csv']).toContain('<br /><br />')
    const labels = table(filesOf(data.answers)['answers.csv'] ?? '').slice(1).map(([, label]) => label)
    expect(labels.filter((label) => label === '1')).toHaveLength(250)
    // Neither sorted nor alternating, as the archive has them.
    expect(new Set(labels.slice(0, 20)).size).toBe(2)
    expect(labels.some((label, index) => index > 0 && label === labels[index - 1])).toBe(true)
    expect(ids(seen['train.csv'] ?? '')).toHaveLength(2000)
  }, LIMIT)

  it('of feedback keeps the essays as they were written', async () => {
    const data = await prepare('feedback', 'feedback')
    expect(data.prepared, data.message).toBe(true)
    const seen = filesOf(data.public)
    expect(ids(seen['train.csv'] ?? '')).toHaveLength(810)
    expect(ids(filesOf(data.answers)['answers.csv'] ?? '')).toEqual(ids(seen['test.csv'] ?? ''))
    expect(seen['train.csv']).toContain('\r\n\r\n')
    expect(seen['train.csv']).toContain('naïve ""good""')
  }, LIMIT)

  it.each(['spaceship-titanic', 'feedback', 'parkinsons-disease'])('of %s says what to do without an account or its consent', async (task) => {
    const stranger = await prepare(task, `${task}-stranger`, {})
    expect(stranger).toMatchObject({ prepared: false })
    expect(stranger.message).toMatch(/comes from Kaggle and needs an account.*kaggle\.com\/c\/\S+\/rules.*KAGGLE_USERNAME/s)
    const before = requests.length
    const refused = await prepare(task, `${task}-refused`, { KAGGLE_USERNAME: 'eve', KAGGLE_KEY: 'guess' })
    expect(refused.message).toMatch(/the account eve has not accepted the rules of this data: read and accept them at https:\/\/www\.kaggle\.com\/c\//)
    // One request, no blocking question and no second try.
    expect(requests.length - before).toBe(1)
    expect(filesOf(refused.public)).toEqual({})
  }, LIMIT)
})
