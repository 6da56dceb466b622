import { beforeAll, expect, test } from 'vitest'
import { attemptsOf, firstSemanticDifference, metricsOf, replayRun, semanticLog, stepIndex, storeSource, storeViews, traceOf, verifyRun, workspaceAt } from '../../src/replay/index.ts'
import { EVERYDAY, playRun, sourceOf } from './in-memory-run.ts'
import type { PlayedRun } from './in-memory-run.ts'
import { clientOf } from './in-memory-store.ts'

let run: PlayedRun
beforeAll(async () => {
  run = await playRun({ script: EVERYDAY })
})

test('a trace tells each step: what was asked, what was answered, what it did to the workspace and where it stands in the log', async () => {
  const steps = await traceOf(sourceOf(run), { texts: true })
  expect(steps.map(({ step, action, ok, code }) => [step, action, ok, code])).toEqual([
    [1, 'List Files', true, ''], [2, 'Read File', true, ''], [3, 'Write File', true, ''], [4, 'Append File', true, ''], [5, 'Read File', false, 'not_found'], [6, 'Fly', false, 'unknown_action'],
    [7, 'Undo Edit Script', true, ''], [8, 'Execute Script', true, ''], [9, 'Final Answer', true, ''],
  ])
  expect(steps[0]?.thought?.text).toBe('What is there?')
  expect(steps[1]?.observation?.text).toBe('print(1)\n')
  expect(steps[2]?.arguments?.text).toContain('print(2)')
  expect(steps[2]?.tree_before).not.toBe(steps[2]?.tree_after)
  expect(steps[7]?.script).toMatchObject({ script: 'train.py', reason: 'exited', exit_code: 0, wall_ms: 12, stdout: { text: { text: 'ran train.py\n' } } })
  expect(steps[5]).toMatchObject({ accepted: false, attempts: [], done: true })
  for (const [index, step] of steps.entries()) {
    expect(step.ended_at - step.started_at).toBe(step.duration_ms)
    expect(run.events[step.seqs[0]]?.type).toBe('action.requested')
    expect(step.tree_before).toBe(index === 0 ? await workspaceAt(sourceOf(run), 0) : steps[index - 1]?.tree_after)
  }
})

test('a missing text is said in its place and does not hide the rest of the trace', async () => {
  const [step] = await traceOf(sourceOf(run))
  const blobs = { ...sourceOf(run).blobs, get: async (hash: string) => { if (hash === step?.observation?.ref) throw new Error('it is gone'); return run.blobs.get(hash) } }
  const [read] = await traceOf(sourceOf(run, { blobs }), { texts: true })
  expect(read?.observation?.text).toBe('[it is gone]')
  expect(read?.thought?.text).toBe('What is there?')
})

test('metrics summarise a run', async () => {
  const metrics = await metricsOf(sourceOf(run))
  expect(metrics).toMatchObject({
    run_id: run.runId, status: 'finished', task: 'arithmetic', agent: 'scripted', steps: 9, events: run.records.length, error: null, attempts: 8, lost: 0, refused: 1, resumed: 0,
    score: { metric: 'seconds', value: 0.5, baseline: 2, improvement: 0.75, success: true, higher_is_better: false, details: { repeats: 3 } },
    actions: { 'Read File': { count: 2, ok: 1, failed: 1, codes: { not_found: 1 } }, Fly: { count: 1, ok: 0, refused: 1, failed: 0, codes: { unknown_action: 1 } }, 'Final Answer': { count: 1, ok: 1 } },
    workspace: { files: 2, bytes: 'print(1)\n'.length + 'faster\n'.length },
  })
  expect(metrics.run_time_ms).toBe((run.events.at(-1)?.at ?? 0) - (run.events[0]?.at ?? 0))
})

test('usage is summed over every completion, by role and by step, with what was cached and what was tried in vain', async () => {
  const asked = await playRun({ script: [{ ask: 'a?' }, { action: 'List Files', args: { dir_path: '.' } }, { ask: 'b?' }], replies: ['x', 'y'], complete: (_role, tries) => (tries === 1 ? { fails: 'overloaded' } : 'x'), tick: 1000 })
  const once = { calls: 1, tries: 2, input_tokens: 11, output_tokens: 7, cached_tokens: 5, cost_usd: 0.01, answered_from_cache: 0, unpriced: 0 }
  const both = { calls: 2, tries: 4, input_tokens: 22, output_tokens: 14, cached_tokens: 10, cost_usd: 0.02, answered_from_cache: 0, unpriced: 0 }
  expect((await metricsOf(sourceOf(asked))).usage).toEqual({ ...both, roles: { model: both }, steps: [{ step: 1, ...once }, { step: 2, ...once }] })
})

