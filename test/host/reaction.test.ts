import { assign, setup } from 'xstate'
import { describe, expect, it } from 'vitest'
import { text, violation } from '../../actors/protocol.ts'
import type { Message, Received } from '../../actors/index.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { playInMemory } from './in-memory-run.ts'
import { foldAgain } from './wrapped-steppers.ts'
import { only, stage, types } from './stage.ts'

const failure = { source: 'provider', code: 'overloaded', message: 'busy' }
const request = { call: 0, role: 'model', appended: text('a question'), params: '{"provider":"scripted"}' }
const failed = (call: number) => ({ effect: '', kind: 'completion', call, error: failure, retryable: true })

/** An agent that does what a test wants it to do when it is briefed. */
const planted = (answer: (event: Received) => unknown, assigned: () => unknown = () => 0) => ({
  module: 'agent/planted',
  machine: setup({ types: { context: {} as { kept: unknown }, events: {} as Received }, actions: { send: (_args, _message: Message) => {} } }).createMachine({
    context: { kept: null },
    on: {
      'agent.briefed': { actions: [{ type: 'send', params: ({ event }: { event: Received }) => answer(event) as Message }, assign({ kept: () => assigned() })] },
      '*': { actions: { type: 'send', params: ({ event }: { event: Received }) => violation('agent', event, 'planted') } },
    },
  }),
})
const BRIEF = { agent: 'planted', config: '{}', actions: [], entry: '', seed: 0 }
const briefed = async (logic: ReturnType<typeof planted>) => {
  const agent = stage('agent', logic)
  return { agent, sent: await agent.receive('agent.briefed', BRIEF) }
}
const finish = { type: 'action.requested', to: 'environment', data: { call: 1, name: 'Final Answer', arguments: text('{"final_answer":""}'), base: '' } }

describe('timers', () => {
  it('a state that is waited in arms a timer; its fire goes on with what was waited for', async () => {
    const tool = stage('llm-tool/1')
    await tool.receive('completion.requested', request, { from: 'agent' })
    const armed = only(await tool.receive('effect.failed', failed(1), { from: 'runner' }), 'timer.armed')
    expect(armed).toMatchObject({ name: 'xstate.after.backOff.llm-tool.pausing', delay_ms: 500, limit: false })
    const sent = await tool.receive('timer.fired', { name: armed.name, armed_id: tool.state.timers[armed.name] ?? '' }, { from: 'journal' })
    expect(only(sent, 'effect.requested')).toMatchObject({ kind: 'completion', call: 2 })
    expect(tool.state.timers).toEqual({})
  })

  it('the fire of an earlier arming, or of none, is recorded as dropped and changes nothing', async () => {
    const tool = stage('llm-tool/1')
    await tool.receive('completion.requested', request, { from: 'agent' })
    const name = only(await tool.receive('effect.failed', failed(1), { from: 'runner' }), 'timer.armed').name
    const first = tool.state.timers[name] ?? ''
    await tool.receive('timer.fired', { name, armed_id: first }, { from: 'journal' })
    await tool.receive('effect.failed', failed(2), { from: 'runner' })
    expect(tool.state.timers[name]).not.toBe(first)
    const before = tool.state
    for (const armed_id of [first, 'f'.repeat(64)]) {
      expect(await tool.receive('timer.fired', { name, armed_id }, { from: 'journal' })).toEqual([])
      expect(tool.reactions.at(-1)?.drafts[0]?.payload).toMatchObject({ dropped: true, outputs: 0, digests: [] })
    }
    expect(tool.state).toBe(before)
  })

  it('a state that is left before its time cancels its timer, by the id of the arming', async () => {
    const environment = stage('environment')
    const started = await environment.receive('run.started', { ...RUN_STARTED, limits: { max_steps: 5, max_time_ms: 900, max_tokens: 0, max_cost_usd: 0 } })
    const { name, limit, delay_ms } = only(started, 'timer.armed')
    expect([limit, delay_ms]).toEqual([true, 900])
    const id = environment.state.timers[name]
    const sent = await environment.receive('run.cancel_requested', { reason: 'enough' })
    expect(only(sent, 'timer.cancelled')).toEqual({ name, armed_id: id })
  })
})

const RUN_STARTED = {
  task: 't', profile: 'small', agent: 'scripted', agent_config: '{}', tree: '', layers: [], read_only: [], seed: 0, entry: 'train.py', script_limits: '{}', llm: '{}', actions: [], python_key: '{}',
}

describe('unknown events', () => {
  it.each(['agent', 'environment', 'executor/2', 'llm-tool/1', 'evaluator'])('%s says that its protocol was violated and stays as it was', async (actor) => {
    const actorStage = stage(actor)
    const before = canonicalJson(actorStage.context)
    const sent = await actorStage.receive('usage.recorded', { call: 1, role: 'model', model: 'm', input_tokens: 1, output_tokens: 1, cost_usd: 0 })
    const { event_type, reason } = only(sent, 'protocol.violated')
    expect(event_type).toBe('usage.recorded')
    expect(reason).toContain('not expected')
    expect(sent[0]?.to).toBe('')
    expect(canonicalJson(actorStage.context)).toBe(before)
  })
})

