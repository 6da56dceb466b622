import { describe, expect, it } from 'vitest'
import { text } from '../../actors/protocol.ts'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { only, stage, types } from '../host/stage.ts'
import type { Sent, Stage } from '../host/stage.ts'

const TREE = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)

const STARTED: EventPayloads['run.started'] = {
  task: 'arithmetic', profile: 'small', agent: 'scripted', agent_config: '{}', tree: TREE, layers: [{ mount: 'data', tree: OTHER }], read_only: ['locked/*'], seed: 7, entry: 'train.py', script_limits: '{"limits":{}}', llm: '{}', actions: [], python_key: '{}',
  limits: { max_steps: 5, max_time_ms: 60_000, max_tokens: 0, max_cost_usd: 0 }, problem: text('Do it well.'),
  grading: { metric: 'accuracy', higher_is_better: true, success_improvement: 0.1, at_every_step: false, evaluator: 'evaluate.py' },
}

/** A run that has begun, with what a test wants different. */
async function given(changes: Partial<EventPayloads['run.started']> = {}): Promise<Stage> {
  const environment = stage('environment')
  await environment.receive('run.started', { ...STARTED, ...changes })
  return environment
}
let call = 0
const act = (environment: Stage, name: string, args: string | object, more: object = {}): Promise<Sent[]> =>
  environment.receive('action.requested', { call: ++call, name, arguments: text(typeof args === 'string' ? args : JSON.stringify(args)), base: '', ...more }, { from: 'agent' })
const fileDone = (environment: Stage, outcome: Partial<EventPayloads['effect.succeeded']['file'] & object> = {}) =>
  environment.receive('effect.succeeded', { effect: '', kind: 'file', call: 1, file: { ok: true, code: '', observation: text('done'), tree: TREE, changed: false, ...outcome } }, { from: 'runner' })
const scriptDone = (environment: Stage, outcome: Partial<EventPayloads['execution.finished']> = {}) =>
  environment.receive('execution.finished', { call: 1, reason: 'exited', exit_code: 0, tree: TREE, observation: text('ran'), ok: true, ...outcome }, { from: 'executor/2' })
const scored = (environment: Stage, final = true) => environment.receive('score.recorded', { call: 1, step: 1, final }, { from: 'evaluator' })
const timeUp = (environment: Stage) => {
  const [name = '', armed_id = ''] = Object.entries(environment.state.timers)[0] ?? []
  return environment.receive('timer.fired', { name, armed_id }, { from: 'journal' })
}

describe('a run begins', () => {
  it('the agent is told the problem, the actions and the limits; nothing of the grading', async () => {
    const environment = stage('environment')
    const sent = await environment.receive('run.started', STARTED)
    expect(types(sent).sort()).toEqual(['agent.briefed', 'timer.armed'])
    const briefing = only(sent, 'agent.briefed')
    expect(briefing.problem?.text).toBe('Do it well.')
    expect(briefing.actions).toEqual(['List Files', 'Read File', 'Write File', 'Append File', 'Copy File', 'Inspect Script Lines', 'Undo Edit Script', 'Execute Script', 'Final Answer'])
    expect(JSON.stringify(briefing)).not.toMatch(/accuracy|evaluate/)
    expect(only(sent, 'timer.armed')).toMatchObject({ delay_ms: 60_000, limit: true })
  })

  it('a limit of 0 is none: neither steps nor time end the run', async () => {
    const environment = stage('environment')
    const sent = await environment.receive('run.started', { ...STARTED, limits: { max_steps: 0, max_time_ms: 0, max_tokens: 0, max_cost_usd: 0 } })
    expect(only(sent, 'timer.armed').delay_ms).toBeGreaterThan(50 * 365 * 86_400_000)
    for (let step = 0; step < 80; step++) expect(types(await act(environment, 'No Such Action', {}))).toEqual(['step.begun', 'observation.delivered'])
  })
})

