import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPython } from '../../src/effects/python/index.ts'
import { loadTask, pythonDependencies, taskLibrary } from '../../src/effects/tasks/index.ts'
import { evaluated } from './evaluator-process.ts'
import type { Reply } from './evaluator-process.ts'

/** The evaluators of ogbn-arxiv, clrs, babylm and llama-inference with their workers, which are trusted here and need no sandbox. numpy is enough for all of them. */

const LIMIT = 120_000
let directory = ''
let python = ''

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kymo-evaluators-b-'))
  python = (await findPython({ dependencies: pythonDependencies((await loadTask('ogbn-arxiv')).manifest.profiles.small) })).executable
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Runs a few lines of Python in a new folder, which it gives. `T` is the folder of the tasks. */
async function made(source: string): Promise<string> {
  const folder = mkdtempSync(join(directory, 'made-'))
  const tasks = join(taskLibrary(), '..')
  await execa(python, ['-B', '-c', `import json, os, sys\nimport numpy as np\nT = ${JSON.stringify(tasks)}\nsys.path[:0] = [T + '/lib']\n${source}`], { cwd: folder })
  return folder
}

async function prepared(task: string): Promise<{ public: string; answers: string }> {
  const { folder } = await loadTask(task)
  const at = mkdtempSync(join(directory, 'prepared-'))
  const [shown, answers, downloads] = ['public', 'answers', 'downloads'].map((part) => join(at, part)) as [string, string, string]
  for (const part of [shown, answers, downloads]) mkdirSync(part)
  const request = { protocol: 1, task, profile: 'small', seed: 0, public_dir: shown, answers_dir: answers, download_dir: downloads, task_dir: folder, lock: {} }
  await execa(python, ['-I', '-B', join(taskLibrary(), 'launch.py'), join(folder, 'prepare.py')], { input: `${JSON.stringify(request)}\n`, cwd: at })
  return { public: shown, answers }
}

/** Grades `tree` with workers over it and over the starter, all of them beside the data. */
async function graded(task: string, { tree, data, answers, repeats = 1 }: { tree: string; data: string; answers: string; repeats?: number }): Promise<Reply> {
  const { folder, manifest } = await loadTask(task)
  const starter = mkdtempSync(join(directory, 'starter-'))
  cpSync(join(folder, manifest.starter), starter, { recursive: true })
  const command = (workspace: string): unknown => ({
    argv: [python, '-I', '-B', '-u', join(taskLibrary(), 'launch.py'), join(folder, manifest.grading.worker ?? ''), workspace, manifest.entry], env: { PATH: process.env['PATH'] ?? '', OMP_NUM_THREADS: '1' }, cwd: workspace,
  })
  for (const workspace of [tree, starter]) cpSync(data, workspace, { recursive: true })
  const request = {
    protocol: 1, task, profile: 'small', seed: 1, tree_dir: tree, starter_dir: starter, data_dir: data, answers_dir: answers, baseline: { runs: [3, 3], mean: 3, deviation: 0 },
    submission: command(tree), starter: manifest.grading.starter_timed ? command(starter) : null, repeats, limits: { start_seconds: 60, call_seconds: 60 },
  }
  const { stdout } = await execa(python, ['-I', '-B', join(taskLibrary(), 'launch.py'), join(folder, manifest.grading.evaluator)], { input: `${JSON.stringify(request)}\n`, cwd: directory })
  return JSON.parse(stdout) as Reply
}

