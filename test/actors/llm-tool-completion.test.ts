import { describe, expect, it } from 'vitest'
import { text } from '../../actors/protocol.ts'
import { SHORTEST } from '../../schemas/completion.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import type { CompletionOutcome, EventPayloads } from '../../schemas/generated/events.ts'
import { only, stage, types } from '../host/stage.ts'
import type { Stage } from '../host/stage.ts'

const PARAMS = { provider: 'anthropic', model: 'm-1', max_tokens: 100, account: 'environment' }
const REQUEST: EventPayloads['completion.requested'] = { call: 4, role: 'model', appended: text('a question'), params: canonicalJson(PARAMS), nth: 2 }
type Failed = EventPayloads['effect.failed']

async function asked(changes: Partial<EventPayloads['completion.requested']> = {}, params: object = {}): Promise<Stage> {
  const tool = stage('llm-tool/9')
  await tool.receive('completion.requested', { ...REQUEST, params: canonicalJson({ ...PARAMS, ...params }), ...changes }, { from: 'agent', at: 1000 })
  return tool
}

const fail = (tool: Stage, call: number, code: string, more: Partial<Failed> = {}, at = 1000) =>
  tool.receive('effect.failed', { effect: '', kind: 'completion', call, error: { source: 'provider', code, message: 'no' }, retryable: ['rate_limited', 'overloaded', 'server_error', 'timeout', 'connection', 'bad_reply'].includes(code), ...more }, { from: 'runner', at })

const answer = async (tool: Stage, call: number, reply: string, more: Partial<CompletionOutcome> = {}, at = 1000) => {
  const stored = { ref: await tool.blobs.put(Buffer.from(reply)), bytes: Buffer.byteLength(reply) }
  return tool.receive('effect.succeeded', {
    effect: '', kind: 'completion', call, completion: { reply: stored, raw: stored, stop_reason: 'stop', served_model: 'm-1-0613', input_tokens: 30, output_tokens: 4, cost_usd: 0.25, source: 'live', cached_tokens: 20, ...more },
  }, { from: 'runner', at })
}
const fire = (tool: Stage, at = 1000) => {
  const [name = '', armed_id = ''] = Object.entries(tool.state.timers)[0] ?? []
  return tool.receive('timer.fired', { name, armed_id }, { from: 'journal', at })
}
const isOver = (tool: Stage): boolean => tool.state.snapshot.status === 'done'

