import { beforeAll, expect, test } from 'vitest'
import { sha256Hex } from '../../schemas/hash.ts'
import type { Envelope } from '../../schemas/record.ts'
import { recordHash } from '../../schemas/record.ts'
import { metricsProjection, metricsView, project, verifyRun } from '../../src/replay/index.ts'
import type { RunSource, VerifyReport } from '../../src/replay/index.ts'
import { EVERYDAY, forge, playRun, sourceOf } from './in-memory-run.ts'
import type { PlayedRun } from './in-memory-run.ts'
import { dice } from './dice-agent.ts'

let run: PlayedRun
beforeAll(async () => {
  run = await playRun({ script: EVERYDAY })
})

const seqOf = (type: string, nth = 0): number => run.events.filter((event) => event.type === type)[nth]?.seq ?? -1
const verify = (records: readonly Uint8Array[], overrides: Partial<RunSource> = {}): Promise<VerifyReport> => {
  const { head } = sourceOf(run)
  return verifyRun(sourceOf({ ...run, records: [...records] }, { ...(head === undefined ? {} : { head }), ...overrides }))
}
const places = ({ problems }: VerifyReport) => problems.map(({ check, seq, actor, field }) => `${check} ${seq} ${actor} ${field}`)

test('a run that was recorded as it happened verifies in every respect', async () => {
  const report = await verify(run.records)
  expect(report).toMatchObject({ ok: true, problems: [], first_divergence: null, events: run.records.length, steps: 9, other_code: [] })
  expect(report.head_hash).toBe(recordHash(run.records.at(-1) ?? new Uint8Array()))
  expect(report.checked).toMatchObject({ reactions: run.events.filter(({ type }) => type === 'actor.stepped').length, file_actions: 6, outputs_equal: true, effects: 8, timers: 1 })
  expect(report.unchecked).toEqual(['scripts, graders were not executed again: their recorded outcomes were taken as they are'])
})

test('a machine that plays dice is found at the seq, actor and field of its answer', async () => {
  const agents = { dice: { name: 'dice', description: 'not deterministic', logic: dice } }
  const gambled = await playRun({ agent: 'dice', agents })
  const report = await verifyRun(sourceOf(gambled), { agents })
  const asked = gambled.events.find(({ type }) => type === 'action.requested')
  expect(report.ok).toBe(false)
  expect(report.first_divergence).toMatchObject({ seq: asked?.seq, actor: 'agent', field: 'arguments.bytes' })
  expect(report.unchecked.join('\n')).toContain(`up to seq ${asked?.seq ?? ''} only`)
})

test('a flipped byte is found in whichever record and place it is', async () => {
  const unfound: string[] = []
  for (let seq = 0; seq < run.records.length; seq++) {
    const bytes = run.records[seq] ?? new Uint8Array()
    for (const at of [0, 7, Math.floor(bytes.length / 3), Math.floor(bytes.length / 2), bytes.length - 1]) {
      const flipped = Uint8Array.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 0x04
      const report = await verify(run.records.with(seq, flipped))
      const named = report.first_divergence
      if (report.ok || named?.seq !== seq || named.actor !== run.events[seq]?.from) unfound.push(`byte ${at} of ${seq} (${run.events[seq]?.type}, ${run.events[seq]?.from}): ${JSON.stringify(named)}`)
    }
  }
  expect(unfound).toEqual([])
}, 120_000)

test('a dropped record is named with its seq and who wrote it, wherever it was', async () => {
  const wrong: string[] = []
  for (let seq = 0; seq < run.records.length - 1; seq++) {
    const report = await verify(run.records.toSpliced(seq, 1))
    const named = report.first_divergence
    if (report.ok || named?.seq !== seq) wrong.push(`${seq}: ${JSON.stringify(named)}`)
    const from = run.events[seq]?.from
    if ((from === 'environment' || from === 'agent' || from === 'runner') && named?.actor !== from) wrong.push(`${seq} ${run.events[seq]?.type} is from ${from}, named as ${named?.actor}`)
  }
  expect(wrong).toEqual([])
}, 60_000)

test('two records that changed places are both named', async () => {
  for (const [a, b] of [[10, 11], [10, 40], [1, 90]] as const) {
    const swapped = run.records.with(a, run.records[b] ?? new Uint8Array()).with(b, run.records[a] ?? new Uint8Array())
    const report = await verify(swapped)
    expect(report.problems.map(({ seq, actor, field }) => ({ seq, actor, field }))).toEqual([
      { seq: a, actor: run.events[b]?.from, field: 'seq' }, { seq: b, actor: run.events[a]?.from, field: 'seq' },
    ])
  }
})

test('a tail that was cut off is named by the first record that is gone', async () => {
  for (const length of [5, 50, run.records.length - 1]) {
    const report = await verify(run.records.slice(0, length))
    expect(report.first_divergence).toMatchObject({ seq: length, field: 'head', expected: String(run.records.length - 1), actual: String(length - 1) })
    expect(report.first_divergence?.actor).toBe(run.events[length]?.from)
  }
})