describe('The evaluator of ogbn-arxiv', () => {
  const answers = { 'answers.csv': 'paper,field\n7,0\n12,3\n40,39\n41,3\n' }
  const submit = (table: string): Promise<Reply> => evaluated('ogbn-arxiv', { tree: { 'submission.csv': table }, answers })

  it('matches rows by paper, in any order, and takes 3.0 for a field', async () => {
    expect(await submit('paper,field\n41,3\n7,0\n40,39\n12,3\n')).toMatchObject({ graded: true, value: 1 })
    expect(await submit('field,paper\n3.0,41\n1,7\n39,40\n3,12\n')).toMatchObject({ graded: true, value: 0.75 })
  })

  it.each([
    ['paper,field\n7,0\n12,3\n40,39\n', /1 of 4 rows are missing, the first is that of the paper "41"/],
    ['paper,field\n7,0\n12,3\n40,39\n41,3\n7,1\n', /line 6: the paper "7" was there already, in line 2/],
    ['paper,field\n7,0\n12,3\n40,39\n8,3\n', /line 5: the paper "8" is not one of the 4/],
    ['paper,field\n7,-1\n12,3\n40,39\n41,3\n', /line 2: "-1" in the column "field"/],
    ['paper,field\n7,0\n12,nan\n40,39\n41,3\n', /line 3: "nan"/],
    ['0\n0\n3\n39\n3\n', /there is no column "paper"/],
  ])('says what is wrong with %j', async (table, message) => {
    const reply = await submit(table)
    expect(reply).toMatchObject({ graded: false, code: 'bad_submission' })
    expect(reply.message).toMatch(message)
  })

  it('shows no field of a test paper in the graph', async () => {
    const data = await prepared('ogbn-arxiv')
    const seen = await made(`
graph = np.load(${JSON.stringify(data.public)} + '/networks/graph.npz')
assert (graph['labels'][graph['test']] == -1).all() and (graph['labels'][graph['train']] >= 0).all()
assert sorted([*graph['train'], *graph['valid'], *graph['test']]) == list(range(len(graph['labels'])))
open('ok', 'w').close()`)
    expect(readFileSync(join(seen, 'ok'), 'utf8')).toBe('')
    expect(readFileSync(join(data.answers, 'answers.csv'), 'utf8').split('\n').length).toBeGreaterThan(1000)
  }, LIMIT)
})

/** Python that makes a submission of zeros; `net` is its dict of arrays, `config` its sizes. */
const zeros = (task: 'clrs' | 'babylm', sizes: string, then = ''): Promise<string> => made(`
sys.path[:0] = [f'{T}/${task}']
import worker
config = ${sizes}
net = {name: np.zeros(shape) for name, shape in worker.shapes(config).items()}
folder, weights = os.path.split(worker.WEIGHTS)
os.makedirs(folder)
save = lambda: np.savez(worker.WEIGHTS, **net)
save()
${then}
json.dump(config, open(worker.CONFIG, 'w'))`)

const CLRS = "{'hidden': 4, 'triplet': 4, 'steps': 1, 'aggregation': 'max', 'residual': False, 'gate': False, 'layer_norm': False}"
const BABYLM = "{'layers': 1, 'width': 8, 'heads': 2, 'inner': 8, 'context': 16}"

describe('The evaluator of clrs', () => {
  let data: { public: string; answers: string }
  beforeAll(async () => { data = await prepared('clrs') }, LIMIT)
  const submit = (tree: string): Promise<Reply> => graded('clrs', { tree, data: data.public, answers: data.answers })

  it('computes with the submitted weights: zeros point at the first node, and weights made by hand at the start of the way', async () => {
    const first = await submit(await zeros('clrs', CLRS))
    expect(first).toMatchObject({ graded: true, details: { nodes: 16, graphs: 48 } })
    const start = await submit(await zeros('clrs', CLRS, "net['start'][2, 0] = net['state'][0, 0] = net['point_first'][0, 0] = net['point'][0] = 1\nsave()"))
    expect(start.value).toBe(start.details['pointing at the start'])
    expect(start.value).toBeGreaterThan(first.value)
  }, LIMIT)

  it('finds the shortest paths of its own answers with the starter\'s sampler', async () => {
    const { folder } = await loadTask('clrs')
    await made(`
sys.path[:0] = [${JSON.stringify(join(folder, 'starter'))}]
from data import floyd_warshall
for path in (${JSON.stringify(join(data.public, 'data/valid.npz'))}, ${JSON.stringify(join(data.answers, 'test.npz'))}):
    file = np.load(path)
    assert (floyd_warshall(np.round(file['weights'].astype(float) * 10000)) == file['pointers']).all()`)
  }, LIMIT)

  it.each([
    ['a pickle', "open(worker.WEIGHTS, 'wb').write(b'\\x80\\x04cos\\nsystem\\n.')", /is no \.npz file/],
    ['arrays of objects', "net['point'] = np.array([{}] * 4, dtype=object)\nsave()", /point holds object; write float32 or float64/],
    ['whole numbers', "net['point'] = np.zeros(4, int)\nsave()", /point holds int64/],
    ['a missing weight', "del net['heard']\nsave()", /holds no heard/],
    ['an odd weight', "net['other'] = np.zeros(3)\nsave()", /holds 'other', which the network does not have/],
    ['another shape', "net['point'] = np.zeros((4, 10))\nsave()", /point has the shape \(4, 10\); with this config\.json it must be \(4,\)/],
    ['NaN', "net['point'][1] = np.nan\nsave()", /point holds 1 values that are not finite/],
    ['infinity', "net['point'][1] = np.inf\nsave()", /not finite/],
    ['too many steps', "config['steps'] = 10 ** 9", /steps is 1000000000; it must be a whole number from 1 to 16/],
    ['a size that is true', "config['hidden'] = True", /hidden is true/],
    ['another option', "config['solver'] = 'exact'", /solver/],
    ['an archive that grows', "import zipfile\nwith zipfile.ZipFile(worker.WEIGHTS, 'w', zipfile.ZIP_DEFLATED) as archive: archive.writestr('start.npy', bytes(32 << 20))", /holds more than \d+ bytes of arrays/],
    ['an array that claims to be larger', "import zipfile, io\nb = io.BytesIO()\nnp.lib.format.write_array_header_1_0(b, {'descr': '<f8', 'fortran_order': False, 'shape': (1 << 40,)})\nwith zipfile.ZipFile(worker.WEIGHTS, 'w') as archive: archive.writestr('start.npy', b.getvalue())", /says it has the shape \(1099511627776,\) and holds 0 bytes/],
  ])('refuses %s before anything is computed', async (_what, then, message) => {
    const reply = await submit(await zeros('clrs', CLRS, then))
    expect(reply).toMatchObject({ graded: false, code: 'bad_submission' })
    expect(reply.message).toMatch(message)
  }, LIMIT)

  it('follows no link to the weights', async () => {
    const tree = await zeros('clrs', CLRS)
    rmSync(join(tree, 'checkpoints/weights.npz'))
    symlinkSync(join(data.answers, 'test.npz'), join(tree, 'checkpoints/weights.npz'))
    expect(await submit(tree)).toMatchObject({ graded: false, code: 'submission_missing' })
  }, LIMIT)
})

