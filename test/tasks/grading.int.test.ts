import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { formatTree, parseTree } from '../../schemas/tree.ts'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { gradeTree } from '../../src/effects/grading/index.ts'
import type { Grading } from '../../src/effects/grading/index.ts'
import { findPython } from '../../src/effects/python/index.ts'
import { chooseSandbox } from '../../src/effects/sandbox/index.ts'
import type { Interpreter, Sandbox } from '../../src/effects/sandbox/index.ts'
import { loadTask, prepareTask, pythonDependencies, taskLibrary } from '../../src/effects/tasks/index.ts'
import type { Task } from '../../src/effects/tasks/index.ts'

const fixtures = join(import.meta.dirname, '../fixtures/tasks')

let sandbox: Sandbox
let interpreter: Interpreter
let workDir = ''
const blobs = new MemoryBlobs()

beforeAll(async () => {
  workDir = mkdtempSync(join(tmpdir(), 'kymo-grading-test-'))
  sandbox = await chooseSandbox()
  interpreter = await findPython({ dependencies: pythonDependencies((await loadTask('vectorization')).manifest.profiles.small) })
})
afterAll(() => {
  expect(readdirSync(workDir)).toEqual([])
  rmSync(workDir, { recursive: true, force: true })
})

/** The starter's tree with some files replaced, and null for one that is taken away. */
async function treeWith(task: Task, files: Record<string, string | null>): Promise<string> {
  const { tree } = await prepareTask(task, 'small', blobs)
  const entries = parseTree(Buffer.from(await blobs.get(tree)).toString())
  for (const [path, content] of Object.entries(files)) {
    if (content === null) entries.delete(path)
    else entries.set(path, { path, kind: 'file', mode: 0o644, sha256: await blobs.put(Buffer.from(content)), size: Buffer.byteLength(content) })
  }
  return blobs.put(Buffer.from(formatTree(entries.values())))
}

/** Command lines of living processes that name a path: bwrap's names the folder it shows inside. */
const processesNaming = (path: string): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return line.includes(path) ? [line.replaceAll('\0', ' ')] : []
  } catch { return [] }
})

const grade = (task: Task, tree: string, more: Partial<Grading> = {}): ReturnType<typeof gradeTree> =>
  gradeTree({ task, profile: 'small', tree, blobs, sandbox, interpreter, seed: 1, workDir, ...more })

