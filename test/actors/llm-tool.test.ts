import { describe, expect, it } from 'vitest'
import { text } from '../../actors/protocol.ts'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { only, stage, types } from '../host/stage.ts'
import type { Stage } from '../host/stage.ts'

const REQUEST: EventPayloads['completion.requested'] = { call: 4, role: 'fast', appended: text('a question'), params: '{"max_tokens":9,"model":"m-1","provider":"scripted"}' }
const busy = { source: 'provider', code: 'overloaded', message: 'busy' }

async function asked(changes: Partial<EventPayloads['completion.requested']> = {}): Promise<Stage> {
  const tool = stage('llm-tool/9')
  await tool.receive('completion.requested', { ...REQUEST, ...changes }, { from: 'agent' })
  return tool
}
const fail = (tool: Stage, call: number, retryable = true) => tool.receive('effect.failed', { effect: '', kind: 'completion', call, error: busy, retryable }, { from: 'runner' })
const fire = (tool: Stage) => {
  const [name = '', armed_id = ''] = Object.entries(tool.state.timers)[0] ?? []
  return tool.receive('timer.fired', { name, armed_id }, { from: 'journal' })
}

describe('a completion', () => {
  it('is asked of the provider and model that its params name, with its texts by reference', async () => {
    const tool = stage('llm-tool/9')
    const base = { ref: 'c'.repeat(64), bytes: 5 }
    const sent = await tool.receive('completion.requested', { ...REQUEST, base }, { from: 'agent' })
    const { kind, call, completion } = only(sent, 'effect.requested')
    expect([kind, call]).toEqual(['completion', 1])
    expect(completion).toMatchObject({ provider: 'scripted', model: 'm-1', params: REQUEST.params, role: 'fast', base })
    expect(Buffer.from(await tool.blobs.get(completion?.appended?.ref ?? '')).toString()).toBe('a question')
  })

  it('its reply goes to whoever asked, and its use is recorded', async () => {
    const tool = await asked()
    const reply = { ref: await tool.blobs.put(Buffer.from('an answer')), bytes: 9 }
    const sent = await tool.receive('effect.succeeded', { effect: '', kind: 'completion', call: 1, completion: { reply, raw: reply, stop_reason: 'stop', served_model: 'm-1-0613', input_tokens: 3, output_tokens: 4, cost_usd: 0.25, source: 'live' } }, { from: 'runner' })
    expect(sent.map(({ type, to }) => [type, to])).toEqual([['usage.recorded', ''], ['completion.delivered', 'agent']])
    expect(only(sent, 'usage.recorded')).toEqual({ call: 4, role: 'fast', model: 'm-1-0613', input_tokens: 3, output_tokens: 4, cost_usd: 0.25 })
    expect(only(sent, 'completion.delivered')).toMatchObject({ call: 4, ok: true, reply: { text: 'an answer' }, stop_reason: 'stop' })
    expect(tool.state.snapshot.status).toBe('done')
  })

  it('what may be tried again is, after pauses that double, each try an effect of its own; then it gives up', async () => {
    const tool = await asked()
    const pauses: number[] = []
    for (const call of [1, 2, 3]) {
      pauses.push(only(await fail(tool, call), 'timer.armed').delay_ms)
      expect(only(await fire(tool), 'effect.requested')).toMatchObject({ kind: 'completion', call: call + 1 })
    }
    expect(pauses).toEqual([500, 1000, 2000])
    const sent = await fail(tool, 4)
    expect(types(sent)).toEqual(['completion.delivered'])
    expect(only(sent, 'completion.delivered')).toMatchObject({ call: 4, ok: false, stop_reason: 'error', error: busy })
    expect(tool.state.snapshot.status).toBe('done')
  })

  it('a try that succeeds after failures is delivered like any other', async () => {
    const tool = await asked()
    await fail(tool, 1)
    await fire(tool)
    const reply = { ref: await tool.blobs.put(Buffer.from('at last')), bytes: 7 }
    const sent = await tool.receive('effect.succeeded', { effect: '', kind: 'completion', call: 2, completion: { reply, raw: reply, stop_reason: 'stop', served_model: 'm', input_tokens: 0, output_tokens: 0, cost_usd: 0, source: '' } }, { from: 'runner' })
    expect(only(sent, 'completion.delivered').ok).toBe(true)
  })

  it('what cannot be tried again is told at once', async () => {
    expect(types(await fail(await asked(), 1, false))).toEqual(['completion.delivered'])
  })

  it('params that are none fault the call, not the run\'s record', async () => {
    const tool = stage('llm-tool/9')
    expect(types(await tool.receive('completion.requested', { ...REQUEST, params: 'temperature=1' }, { from: 'agent' }))).toEqual(['actor.faulted'])
  })
})

it('a tool that needs a model is answered, not left waiting', async () => {
  const tool = stage('llm-tool/9')
  const sent = await tool.receive('tool.requested', { call: 4, tool: 'Summarise', arguments: text('{}') }, { from: 'environment' })
  expect(sent[0]?.to).toBe('environment')
  expect(only(sent, 'tool.answered')).toMatchObject({ call: 4, ok: false, error: { source: 'user', code: 'no_model' } })
  expect(tool.state.snapshot.status).toBe('done')
})