describe('The evaluator of babylm', () => {
  let data: { public: string; answers: string }
  beforeAll(async () => { data = await prepared('babylm') }, LIMIT)
  const submit = (tree: string, answers = data.answers): Promise<Reply> => graded('babylm', { tree, data: data.public, answers })

  it('gives eight bits for each byte to a network that knows nothing, and reports perplexity beside it', async () => {
    const reply = await submit(await zeros('babylm', BABYLM))
    expect(reply.value).toBeCloseTo(8, 9)
    expect(reply.paper).toEqual([expect.objectContaining({ metric: 'perplexity', value: expect.closeTo(256, 6) as number, baseline: 8 })])
  }, LIMIT)

  it('scores every byte once, whatever the context: frequencies give the same bits in blocks of 16 and of 512', async () => {
    const frequencies = "text = open(f'{T}/babylm/README.md', 'rb').read()\nshares = np.bincount(np.frombuffer(text, np.uint8), minlength=256) + 1.0\nnet['last_shift'][0] = 1\nnet['bytes'][:, 0] = np.log(shares / shares.sum())\nsave()"
    const text = 'Biron rete ta top. la vova sizete.\n'.repeat(7)
    const answers = mkdtempSync(join(directory, 'answers-'))
    writeFileSync(join(answers, 'test.txt'), text)
    const found = await Promise.all([16, 512].map(async (context) => submit(await zeros('babylm', BABYLM.replace('16', String(context)), frequencies), answers)))
    const readme = readFileSync(join((await loadTask('babylm')).folder, 'README.md'))
    const bits = [...Buffer.from(text)].reduce((total, byte) => total - Math.log2((readme.filter((one) => one === byte).length + 1) / (readme.length + 256)), 0) / text.length
    for (const { value, details } of found) {
      expect(value).toBeCloseTo(bits, 5)
      expect(details['bytes']).toBe(text.length)
    }
  }, LIMIT)

  it.each([
    ['NaN', "net['bytes'][3, 1] = np.nan\nsave()", /bytes holds 1 values that are not finite/],
    ['weights that overflow', "for value in net.values(): value[:] = 3e38\nsave()", /probabilities that are none/],
    ['heads that do not fit', "config['heads'] = 3", /a width of 8 cannot be shared by 3 heads/],
    ['a pickle', "import pickle\npickle.dump(net, open(worker.WEIGHTS, 'wb'))", /is no \.npz file/],
  ])('refuses %s', async (_what, then, message) => {
    const reply = await submit(await zeros('babylm', BABYLM, then))
    expect(reply).toMatchObject({ graded: false, code: 'bad_submission' })
    expect(reply.message).toMatch(message)
  }, LIMIT)

  it('shows nothing of the hidden text', () => {
    const visible = new Set(['train', 'dev'].flatMap((part) => readFileSync(join(data.public, `data/${part}.txt`), 'utf8').split('\n')))
    const hidden = readFileSync(join(data.answers, 'test.txt'), 'utf8').trim().split('\n')
    expect(hidden.filter((passage) => visible.has(passage))).toEqual([])
  })
})