test('a tail that was cut off together with its head is found through the witness', async () => {
  const records = run.records.slice(0, 50)
  const report = await verify(records, { head: { seq: 49, hash: recordHash(records[49] ?? new Uint8Array()) }, witness: { seq: 92, hash: recordHash(run.records[92] ?? new Uint8Array()) } })
  expect(report.first_divergence).toMatchObject({ seq: 50, field: 'witness', expected: '92', actual: '49' })
})

test('a blob that is gone or damaged is named with the record that names it, also through trees and lists', async () => {
  const observed = run.events.find((event) => event.type === 'effect.succeeded' && event.payload.kind === 'file')
  const hash = observed?.type === 'effect.succeeded' ? (observed.payload.file?.observation?.ref ?? '') : ''
  const file = sha256Hex('print(2)\n')
  const kept = new Map(run.blobs.contents)
  run.blobs.contents.delete(hash)
  run.blobs.contents.set(file, Buffer.from('print(3)\n'))
  const report = await verify(run.records)
  run.blobs.contents.clear()
  for (const [name, bytes] of kept) run.blobs.contents.set(name, bytes)
  expect(places(report).filter((place) => place.startsWith('blobs'))).toEqual([`blobs ${observed?.seq} runner blobs.text`, `blobs ${seqOf('effect.succeeded', 2)} runner blobs.bytes`])
  expect(report.problems.map(({ actual }) => actual)).toEqual(expect.arrayContaining(['missing', 'damaged']))
  expect(report.problems[1]?.message).toContain('through tree')
})

test('every blob that a run needs is noticed when it is gone', async () => {
  const unnoticed: string[] = []
  for (const [hash, bytes] of [...run.blobs.contents]) {
    run.blobs.contents.delete(hash)
    const report = await verify(run.records)
    if (report.ok) unnoticed.push(`${hash} ${Buffer.from(bytes).toString().slice(0, 60)}`)
    run.blobs.contents.set(hash, bytes)
  }
  expect(unnoticed).toEqual([])
})

test('a score that was edited in the log, with every link after it made to fit, is found by the fold and by the head', async () => {
  const seq = seqOf('score.recorded')
  const forged = forge(run.records, seq, 'score.recorded', (payload) => ({ ...payload, ...(payload.score === undefined ? {} : { score: { ...payload.score, value: 0.01, improvement: 0.99 } }) }))
  const report = await verify(forged)
  expect(places(report)).toEqual([`fold ${seq} evaluator score.improvement`, `chain ${run.records.length - 1} environment head_hash`])
  expect(report.first_divergence).toEqual({ seq, actor: 'evaluator', field: 'score.improvement', expected: '0.99', actual: '0.75' })
  const alone = await verifyRun(sourceOf({ ...run, records: forged }))
  expect(places(alone)).toEqual([`fold ${seq} evaluator score.improvement`])
  const quoted = await verifyRun(sourceOf({ ...run, records: forged }), { headHash: recordHash(run.records.at(-1) ?? new Uint8Array()) })
  expect(places(quoted)).toContain(`chain ${run.records.length - 1} unknown head_hash`)
  const witnessed = await verifyRun(sourceOf({ ...run, records: forged }, { witness: { seq: 92, hash: recordHash(run.records[92] ?? new Uint8Array()) } }))
  expect(places(witnessed)).toContain('chain 92 environment witness')
})

test('a forged file observation is found by carrying the action out again', async () => {
  const seq = seqOf('effect.succeeded', 1)
  const lie = Buffer.from('print(42)\n')
  const ref = await run.blobs.put(lie)
  const forged = forge(run.records, seq, 'effect.succeeded', (payload) => ({ ...payload, ...(payload.file === undefined ? {} : { file: { ...payload.file, observation: { ref, bytes: lie.length } } }) }))
  const report = await verifyRun(sourceOf({ ...run, records: forged }))
  run.blobs.contents.delete(ref)
  expect(report.first_divergence).toMatchObject({ seq, actor: 'runner', field: 'file.observation', expected: ref, actual: sha256Hex('print(1)\n') })
})

test('forged trees, edits, refusals and codes of file actions are found as well', async () => {
  const seq = seqOf('effect.succeeded', 2)
  const tree = run.events[0]?.type === 'run.started' ? run.events[0].payload.tree : ''
  for (const change of [{ tree }, { ok: false }, { code: 'not_found' }, { changed: false }, { edits: { ref: tree, bytes: 1 } }]) {
    const forged = forge(run.records, seq, 'effect.succeeded', (payload) => ({ ...payload, ...(payload.file === undefined ? {} : { file: { ...payload.file, ...change } }) }))
    const report = await verifyRun(sourceOf({ ...run, records: forged }))
    expect(places(report)).toContain(`files ${seq} runner file.${Object.keys(change)[0] ?? ''}`)
  }
})

