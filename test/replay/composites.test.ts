import { beforeAll, describe, expect, it } from 'vitest'
import { ACTIONS } from '../../actors/index.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { metricsOf, traceOf, verifyRun } from '../../src/replay/index.ts'
import { branching } from './branching-agent.ts'
import { MODELS, forge, playRun, sourceOf } from './in-memory-run.ts'
import type { PlayedRun } from './in-memory-run.ts'

const SCRIPT = 'import sys\r\nrate = 0.1\r\nprint(rate)\r\n'
const edit = (script_name: string, save_name: string) => ({ action: 'Edit Script (AI)', args: { script_name, save_name, edit_instruction: 'a smaller rate' } })
const STORY = [
  { ask: 'what first?' },
  { action: 'Understand File', args: { file_name: 'train.py', things_to_look_for: 'the rate' } },
  edit('train.py', 'better.py'),
  { action: 'Edit Script Segment (AI)', args: { script_name: 'better.py', save_name: 'better.py', start_line_number: 3, end_line_number: 3, edit_instruction: 'print more' } },
  edit('missing.py', 'x.py'),
  { action: 'Undo Edit Script', args: { script_name: 'better.py' } },
  { action: 'Append Summary to Research Log', args: { content: 'a smaller rate was tried' } },
  { action: 'Reflection', args: { things_to_reflect_on: 'the rate' } },
  { action: 'Request Help', args: { request: 'is it good?' } },
  { action: 'Count Lines', args: { file: 'better.py' } },
  { action: 'Final Answer', args: { final_answer: 'done' } },
]
const ADDED = [{
  name: 'Count Lines', description: 'Counts.', arguments: { file: 'the file' }, returns: 'how many',
  does: [{ action: 'Write File', args: { file_name: 'count.py', content: '# {{file}}\n' } }, { action: 'Execute Script', args: { script_name: 'count.py' } }],
}]

let run: PlayedRun
beforeAll(async () => {
  const added = Buffer.from(canonicalJson(ADDED))
  const segment = '```python\nprint("the rate is", rate)\n```'
  const whole = '```python\nimport sys\nrate = 0.01\nprint(rate)\n```'
  let edits = 0
  run = await playRun({
    script: STORY, files: { 'train.py': SCRIPT }, replies: ['x'], person: 'yes, it is', tick: 1000,
    complete: (role, tries) => (role === 'fast' && tries === 1 ? { fails: 'overloaded' } : role === 'edit' ? (edits++ === 0 ? whole : segment) : 'the rate is 0.1'),
    started: { actions: [...ACTIONS.keys(), 'Count Lines'], llm: MODELS, interactive: true, more_actions: { ref: sha256Hex(added), bytes: added.length } },
    blobs: [added],
  })
})