describe('file actions', () => {
  const files: Array<[string, object]> = [
    ['List Files', { dir_path: '.' }], ['Read File', { file_name: 'train.py' }], ['Write File', { file_name: 'a.txt', content: 'x' }], ['Append File', { file_name: 'a.txt', content: 'x' }],
    ['Copy File', { source: 'a', destination: 'b' }], ['Inspect Script Lines', { script_name: 'train.py', start_line_number: 1, end_line_number: 2 }], ['Undo Edit Script', { script_name: 'train.py' }],
  ]
  it.each(files)('%s becomes a step and a file effect on the current tree', async (name, args) => {
    const environment = await given()
    const sent = await act(environment, name, args, { thought: { ref: OTHER, bytes: 3 } })
    expect(types(sent)).toEqual(['step.begun', 'effect.requested'])
    expect(only(sent, 'step.begun')).toMatchObject({ step: 1, name, accepted: true, reason: '', thought: { ref: OTHER } })
    const { kind, call: number, file } = only(sent, 'effect.requested')
    expect([kind, number]).toEqual(['file', 1])
    expect(file).toMatchObject({ action: name, tree: TREE, layers: STARTED.layers, read_only: ['locked/*'], step: 1 })
    expect(JSON.parse(Buffer.from(await environment.blobs.get(file?.arguments?.ref ?? '')).toString())).toEqual(args)
  })

  it('its outcome becomes the observation, the new tree and an entry of the transcript', async () => {
    const environment = await given()
    await act(environment, 'Write File', { file_name: 'a.txt', content: 'x' })
    const sent = await fileDone(environment, { tree: OTHER, changed: true, observation: text('written'), edits: { ref: 'e'.repeat(64), bytes: 9 } })
    expect(types(sent)).toEqual(['workspace.changed', 'observation.delivered'])
    expect(only(sent, 'workspace.changed')).toEqual({ step: 1, before: TREE, after: OTHER, by: 'Write File' })
    expect(only(sent, 'observation.delivered')).toMatchObject({ call, step: 1, tree: OTHER, ok: true, final: false, code: '', observation: { text: 'written' } })
    const { transcript } = environment.context as { transcript: { ref: string } }
    const node = JSON.parse(Buffer.from(await environment.blobs.get(transcript.ref)).toString()) as { prev: null; items: object[] }
    expect(node).toMatchObject({ prev: null, items: [{ step: 1, name: 'Write File', ok: true, tree: OTHER }] })
    const next = await act(environment, 'Read File', { file_name: 'a.txt' })
    expect(only(next, 'effect.requested').file).toMatchObject({ tree: OTHER, edits: { ref: 'e'.repeat(64), bytes: 9 }, step: 2 })
  })

  it('an effect that failed leaves the workspace as it was, and the agent is told why', async () => {
    const environment = await given()
    await act(environment, 'Read File', { file_name: 'a.txt' })
    const sent = await environment.receive('effect.failed', { effect: '', kind: 'file', call: 1, error: { source: 'system', code: 'lost', message: 'the disk is gone' }, retryable: false }, { from: 'runner' })
    expect(only(sent, 'observation.delivered')).toMatchObject({ ok: false, code: 'lost', tree: TREE, observation: { text: 'The action could not be carried out: the disk is gone. The workspace is unchanged.' } })
    expect(types(sent)).toEqual(['observation.delivered'])
  })
})