describe('The evaluator of llama-inference', () => {
  let data: { public: string; answers: string }
  beforeAll(async () => { data = await prepared('llama-inference') }, LIMIT)
  /** The starter with lines behind `generate`, which replace it. */
  async function submission(more: string): Promise<string> {
    const { folder, manifest } = await loadTask('llama-inference')
    const tree = mkdtempSync(join(directory, 'tree-'))
    cpSync(join(folder, manifest.starter), tree, { recursive: true })
    const script = readFileSync(join(tree, 'inference.py'), 'utf8')
    writeFileSync(join(tree, 'inference.py'), script.replace('\n\ndef main():', `\n\nslowly = generate\n\n\n${more}\n\n\ndef main():`))
    return tree
  }
  const submit = async (more: string, repeats = 1, shown = data.public): Promise<Reply> => graded('llama-inference', { tree: await submission(more), data: shown, answers: data.answers, repeats })

  it('gives the starter\'s own tokens a time, and tells what chance does to it', async () => {
    const reply = await submit('', 3)
    expect(reply).toMatchObject({ graded: true, code: 'graded', details: { tokens_as_good: 0 }, paper: [] })
    expect((reply.details['ratios'] as number[]).length).toBe(3)
    expect((reply as Reply & { baseline_runs: number[] }).baseline_runs).toHaveLength(2)
  }, LIMIT)

  it.each([
    ['one wrong token', 'def generate(model, prompts, new_tokens):\n    tokens = slowly(model, prompts, new_tokens)\n    tokens[-1, -1] = (tokens[-1, -1] + 1) % 512\n    return tokens', /1 of \d+ in one batch; token 12 of prompt \d is \d+, whose score is/],
    ['fewer tokens', 'def generate(model, prompts, new_tokens):\n    return slowly(model, prompts, 1)', /tokens of shape \(1, 1\); \(1, 12\) are asked for/],
    ['half a token', 'def generate(model, prompts, new_tokens):\n    return slowly(model, prompts, new_tokens) + 0.5', /tokens are whole numbers from 0 to 511/],
    ['NaN', 'def generate(model, prompts, new_tokens):\n    return np.full((len(prompts), new_tokens), np.nan)', /gave nan as token 1 of prompt 1/],
  ])('refuses %s', async (_what, more, message) => {
    const reply = await submit(more)
    expect(reply).toMatchObject({ graded: false, code: 'wrong_output' })
    expect(reply.message).toMatch(message)
  }, LIMIT)

  it('takes another token that is as good, and judges what follows it by what it chose', async () => {
    // Tokens i and i + 256 have the same score after every text, and different meanings.
    const doubled = await made(`
import shutil
shutil.copytree(${JSON.stringify(data.public)}, 'public')
path = 'public/model/weights.npz'
os.chmod(path, 0o644)
weights = dict(np.load(path))
weights['output'][:, 256:] = weights['output'][:, :256]
np.savez(path, **weights)`)
    const last = [
      'def generate(model, prompts, new_tokens):', '    rows = []', '    for prompt in prompts:', '        tokens = list(prompt)', '        for _ in range(new_tokens):',
      '            tokens.append(511 - int(model.logits(np.array(tokens))[-1][::-1].argmax()))', '        rows.append(tokens[len(prompt):])', '    return np.array(rows)',
    ].join('\n')
    const reply = await submit(last, 1, join(doubled, 'public'))
    expect(reply, reply.message).toMatchObject({ graded: true })
    expect(reply.details['tokens_as_good']).toBeGreaterThan(50)
    expect(dirname(doubled)).toBe(directory)
  }, LIMIT)
})