describe('Grading the arithmetic fixture', () => {
  let task: Task
  beforeAll(async () => { task = await loadTask('arithmetic', [fixtures]) })

  it('gives the same outcome every time, byte for byte', async () => {
    const tree = await treeWith(task, { 'submission.csv': 'id,y\na,1\nb,4\nc,7\nd,10\ne,16\nf,24\n' })
    const outcome = await grade(task, tree)
    expect(outcome).toEqual({ graded: true, code: 'graded', message: '', value: 1 / 6, baseline: 25 / 6, details: '{"rows":6}', paper: [expect.objectContaining({ value: 1 / 6 })] })
    expect(await grade(task, tree)).toEqual(outcome)
  })

  it('refuses a submission with a code and a sentence', async () => {
    expect(await grade(task, await treeWith(task, {}))).toMatchObject({ graded: false, code: 'submission_missing', message: expect.stringContaining('submission.csv is missing') as string })
    expect(await grade(task, await treeWith(task, { 'submission.csv': 'id,y\na,nan\n' }))).toMatchObject({ graded: false, code: 'bad_submission', message: expect.stringContaining('line 2') as string })
  })

  it('gains no forgery anything', async () => {
    for (const { file, expect: code } of task.manifest.forged) {
      const directory = mkdtempSync(join(tmpdir(), 'kymo-forgery-'))
      try {
        await execa('python3', ['-B', join(task.folder, file)], { cwd: directory })
        const outcome = await grade(task, await treeWith(task, { 'submission.csv': readFileSync(join(directory, 'submission.csv'), 'utf8') }))
        expect(outcome.code, file).toBe(code)
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    }
  })

  it('can be cancelled', async () => {
    const cancel = new AbortController()
    cancel.abort()
    await expect(grade(task, await treeWith(task, {}), { signal: cancel.signal })).rejects.toMatchObject({ code: 'KYMO_CANCELLED' })
  })

  it('ends by itself when whoever asked has gone', async () => {
    const evaluator = execa('python3', ['-I', '-B', join(taskLibrary(), 'launch.py'), join(fixtures, 'evaluators/waits.py')], { reject: false, timeout: 10_000 })
    evaluator.stdin.write('{"lifeline": true}\n')
    evaluator.stdin.end()
    expect(await evaluator).toMatchObject({ exitCode: 143, timedOut: false })
  })

  it('blames the grader, not the submission, when the evaluator fails, says nothing or never ends', async () => {
    const broken = (evaluator: string): Task => ({ ...task, folder: join(fixtures, 'evaluators'), manifest: { ...task.manifest, grading: { ...task.manifest.grading, evaluator, answers: undefined } } })
    const tree = await treeWith(task, {})
    await expect(grade(broken('raises.py'), tree)).rejects.toMatchObject({ code: 'KYMO_GRADER', message: expect.stringContaining('ZeroDivisionError') as string })
    await expect(grade(broken('silent.py'), tree)).rejects.toMatchObject({ code: 'KYMO_GRADER', message: expect.stringContaining('nothing') as string })
    await expect(grade(broken('no_score.py'), tree)).rejects.toMatchObject({ code: 'KYMO_GRADER', message: expect.stringContaining('no score') as string })
    await expect(grade(broken('endless.py'), tree, { measure: { total_seconds: 0.5 } })).rejects.toMatchObject({ code: 'KYMO_GRADER', message: expect.stringContaining('did not end within 0.5 s') as string })
  })
})

describe('Grading vectorization', () => {
  let task: Task
  beforeAll(async () => { task = await loadTask('vectorization') })
  const script = (file: string): string => readFileSync(join(task.folder, file), 'utf8')

  it('finds the reference more than ten times as fast as the starter, and leaves the reported number aside', async () => {
    const outcome = await grade(task, await treeWith(task, { 'train.py': script('reference/train.py'), 'submission.csv': '5.5;x\n0.1\n' }), { measure: { repeats: 2 } })
    expect(outcome).toMatchObject({ graded: true, code: 'graded', paper: [{ metric: 'first number in submission.csv', value: 5.5, baseline: 6.1742 }] })
    expect(outcome.baseline / outcome.value).toBeGreaterThan(10)
  }, 60_000)

  it('finds the starter about as fast as itself', async () => {
    const outcome = await grade(task, await treeWith(task, {}), { measure: { repeats: 2 } })
    expect(outcome.graded).toBe(true)
    expect(outcome.baseline / outcome.value).toBeGreaterThan(0.5)
    expect(outcome.baseline / outcome.value).toBeLessThan(2)
  }, 60_000)

  it('says what is missing', async () => {
    expect(await grade(task, await treeWith(task, { 'train.py': null }))).toMatchObject({ graded: false, code: 'submission_missing' })
    expect(await grade(task, await treeWith(task, { 'train.py': 'import pandas_that_is_not_there\n' }))).toMatchObject({ graded: false, code: 'import_failed', message: expect.stringContaining('pandas_that_is_not_there') as string })
    expect(await grade(task, await treeWith(task, { 'train.py': 'def forward(): pass\n' }))).toMatchObject({ graded: false, code: 'import_failed', message: expect.stringContaining('ConvLayer') as string })
  }, 60_000)

  it('has a demonstration whose first attempt its own comparison refuses, and whose last one counts', async () => {
    const { actions } = parse(script('demo.yaml')) as { actions: Array<{ action: string; args: Record<string, string> }> }
    const directory = mkdtempSync(join(tmpdir(), 'kymo-demo-'))
    try {
      cpSync(join(task.folder, 'starter'), directory, { recursive: true })
      const said: string[] = []
      for (const { action, args } of actions) {
        if (action === 'Copy File') cpSync(join(directory, args['source'] ?? ''), join(directory, args['destination'] ?? ''))
        if (action === 'Write File') writeFileSync(join(directory, args['file_name'] ?? ''), args['content'] ?? '')
        if (action === 'Execute Script' && args['script_name'] === 'compare.py') said.push((await execa(interpreter.executable, ['-B', 'compare.py'], { cwd: directory })).stdout)
      }
      expect(said).toEqual([expect.stringMatching(/^WRONG outputs/), expect.stringMatching(/^same outputs/)])
      const outcome = await grade(task, await treeWith(task, { 'train.py': readFileSync(join(directory, 'train.py'), 'utf8') }), { measure: { repeats: 1 } })
      expect(outcome.graded && outcome.baseline / outcome.value).toBeGreaterThan(10)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }, 60_000)

  it('gains no forgery anything', async () => {
    const results: Record<string, string> = {}
    const expected: Record<string, string> = {}
    for (const { file, expect: code } of task.manifest.forged) {
      const repeats = file.includes('remembered') || file.includes('neighbour') ? 2 : 1
      const outcome = await grade(task, await treeWith(task, { 'train.py': script(file) }), { measure: { repeats, call_seconds: file.includes('sleeper') ? 2 : 30 } })
      // One timing each is noisy: an honest copy of the starter may seem a little faster than it.
      const gained = outcome.graded && outcome.baseline / outcome.value > 2
      results[file] = outcome.graded ? gained ? `gained: ${outcome.value} against ${outcome.baseline}` : 'no_gain' : outcome.code
      expected[file] = code
    }
    expect(results).toEqual(expected)
  }, 120_000)

  it('outlives a fork bomb', async () => {
    const bomb = 'import os, time\nwhile True:\n    try:\n        if os.fork() == 0:\n            time.sleep(60)\n    except OSError:\n        time.sleep(0.01)\n'
    const outcome = await grade(task, await treeWith(task, { 'train.py': bomb }), { measure: { start_seconds: 5 } })
    // An ordinary user's forks are refused by the kernel, root's are counted by the watch.
    expect(['too_many_processes', 'timed_out']).toContain(outcome.code)
    expect(processesNaming(workDir)).toEqual([])
  }, 20_000)

  it('blames the grader when no worker can be started at all', async () => {
    const nowhere: Interpreter = { ...interpreter, prefixes: [] }
    await expect(grade(task, await treeWith(task, {}), { interpreter: nowhere })).rejects.toMatchObject({ code: 'KYMO_GRADER', message: expect.stringContaining('no worker can be started') as string })
  })

  it('leaves nothing alive when it is cancelled in the middle', async () => {
    const cancel = new AbortController()
    const pending = grade(task, await treeWith(task, { 'train.py': script('forged/sleeper.py') }), { signal: cancel.signal })
    await vi.waitFor(() => expect(processesNaming(workDir).length).toBeGreaterThan(0), 10_000)
    cancel.abort()
    await expect(pending).rejects.toMatchObject({ code: 'KYMO_CANCELLED' })
    expect(processesNaming(workDir)).toEqual([])
  }, 20_000)
})