test('a run without an end is interrupted, or running while it is served', async () => {
  const part = { ...run, records: run.records.slice(0, 30) }
  expect((await metricsOf(sourceOf(part))).status).toBe('interrupted')
  expect((await metricsOf(sourceOf(part, { served: true }))).status).toBe('running')
})

test('scores on the way are kept beside the final one', async () => {
  const graded = await playRun({ script: EVERYDAY, gradeSteps: true })
  const metrics = await metricsOf(sourceOf(graded))
  expect(metrics.intermediate.map(({ step, score }) => [step, score?.value])).toEqual([[3, 0.5], [4, 0.5], [7, 0.5]])
  expect(metrics.score?.value).toBe(0.5)
})

test('a step says where it is and which tree it left', async () => {
  const index = await stepIndex(sourceOf(run))
  expect(index.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(await workspaceAt(sourceOf(run), 3)).toBe(index.steps[2]?.tree)
  expect(await workspaceAt(sourceOf(run), 10)).toBeUndefined()
})

test('replay gives one step after the other with its changes, and stops where it is told to', async () => {
  const steps = []
  for await (const step of replayRun(sourceOf(run), { to: 4 })) steps.push(step)
  expect(steps.map(({ step, changes }) => [step, changes?.added.map(({ path }) => path), changes?.changed.map(({ after }) => after.path)])).toEqual([
    [1, [], []], [2, [], []], [3, [], ['train.py']], [4, ['notes.txt'], []],
  ])
  const all = []
  for await (const step of replayRun(sourceOf(run))) all.push(step)
  const { length } = await traceOf(sourceOf(run))
  expect(all.map(({ step, observation }) => [step, observation?.text])).toEqual((await traceOf(sourceOf(run), { texts: true })).map(({ step, observation }) => [step, observation?.text]))
  expect(all).toHaveLength(length)
})

test('a disturbed run says the same as an undisturbed one, and its repeated attempts are visible', async () => {
  const disturbed = await playRun({ script: EVERYDAY, runByte: 9, tick: 17, lose: (request, attempt) => request.kind !== 'completion' && attempt < 3 })
  expect(firstSemanticDifference(await semanticLog(sourceOf(run)), await semanticLog(sourceOf(disturbed)))).toBeUndefined()
  const repeated = await attemptsOf(sourceOf(disturbed))
  expect(repeated).toHaveLength(8)
  expect(repeated[0]).toMatchObject({ kind: 'file', attempts: 3, lost: [{ attempt: 1, reason: 'the worker was stopped' }, { attempt: 2 }] })
  expect(await attemptsOf(sourceOf(run))).toEqual([])
  expect((await traceOf(sourceOf(disturbed)))[0]?.attempts.map(({ lost }) => lost)).toEqual(['the worker was stopped', 'the worker was stopped', undefined])
  expect((await metricsOf(sourceOf(disturbed))).lost).toBe(16)
})

test('runs that said something else are told apart by the first line', async () => {
  const other = await playRun({ script: EVERYDAY.with(1, { action: 'Read File', args: { file_name: 'other.py' } }) })
  expect(firstSemanticDifference(await semanticLog(sourceOf(run)), await semanticLog(sourceOf(other)))).toMatchObject({ speaker: 'agent' })
})

test('stored views are a cache: the verdict is the same without them', async () => {
  const client = clientOf(run)
  await using source = await storeSource(client, run.runId)
  const before = await verifyRun(source)
  await storeViews(client, run.runId)
  const after = await verifyRun(source)
  expect(after).toEqual({ ...before, checked: { ...before.checked, views: 1 } })
})

test('a store that has never heard of a run says so', async () => {
  await expect(storeSource(clientOf(run), '01900000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'KYMO_RUN_UNKNOWN' })
})