describe('a run of composites', () => {
  it('is proved from its record: chain, every decision, and every file effect of a composite carried out again', async () => {
    const report = await verifyRun(sourceOf(run))
    expect(report.problems).toEqual([])
    expect(report.checked.outputs_equal).toBe(true)
    // Understand reads; the edits read and write; the missing script is not there; undo; the added action writes.
    expect(report.checked.file_actions).toBe(1 + 2 + 2 + 1 + 1 + 1)
  })

  it('its trace shows inner actions, tools and completions under their step', async () => {
    const steps = await traceOf(sourceOf(run), { texts: true })
    expect(steps.map(({ action, ok, code, primitives }) => [action, ok, code, primitives.map(({ index, name, ok: well, code: why }) => `${index} ${name} ${well ? 'ok' : why}`)])).toEqual([
      ['Understand File', true, '', ['1 Read File ok']],
      ['Edit Script (AI)', true, '', ['1 Read File ok', '2 Write File ok']],
      ['Edit Script Segment (AI)', true, '', ['1 Read File ok', '2 Write File ok']],
      ['Edit Script (AI)', false, 'not_found', ['1 Read File not_found']],
      ['Undo Edit Script', true, '', []],
      ['Append Summary to Research Log', true, '', ['1 Append to Research Log ok']],
      ['Reflection', true, '', ['1 Read Research Log ok']],
      ['Request Help', true, '', []],
      ['Count Lines', true, '', ['1 Write File ok', '2 Execute Script ok']],
      ['Final Answer', true, '', []],
    ])
    const [understood, edited] = steps
    expect(understood?.primitives[0]).toMatchObject({ arguments: { text: expect.stringContaining('"train.py"') }, observation: { text: SCRIPT.replaceAll('\r\n', '\n') }, done: true })
    expect(understood?.completions.map(({ tool, role, tries, ok }) => [tool, role, tries, ok])).toEqual([['', 'model', 1, true], ['understand', 'fast', 2, true]])
    expect(understood?.tools).toMatchObject([{ tool: 'understand', ok: true, completions: 1, done: true }])
    expect(edited?.completions).toMatchObject([{ tool: 'edit', role: 'edit', provider: 'scripted', model: 'scripted', input_tokens: 11, output_tokens: 7, cached_tokens: 5, cost_usd: 0.01, tries: 1, source: 'live', done: true }])
    expect(edited?.completions[0]?.latency_ms).toBeGreaterThan(0)
    expect(edited?.observation?.text).toContain('-rate = 0.1\n+rate = 0.01')
    expect(steps[8]?.script).toMatchObject({ script: 'count.py', exit_code: 0 })
    expect(steps[7]?.observation?.text).toBe('yes, it is')
  })

  it('its metrics give each role and each step its share', async () => {
    const { usage } = await metricsOf(sourceOf(run))
    expect(usage).toMatchObject({ calls: 5, tries: 7, input_tokens: 55, roles: { model: { calls: 1, tries: 1 }, fast: { calls: 2, tries: 4 }, edit: { calls: 2, tries: 2 } } })
    expect(usage.steps.map(({ step, calls }) => [step, calls])).toEqual([[1, 2], [2, 1], [3, 1], [7, 1]])
  })

  it('a file that a composite did not write like that is found', async () => {
    const written = run.events.filter((event) => event.type === 'effect.succeeded' && event.payload.file?.changed === true)[0]
    const other = run.events.find((event) => event.type === 'run.started')
    if (written === undefined || other?.type !== 'run.started') throw new Error('nothing was written')
    const forged = forge(run.records, written.seq, 'effect.succeeded', (payload) => ({ ...payload, ...(payload.file === undefined ? {} : { file: { ...payload.file, tree: other.payload.tree } }) }))
    const report = await verifyRun(sourceOf({ ...run, records: forged }))
    expect(report.problems.find(({ check }) => check === 'files')).toMatchObject({ seq: written.seq, field: 'file.tree', message: expect.stringContaining('Write File (step 2), carried out again') })
  })

  it('an inner action that was hidden or invented is found', async () => {
    const begun = run.events.find(({ type }) => type === 'primitive.finished')
    if (begun === undefined) throw new Error('no inner action')
    const forged = forge(run.records, begun.seq, 'primitive.finished', (payload) => ({ ...payload, ok: false, code: 'not_found' }))
    expect((await verifyRun(sourceOf({ ...run, records: forged }))).problems).toMatchObject([{ check: 'fold', seq: begun.seq }])
  })
})

describe('a run that goes back', () => {
  it('is proved too, and shows each step from where it began', async () => {
    const branched = await playRun({ agent: 'branching', agents: { branching }, files: { 'a.txt': 'start\n' }, started: { actions: ['Write File', 'Final Answer'], agent_config: '{}' } })
    const report = await verifyRun(sourceOf(branched), { agents: { branching } })
    expect(report.problems).toEqual([])
    const steps = await traceOf(sourceOf(branched))
    expect(steps.map(({ action }) => action)).toEqual(['Write File', 'Write File', 'Write File', 'Final Answer'])
    expect(steps[2]?.tree_before).toBe(steps[0]?.tree_after)
    expect(branched.events.at(-1)).toMatchObject({ payload: { status: 'finished', tree: steps[1]?.tree_after } })
    const moved = branched.events.find((event) => event.type === 'workspace.changed' && event.payload.by === 'branch')
    if (moved === undefined) throw new Error('nothing went back')
    const forged = forge(branched.records, moved.seq, 'workspace.changed', (payload) => ({ ...payload, after: 'e'.repeat(64) }))
    expect((await verifyRun(sourceOf({ ...branched, records: forged }), { agents: { branching } })).problems.map(({ check, field }) => `${check} ${field}`)).toContain('workspace after')
  })
})