describe('refusals cost a step, change nothing, and say what to do', () => {
  const refused: Array<[string, string, string | object, string, RegExp]> = [
    ['an unknown action', 'Delete Everything', {}, 'unknown_action', /There is no action "Delete Everything"\. The actions are: List Files/],
    ['an action of another spelling', 'read file', { file_name: 'a' }, 'unknown_action', /There is no action/],
    ['a name from an object\'s prototype', '__proto__', {}, 'unknown_action', /There is no action/],
    ['arguments that are no JSON', 'Read File', 'file_name: train.py', 'bad_arguments', /not valid JSON.*look like this: \{"file_name":/],
    ['no arguments at all', 'Read File', '', 'bad_arguments', /not valid JSON/],
    ['a list in place of arguments', 'Read File', '[]', 'bad_arguments', /do not fit \(arguments:/],
    ['null', 'Read File', 'null', 'bad_arguments', /do not fit/],
    ['wrong keys', 'Read File', { file: 'train.py' }, 'bad_arguments', /do not fit.*file_name/],
    ['one key too many', 'Read File', { file_name: 'train.py', mode: 'rb' }, 'bad_arguments', /do not fit.*mode/],
    ['a number where a text belongs', 'Write File', { file_name: 'a', content: 3 }, 'bad_arguments', /content: /],
    ['a script outside the workspace', 'Execute Script', { script_name: '../other/run.py' }, 'outside', /\.\./],
    ['an absolute script', 'Execute Script', { script_name: '/etc/passwd' }, 'outside', /.+/],
    ['an empty script name', 'Execute Script', { script_name: '' }, 'bad_arguments', /script_name/],
  ]
  it.each(refused)('%s', async (_what, name, args, code, sentence) => {
    const environment = await given()
    const sent = await act(environment, name, args)
    expect(types(sent)).toEqual(['step.begun', 'observation.delivered'])
    expect(only(sent, 'step.begun')).toMatchObject({ step: 1, accepted: false, reason: code })
    const { observation, ok, code: told, tree } = only(sent, 'observation.delivered')
    expect([ok, told, tree]).toEqual([false, code, TREE])
    expect(observation?.text).toMatch(sentence)
  })

  it('an action that begins from a tree which is not the workspace as it is', async () => {
    const environment = await given()
    const sent = await act(environment, 'List Files', { dir_path: '.' }, { base: 'f'.repeat(64) })
    expect(only(sent, 'step.begun')).toMatchObject({ accepted: false, reason: 'unknown_base' })
    expect(types(await act(environment, 'List Files', { dir_path: '.' }, { base: TREE }))).toContain('effect.requested')
  })

  it('a name of any length is refused in few words', async () => {
    const environment = await given()
    const sent = await act(environment, 'x'.repeat(100_000), {})
    expect(only(sent, 'step.begun').name).toHaveLength(200)
    expect(only(sent, 'observation.delivered').observation?.text?.length).toBeLessThan(1000)
  })
})

describe('scripts', () => {
  it('go to an executor of their own, which nobody else\'s call can share', async () => {
    const environment = await given()
    const sent = await act(environment, 'Execute Script', { script_name: './sub/../train.py' })
    expect(types(sent)).toEqual(['step.begun', 'execution.requested'])
    expect(sent[1]?.to).toBe('executor/2')
    expect(only(sent, 'execution.requested')).toMatchObject({ call: 1, script: 'train.py', tree: TREE, limits: STARTED.script_limits, python_key: '{}' })
  })

  it('a good end adopts its tree', async () => {
    const environment = await given()
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    const sent = await scriptDone(environment, { tree: OTHER })
    expect(only(sent, 'workspace.changed')).toMatchObject({ before: TREE, after: OTHER, by: 'Execute Script' })
    expect(only(sent, 'observation.delivered')).toMatchObject({ ok: true, tree: OTHER, code: '' })
  })

  it('a bad end adopts its tree too and names its reason; a lost one keeps the old tree', async () => {
    const environment = await given()
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    expect(only(await scriptDone(environment, { tree: OTHER, ok: false, reason: 'timed_out', exit_code: -1 }), 'observation.delivered')).toMatchObject({ ok: false, code: 'timed_out', tree: OTHER })
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    expect(only(await scriptDone(environment, { tree: '', ok: false, reason: 'lost', exit_code: -1 }), 'observation.delivered')).toMatchObject({ ok: false, code: 'lost', tree: OTHER })
  })

  it('a script that left nothing behind leaves an empty workspace', async () => {
    const environment = await given()
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    expect(only(await scriptDone(environment, { tree: '' }), 'workspace.changed').after).toBe('')
  })
})

describe('the end', () => {
  it('Final Answer: graded as it is, and finished once the score is there', async () => {
    const environment = await given()
    const sent = await act(environment, 'Final Answer', { final_answer: 'It is good now.' })
    expect(types(sent).sort()).toEqual(['grading.requested', 'step.begun', 'timer.cancelled'])
    expect(only(sent, 'grading.requested')).toMatchObject({ tree: TREE, final: true, step: 1, task: 'arithmetic', grading: STARTED.grading })
    expect(environment.state.timers).toEqual({})
    const last = await scored(environment)
    expect(only(last, 'run.finished')).toMatchObject({ status: 'finished', steps: 1, tree: TREE })
    expect(Buffer.from(await environment.blobs.get(only(last, 'run.finished').answer?.ref ?? '')).toString()).toBe('It is good now.')
    expect(environment.state.snapshot.status).toBe('done')
  })

  it('the last step\'s observation goes to nobody, and the run is graded and ends at its limit', async () => {
    const environment = await given({ limits: { max_steps: 2, max_time_ms: 60_000, max_tokens: 0, max_cost_usd: 0 } })
    expect(only(await act(environment, 'Nonsense', {}), 'observation.delivered').final).toBe(false)
    await act(environment, 'Read File', { file_name: 'a' })
    const sent = await fileDone(environment)
    const observed = sent.find(({ type }) => type === 'observation.delivered')
    expect([observed?.to, only(sent, 'observation.delivered').final]).toEqual(['', true])
    expect(only(sent, 'grading.requested').final).toBe(true)
    expect(only(await scored(environment), 'run.finished')).toMatchObject({ status: 'limit-reached', error: { source: 'user', code: 'max_steps' }, steps: 2 })
  })

  it('time up while nothing is under way: graded at once', async () => {
    const environment = await given()
    const sent = await timeUp(environment)
    expect(types(sent)).toEqual(['grading.requested'])
    expect(only(await scored(environment), 'run.finished')).toMatchObject({ status: 'limit-reached', error: { code: 'max_time' } })
  })

  it('time up during a script: it is cancelled, waited for, then what it left is graded', async () => {
    const environment = await given()
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    const up = await timeUp(environment)
    expect(up).toMatchObject([{ type: 'execution.cancel_requested', to: 'executor/2', data: { call: 1, reason: 'max_time' } }])
    const ended = await scriptDone(environment, { reason: 'cancelled', ok: false, tree: OTHER })
    expect(ended.map(({ type, to }) => [type, to])).toEqual([['workspace.changed', ''], ['observation.delivered', ''], ['grading.requested', 'evaluator']])
    expect(only(ended, 'grading.requested')).toMatchObject({ tree: OTHER, final: true })
    expect(only(await scored(environment), 'run.finished')).toMatchObject({ status: 'limit-reached', tree: OTHER })
  })

  it('a user\'s cancel ends the run without a grading', async () => {
    const environment = await given()
    const sent = await environment.receive('run.cancel_requested', { reason: 'enough' })
    expect(only(sent, 'run.finished')).toMatchObject({ status: 'cancelled', error: { source: 'user', code: 'cancelled', message: 'enough' } })
    expect(types(sent)).not.toContain('grading.requested')
  })

  it('a user\'s cancel during a script cancels the script first', async () => {
    const environment = await given()
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    expect(types(await environment.receive('run.cancel_requested', { reason: '' }))).toContain('execution.cancel_requested')
    expect(only(await scriptDone(environment, { reason: 'cancelled', ok: false }), 'run.finished')).toMatchObject({ status: 'cancelled', error: { message: 'cancelled by the user' } })
  })

  it('a user\'s cancel after the time was up counts as a cancel: nothing is graded', async () => {
    const environment = await given()
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    await timeUp(environment)
    await environment.receive('run.cancel_requested', { reason: 'enough' })
    expect(only(await scriptDone(environment, { reason: 'cancelled', ok: false }), 'run.finished').status).toBe('cancelled')
  })

  it('a cancel while the end is graded does not change the end', async () => {
    const environment = await given()
    await act(environment, 'Final Answer', { final_answer: '' })
    expect(await environment.receive('run.cancel_requested', { reason: 'late' })).toEqual([])
    expect(only(await scored(environment), 'run.finished').status).toBe('finished')
  })

  it('an agent that acts after the end is told so in the record, and nothing is done', async () => {
    const environment = await given()
    await act(environment, 'Final Answer', { final_answer: '' })
    const late = await act(environment, 'Write File', { file_name: 'a', content: 'late' })
    expect(types(late)).toEqual(['step.begun'])
    expect(only(late, 'step.begun')).toMatchObject({ accepted: false, reason: 'run_over' })
  })

  it('a second action before the observation of the first is no step and breaks nothing', async () => {
    const environment = await given()
    await act(environment, 'Read File', { file_name: 'a' })
    expect(types(await act(environment, 'Read File', { file_name: 'b' }))).toEqual(['protocol.violated'])
    expect(only(await fileDone(environment), 'observation.delivered').step).toBe(1)
  })

  it('an actor that cannot go on ends the run as failed, after its workspace was graded', async () => {
    const environment = await given()
    const sent = await environment.receive('actor.faulted', { actor: 'agent', cause_seq: 3, message: 'no idea' }, { from: 'agent' })
    expect(only(sent, 'grading.requested').final).toBe(true)
    expect(only(await scored(environment), 'run.finished')).toMatchObject({ status: 'failed', error: { source: 'agent', code: 'actor_faulted', message: 'agent cannot go on: no idea' } })
  })

  it('an executor that cannot go on does so too, though its script is never answered', async () => {
    const environment = await given()
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    const sent = await environment.receive('actor.faulted', { actor: 'executor/2', cause_seq: 3, message: 'broken' }, { from: 'executor/2' })
    expect(types(sent)).toEqual(['timer.cancelled', 'grading.requested'])
    expect(only(await scored(environment), 'run.finished')).toMatchObject({ status: 'failed', error: { source: 'system' } })
  })

  it('an agent that cannot go on while its script runs: the script is cancelled and waited for', async () => {
    const environment = await given()
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    const sent = await environment.receive('actor.faulted', { actor: 'agent', cause_seq: 3, message: 'broken' }, { from: 'agent' })
    expect(types(sent)).toEqual(['timer.cancelled', 'execution.cancel_requested'])
    expect(only(await scriptDone(environment, { reason: 'cancelled', ok: false, tree: OTHER }), 'grading.requested').tree).toBe(OTHER)
  })

  it('an agent that cannot go on after its time was up changes nothing: the script is still waited for', async () => {
    const environment = await given()
    await act(environment, 'Execute Script', { script_name: 'train.py' })
    await timeUp(environment)
    expect(await environment.receive('actor.faulted', { actor: 'agent', cause_seq: 3, message: 'broken' }, { from: 'agent' })).toEqual([])
    await scriptDone(environment, { reason: 'cancelled', ok: false })
    expect(only(await scored(environment), 'run.finished').status).toBe('limit-reached')
  })

  it('an agent that cannot go on while the end is graded does not lose the score', async () => {
    const environment = await given()
    await act(environment, 'Final Answer', { final_answer: '' })
    expect(await environment.receive('actor.faulted', { actor: 'agent', cause_seq: 3, message: 'broken' }, { from: 'agent' })).toEqual([])
    expect(only(await scored(environment), 'run.finished').status).toBe('finished')
  })

  it('an evaluator that cannot go on while a step is graded is asked for nothing more', async () => {
    const environment = await given({ grading: { metric: 'accuracy', higher_is_better: true, success_improvement: 0.1, evaluator: 'evaluate.py', at_every_step: true } })
    await act(environment, 'Write File', { file_name: 'a', content: 'x' })
    await fileDone(environment, { tree: OTHER, changed: true })
    const sent = await environment.receive('actor.faulted', { actor: 'evaluator', cause_seq: 3, message: 'broken' }, { from: 'evaluator' })
    expect(types(sent)).toEqual(['timer.cancelled', 'run.finished'])
    expect(only(sent, 'run.finished')).toMatchObject({ status: 'failed', error: { source: 'system', message: 'evaluator cannot go on: broken' } })
  })

  it('an evaluator that cannot go on leaves no score, and the run ends', async () => {
    const environment = await given()
    await act(environment, 'Final Answer', { final_answer: '' })
    const sent = await environment.receive('actor.faulted', { actor: 'evaluator', cause_seq: 3, message: 'broken' }, { from: 'evaluator' })
    expect(only(sent, 'run.finished')).toMatchObject({ status: 'failed', error: { source: 'system' } })
  })
})

describe('grading at every step', () => {
  it('each changed tree is graded once, the end as well, and the run waits for all', async () => {
    const environment = await given({ grading: { metric: 'accuracy', higher_is_better: true, success_improvement: 0.1, evaluator: 'evaluate.py', at_every_step: true } })
    await act(environment, 'Write File', { file_name: 'a', content: 'x' })
    expect(only(await fileDone(environment, { tree: OTHER, changed: true }), 'grading.requested')).toMatchObject({ call: 1, tree: OTHER, final: false, step: 1 })
    await act(environment, 'Read File', { file_name: 'a' })
    expect(types(await fileDone(environment, { tree: OTHER }))).toEqual(['observation.delivered'])
    const end = await act(environment, 'Final Answer', { final_answer: '' })
    expect(only(end, 'grading.requested')).toMatchObject({ call: 2, final: true, tree: OTHER })
    expect(await scored(environment, true)).toEqual([])
    expect(types(await scored(environment, false))).toEqual(['run.finished'])
  })
})