test('stored metrics that were edited are named by field, with what the log gives', async () => {
  const metrics = await project(metricsProjection, run.events)
  const view = async (edit: (data: typeof metrics) => void): Promise<VerifyReport> => {
    const stored = metricsView(structuredClone(metrics))
    edit(stored.data)
    return verify(run.records, { view: async () => Buffer.from(JSON.stringify(stored)) })
  }
  expect(await view(() => undefined)).toMatchObject({ ok: true, checked: { views: 1 } })
  const edited = await view((data) => { if (data.score !== null) data.score.value = 0.001 })
  expect(edited.first_divergence).toEqual({ seq: seqOf('score.recorded'), actor: 'evaluator', field: 'metrics.score.value', expected: '0.001', actual: '0.5' })
  expect((await view((data) => { data.steps = 3 })).first_divergence).toMatchObject({ field: 'metrics.steps', expected: '3', actual: '9' })
  expect((await view((data) => { data.status = 'failed' })).first_divergence).toMatchObject({ field: 'metrics.status' })
})

test('stored metrics of an earlier head are a cache that was not renewed, and not a problem', async () => {
  const metrics = await project(metricsProjection, run.events.slice(0, 50))
  const report = await verify(run.records, { view: async () => Buffer.from(JSON.stringify(metricsView(metrics))) })
  expect(report.ok).toBe(true)
  expect(report.unchecked.join()).toContain('are those of seq 49')
})

test('attempts, fences and outcomes that do not belong together are named', async () => {
  const started = seqOf('effect.started', 1)
  const settled = seqOf('effect.succeeded', 1)
  const of = async (seq: number, also: (envelope: Envelope) => Partial<Envelope>) => {
    const type = run.events[seq]?.type ?? 'run.started'
    return places(await verifyRun(sourceOf({ ...run, records: forge(run.records, seq, type, (payload) => payload, also) })))
  }
  expect(await of(started, () => ({ attempt: 2 }))).toContain(`effects ${started} journal attempt`)
  expect(await of(started, ({ fence }) => ({ fence: fence - 1 }))).toContain(`effects ${started} journal fence`)
  expect(await of(settled, () => ({ attempt: 3 }))).toContain(`effects ${settled} runner attempt`)
  expect(await of(settled, () => ({ fence: 3 }))).toContain(`effects ${settled} runner fence`)
  expect(await of(settled, () => ({ from: 'agent' }))).toContain(`order ${settled} agent from`)
  expect(await of(settled, () => ({ event_id: new Uint8Array(32) }))).toContain(`effects ${settled} runner event_id`)
  expect(await of(settled, ({ recorded_at_ms }) => ({ recorded_at_ms: recorded_at_ms - 1e6 }))).toContain(`chain ${settled} runner recorded_at_ms`)
  expect(await of(settled, () => ({ writer_epoch: 0 }))).toContain(`chain ${settled} runner writer_epoch`)
  expect(await of(settled, () => ({ prev_to: 0 }))).toContain(`chain ${settled} runner prev_to`)
})

test('attempts that were lost and repeated verify', async () => {
  const disturbed = await playRun({ script: EVERYDAY, lose: (request, attempt) => request.kind !== 'completion' && attempt < 3 })
  const report = await verifyRun(sourceOf(disturbed))
  expect(report.problems).toEqual([])
})

test('a run that is not finished verifies as far as it goes and says so', async () => {
  const records = run.records.slice(0, 20)
  const report = await verifyRun(sourceOf({ ...run, records }))
  expect(report).toMatchObject({ ok: true, events: 20 })
  expect(report.unchecked.join()).toContain('not finished')
})

test('an agent that is not known here leaves everything else checked', async () => {
  const agents = { dice: { name: 'dice', description: 'not deterministic', logic: dice } }
  const gambled = await playRun({ agent: 'dice', agents })
  const report = await verifyRun(sourceOf(gambled))
  expect(report.problems).toEqual([])
  expect(report.unchecked.join()).toContain('the agent "dice" is not known here')
})

test('a run that other code recorded is compared by its outputs, and the actors concerned are named', async () => {
  let records = run.records
  for (const event of run.events) {
    if (event.type === 'actor.stepped' && event.payload.actor === 'agent') records = forge(records, event.seq, 'actor.stepped', (payload) => ({ ...payload, machine_version: '01de', state: '0'.repeat(64), all: '0'.repeat(64) }))
  }
  const report = await verifyRun(sourceOf({ ...run, records }))
  expect(report).toMatchObject({ ok: true, other_code: ['agent'] })
  expect(report.unchecked.join()).toContain('agent ran other code')
})

test('a run of several completions, gradings on the way and a layer verifies', async () => {
  const mixed = await playRun({
    script: [{ ask: 'What now?' }, { action: 'Read File', args: { file_name: 'data/a.csv' } }, { ask: 'And now?' }, { action: 'Write File', args: { file_name: 'b.py', content: 'x' } }], replies: ['a', 'b'],
    layer: { mount: 'data', files: { 'a.csv': '1,2\n', 'unread.csv': '3,4\n' } }, gradeSteps: true,
  })
  mixed.blobs.contents.delete(sha256Hex('3,4\n'))
  expect((await verifyRun(sourceOf(mixed))).problems).toEqual([])
  mixed.blobs.contents.delete(sha256Hex('1,2\n'))
  expect((await verifyRun(sourceOf(mixed))).problems).toMatchObject([{ check: 'blobs', actual: 'missing', actor: 'runner' }])
})