describe('a completion of a model', () => {
  it('hands tools and number on to whoever carries it out', async () => {
    const tool = stage('llm-tool/9')
    const tools = { ref: 'd'.repeat(64), bytes: 5 }
    expect(only(await tool.receive('completion.requested', { ...REQUEST, tools }, { from: 'agent' }), 'effect.requested').completion).toMatchObject({ provider: 'anthropic', tools, nth: 2, omit: [] })
  })

  it('its reply, with calls of tools, goes to the caller; its use to who keeps the account', async () => {
    const tool = await asked()
    const calls = '[{"arguments":{},"id":"c","name":"list_files"}]'
    const sent = await answer(tool, 1, 'I look.', { stop_reason: 'tool_calls', tool_calls: { ref: await tool.blobs.put(Buffer.from(calls)), bytes: calls.length } })
    expect(sent.map(({ type, to }) => [type, to])).toEqual([['usage.recorded', 'environment'], ['completion.delivered', 'agent']])
    expect(only(sent, 'usage.recorded')).toEqual({ call: 4, role: 'model', model: 'm-1-0613', input_tokens: 30, output_tokens: 4, cost_usd: 0.25, cached_tokens: 20, source: 'live' })
    expect(only(sent, 'completion.delivered')).toMatchObject({ ok: true, reply: { text: 'I look.' }, tool_calls: { text: calls }, stop_reason: 'tool_calls' })
    expect(only(sent, 'completion.delivered').shortened).toBeUndefined()
    expect(isOver(tool)).toBe(true)
  })

  it('pauses double up to a minute, and the provider\'s own wish wins when it is longer', async () => {
    const tool = await asked()
    const pauses: number[] = []
    for (const [call, wish] of [[1, 0], [2, 0], [3, 30_000], [4, 5], [5, 0], [6, 0], [7, 0], [8, 0]] as const) {
      pauses.push(only(await fail(tool, call, 'rate_limited', wish === 0 ? {} : { retry_after_ms: wish }), 'timer.armed').delay_ms)
      await fire(tool)
    }
    expect(pauses).toEqual([1000, 2000, 30_000, 8000, 16_000, 32_000, 60_000, 60_000])
  })

  it('patience ends: what would come too late is not waited for', async () => {
    const tool = await asked({}, { patience_ms: 10_000 })
    // The queue before a provider does not count.
    expect(types(await fail(tool, 1, 'overloaded', {}, 500_000))).toEqual(['timer.armed'])
    await fire(tool, 501_000)
    expect(types(await fail(tool, 2, 'overloaded', {}, 505_000))).toEqual(['timer.armed'])
    await fire(tool, 507_000)
    const sent = await fail(tool, 3, 'overloaded', {}, 507_000)
    expect(only(sent, 'completion.delivered')).toMatchObject({ ok: false, error: { code: 'overloaded' } })
    expect(isOver(tool)).toBe(true)
  })

  it('a pause that the provider wishes may be longer than the patience: then it ends at once', async () => {
    const tool = await asked({}, { patience_ms: 10_000 })
    expect(types(await fail(tool, 1, 'rate_limited', { retry_after_ms: 10_001 }))).toEqual(['completion.delivered'])
  })

  it('a run that lay still for days goes on being patient', async () => {
    const tool = await asked({}, { timeout_ms: 60_000 })
    await fail(tool, 1, 'overloaded', {}, 1000)
    await fire(tool, 2000)
    const days = 3 * 86_400_000
    expect(types(await fail(tool, 2, 'overloaded', {}, days))).toEqual(['timer.armed'])
    await fire(tool, days + 2000)
    expect(types(await fail(tool, 3, 'overloaded', {}, days + 3000))).toEqual(['timer.armed'])
  })

  it.each(['authentication', 'permission', 'quota_exhausted', 'model_not_found', 'bad_request', 'content_filter', 'no_key', 'recorded_miss'])('%s is told at once', async (code) => {
    const tool = await asked()
    expect(only(await fail(tool, 1, code), 'completion.delivered')).toMatchObject({ ok: false, stop_reason: 'error', error: { code } })
    expect(isOver(tool)).toBe(true)
  })

  it('too long a request is cut level by level, at once; the caller hears how far', async () => {
    const tool = await asked()
    for (let level = 1; level <= SHORTEST; level++) {
      const sent = await fail(tool, level, 'context_overflow')
      expect(types(sent)).toEqual(['effect.requested'])
      expect(only(sent, 'effect.requested')).toMatchObject({ call: level + 1, completion: { shorten: level } })
    }
    expect(only(await answer(tool, SHORTEST + 1, 'short'), 'completion.delivered')).toMatchObject({ ok: true, shortened: SHORTEST })
  })

  it('what is too long however it is cut fails', async () => {
    const tool = await asked()
    for (let level = 0; level < SHORTEST; level++) await fail(tool, level + 1, 'context_overflow')
    expect(only(await fail(tool, SHORTEST + 1, 'context_overflow'), 'completion.delivered')).toMatchObject({ ok: false, error: { code: 'context_overflow' }, shortened: SHORTEST })
  })

  it('refused parameters are left out one after the other, each once', async () => {
    const tool = await asked()
    expect(only(await fail(tool, 1, 'unsupported_parameter', { parameter: 'temperature' }), 'effect.requested').completion?.omit).toEqual(['temperature'])
    expect(only(await fail(tool, 2, 'unsupported_parameter', { parameter: 'max_tokens' }), 'effect.requested').completion?.omit).toEqual(['temperature', 'max_tokens'])
    expect(types(await fail(tool, 3, 'unsupported_parameter', { parameter: 'temperature' }))).toEqual(['completion.delivered'])
  })

  it('a refused parameter without a name is the end', async () => {
    expect(types(await fail(await asked(), 1, 'unsupported_parameter'))).toEqual(['completion.delivered'])
  })

  it('what was left out or cut stays so when a pause comes between', async () => {
    const tool = await asked()
    await fail(tool, 1, 'unsupported_parameter', { parameter: 'temperature' })
    await fail(tool, 2, 'context_overflow')
    await fail(tool, 3, 'server_error')
    expect(only(await fire(tool), 'effect.requested')).toMatchObject({ call: 4, completion: { omit: ['temperature'], shorten: 1 } })
  })

  it.each([['refusal', 'no thanks'], ['content_filter', 'the first wo']])('an answer that is a %s costs, is no reply, and is not asked for again', async (stop_reason, said) => {
    const tool = await asked()
    const sent = await answer(tool, 1, said, { stop_reason })
    expect(types(sent)).toEqual(['usage.recorded', 'completion.delivered'])
    const { error, ok } = only(sent, 'completion.delivered')
    expect([ok, error?.code]).toEqual([false, stop_reason])
    expect(error?.message).toContain(said)
  })

  it('nothing said is asked again and paid for each time; in the end that is told', async () => {
    const tool = await asked()
    for (const call of [1, 2, 3]) {
      expect(types(await answer(tool, call, ' \n'))).toEqual(['usage.recorded', 'timer.armed'])
      await fire(tool)
    }
    const sent = await answer(tool, 4, '')
    expect(types(sent)).toEqual(['usage.recorded', 'completion.delivered'])
    expect(only(sent, 'completion.delivered')).toMatchObject({ ok: false, error: { code: 'empty_reply' } })
  })

  it('unreadable replies are not asked for as long as a busy provider is waited for', async () => {
    const tool = await asked()
    for (const call of [1, 2, 3]) {
      expect(types(await fail(tool, call, 'bad_reply'))).toEqual(['timer.armed'])
      await fire(tool)
    }
    expect(only(await fail(tool, 4, 'bad_reply'), 'completion.delivered').error?.code).toBe('bad_reply')
  })

  it('calls of tools without a word are a reply; so is what was cut before its first word', async () => {
    const tool = await asked()
    expect(only(await answer(tool, 1, '', { stop_reason: 'tool_calls', tool_calls: { ref: await tool.blobs.put(Buffer.from('[1]')), bytes: 3 } }), 'completion.delivered').ok).toBe(true)
    expect(only(await answer(await asked(), 1, '', { stop_reason: 'length' }), 'completion.delivered')).toMatchObject({ ok: true, stop_reason: 'length' })
  })
})