describe('instances', () => {
  it('what arrives for one that has answered is recorded as dropped, the same way in each fold', async () => {
    const executor = stage('executor/2')
    await executor.receive('execution.requested', { call: 1, script: 'a.py', arguments: [], tree: '', layers: [], limits: '{}', python_key: '{}' }, { from: 'environment' })
    await executor.receive('effect.failed', { effect: '', kind: 'execution', call: 1, error: failure, retryable: false }, { from: 'runner' })
    expect(executor.state.snapshot.status).toBe('done')
    expect(await executor.receive('execution.cancel_requested', { call: 1, reason: 'late' }, { from: 'environment' })).toEqual([])
    expect(executor.reactions.at(-1)?.drafts[0]?.payload).toMatchObject({ dropped: true, outputs: 0 })
  })
})

describe('faults', () => {
  const broken: Array<[string, ReturnType<typeof planted>, RegExp]> = [
    ['throws while it answers', planted(() => { throw new Error('no idea') }), /no idea/],
    ['throws while it remembers', planted(() => finish, () => { throw new Error('forgot') }), /forgot/],
    ['keeps what is no JSON', planted(() => finish, () => new Map()), /Map.*cannot be kept/],
    ['keeps NaN', planted(() => finish, () => Number.NaN), /NaN/],
    ['keeps a function', planted(() => finish, () => () => 1), /function/],
    ['goes on with a list that is none', planted(() => finish, () => ({ list: { prev: {}, items: [] } })), /no list/],
  ]
  it.each(broken)('an agent that %s is set aside, and the environment is told', async (_name, logic, problem) => {
    const { agent, sent } = await briefed(logic)
    expect(sent).toMatchObject([{ type: 'actor.faulted', to: 'environment', data: { actor: 'agent' } }])
    expect(only(sent, 'actor.faulted').message).toMatch(problem)
    expect(await agent.receive('agent.briefed', BRIEF)).toEqual([])
    expect(agent.reactions.at(-1)?.drafts[0]).toMatchObject({ type: 'actor.stepped', payload: { dropped: true } })
  })

  const unsendable: Array<[string, unknown]> = [
    ['an event type that does not exist', { type: 'made.up', to: 'environment', data: {} }], ['an unknown field', { type: 'action.requested', to: 'environment', data: { call: 1, name: 'x', base: '', colour: 'red' } }],
    ['a number out of range', { type: 'action.requested', to: 'environment', data: { call: -1, name: 'x', base: '' } }], ['a text that is none', { type: 'action.requested', to: 'environment', data: { call: 1, name: 7, base: '' } }],
    ['an address that does not exist', { type: 'action.requested', to: 'nobody', data: { call: 1, name: 'x', base: '' } }], ['nothing at all', undefined],
    ['a name that fits into no record', { type: 'action.requested', to: 'environment', data: { call: 1, name: 'x'.repeat(200_000), base: '' } }],
    ['an event that only the journal may write', { type: 'effect.succeeded', to: 'environment', data: { effect: '', kind: 'file', call: 1 } }],
    ['a step of its own', { type: 'actor.stepped', to: '', data: { actor: 'agent', machine_version: '', cause_seq: 0, state: '', digests: [], all: '', outputs: 0, dropped: false } }],
  ]
  it.each(unsendable)('an agent that sends %s is set aside before anything of it is recorded', async (_name, message) => {
    const { sent } = await briefed(planted(() => message))
    expect(types(sent)).toEqual(['actor.faulted'])
  })

  it('a run whose agent throws ends as failed, is graded, sealed, and folds again', async () => {
    const run = await playInMemory({ agent: 'planted', agents: { planted: { name: 'planted', description: '', logic: planted(() => { throw new Error('no idea') }) } } })
    expect(run.events.at(-1)).toMatchObject({ type: 'run.finished', payload: { status: 'failed', error: { source: 'agent', code: 'actor_faulted' } } })
    expect(run.events.map(({ type }) => type)).toContain('score.recorded')
    const agents = { planted: { name: 'planted', description: '', logic: planted(() => { throw new Error('no idea') }) } }
    expect((await foldAgain(run, agents)).divergence).toBeUndefined()
  })
})

describe('poison', () => {
  it('a text that the blob store does not have stops the host instead of becoming a reaction', async () => {
    const agent = stage('agent')
    const event = agent.event('observation.delivered', { call: 1, step: 1, observation: { ref: 'a'.repeat(64), bytes: 3 }, tree: '', ok: true, final: false, code: '' })
    await expect(agent.take(event)).rejects.toMatchObject({ code: 'KYMO_BLOB_MISSING' })
  })

  it('a config that is no script faults the agent, not the run', async () => {
    for (const config of ['', 'null', '{"script":{"ref":"xyz","bytes":1}}', '[]']) {
      const agent = stage('agent')
      const sent = await agent.receive('agent.briefed', { ...BRIEF, config })
      expect(types(sent)).toEqual(['actor.faulted'])
    }
  })
})