describe('a completion that is cancelled', () => {
  it('while it is called: the call is cancelled, and the caller hears of it when it is dead', async () => {
    const tool = await asked()
    const sent = await tool.receive('completion.cancel_requested', { call: 4, reason: 'the run ends' }, { from: 'agent' })
    expect(only(sent, 'effect.cancel_requested')).toMatchObject({ call: 1, reason: 'the run ends' })
    expect(isOver(tool)).toBe(false)
    expect(only(await fail(tool, 1, 'cancelled'), 'completion.delivered')).toMatchObject({ ok: false, error: { source: 'user', code: 'cancelled' } })
    expect(isOver(tool)).toBe(true)
  })

  it('when the answer is there already, it is paid for all the same', async () => {
    const tool = await asked()
    await tool.receive('completion.cancel_requested', { call: 4, reason: '' }, { from: 'agent' })
    await tool.receive('completion.cancel_requested', { call: 4, reason: '' }, { from: 'agent' })
    const sent = await answer(tool, 1, 'too late')
    expect(types(sent)).toEqual(['usage.recorded', 'completion.delivered'])
    expect(only(sent, 'completion.delivered')).toMatchObject({ ok: false, error: { code: 'cancelled' } })
  })

  it('during a pause: the pause ends', async () => {
    const tool = await asked()
    await fail(tool, 1, 'overloaded')
    const sent = await tool.receive('completion.cancel_requested', { call: 4, reason: 'the run ends' }, { from: 'agent' })
    expect(types(sent)).toEqual(['timer.cancelled', 'completion.delivered'])
    expect(only(sent, 'completion.delivered').error?.code).toBe('cancelled')
    expect(isOver(tool)).toBe(true)
  })
})

describe('a completion of the first version, which names no account', () => {
  const first = { account: undefined }
  it('gives up after four tries, and delivers an empty reply as it is', async () => {
    const tool = await asked({}, first)
    expect(types(await answer(tool, 1, ''))).toEqual(['usage.recorded', 'completion.delivered'])
    const refused = await asked({}, first)
    expect(types(await fail(refused, 1, 'context_overflow'))).toEqual(['completion.delivered'])
  })
  it('records its use for nobody, with the fields of then', async () => {
    const sent = await answer(await asked({}, first), 1, 'hm')
    expect(sent[0]?.to).toBe('')
    expect(only(sent, 'usage.recorded')).toEqual({ call: 4, role: 'model', model: 'm-1-0613', input_tokens: 30, output_tokens: 4, cost_usd: 0.25 })
  })
})

it('however long it takes, it remembers little', async () => {
  const tool = await asked({ appended: text('q'.repeat(100_000)) })
  for (let call = 1; call < 150; call++) {
    await fail(tool, call, 'timeout')
    await fire(tool)
  }
  expect(canonicalJson(tool.context).length).toBeLessThan(2000)
})
