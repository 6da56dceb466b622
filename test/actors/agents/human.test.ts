import { describe, expect, it } from 'vitest'
import { humanAgent } from '../../../actors/agent/human/index.ts'
import { actionOf } from '../../../actors/agent/human/machine.ts'
import { text } from '../../../actors/protocol.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { only, stage, types } from '../../host/stage.ts'
import type { Stage } from '../../host/stage.ts'

const SPECS = [{ name: 'Read File', description: 'Shows a text file.', arguments: { content: 'the text', file_name: 'the file' }, returns: 'the text', primitive: true, schema: { required: ['file_name', 'content'] } }]
const BRIEF = { problem: text('Do it well.'), agent: 'human', config: '{}', actions: ['Read File'], entry: 'train.py', seed: 1, specs: text(canonicalJson(SPECS)) }
const answer = (agent: Stage, call: number, reply: string) => agent.receive('effect.succeeded', { effect: 'ee', kind: 'human', call, human: { answer: text(reply) } }, { from: 'runner' })
const observe = (agent: Stage, call: number, about: object = {}) =>
  agent.receive('observation.delivered', { call, step: call, observation: text('seen'), tree: '', ok: true, final: false, code: '', ...about }, { from: 'environment' })

describe('the agent that is a person', () => {
  it('is asked with the problem first, then with each observation, and its answers are actions', async () => {
    const agent = stage('agent', humanAgent.logic)
    const asked = only(await agent.receive('agent.briefed', BRIEF), 'effect.requested')
    expect(asked).toMatchObject({ kind: 'human', call: 1, human: { what: 'action', prompt: { text: 'Do it well.' } } })
    expect(JSON.parse(Buffer.from(await agent.blobs.get(asked.human?.choices?.ref ?? '')).toString())).toEqual([{ name: 'Read File', description: 'Shows a text file.', arguments: [{ name: 'file_name', what: 'the file' }, { name: 'content', what: 'the text' }] }])
    const acted = only(await answer(agent, 1, '{"name": "Read File", "arguments": {"file_name": "train.py"}, "thought": "look"}'), 'action.requested')
    expect([acted.call, acted.name, acted.arguments?.text]).toEqual([1, 'Read File', '{"file_name":"train.py"}'])
    expect(only(await observe(agent, 1), 'effect.requested')).toMatchObject({ call: 2, human: { prompt: { text: 'seen' } } })
  })

  it('asks again when the answer is no action, and takes a name that does not exist to the environment', async () => {
    const agent = stage('agent', humanAgent.logic)
    await agent.receive('agent.briefed', BRIEF)
    expect(only(await answer(agent, 1, 'what?'), 'effect.requested').human?.prompt?.text).toContain('no action')
    expect(only(await answer(agent, 2, '{"name": "Fly"}'), 'action.requested')).toMatchObject({ call: 1, name: 'Fly' })
  })

  it('gives up when nobody is there, or when nothing readable comes', async () => {
    const left = stage('agent', humanAgent.logic)
    await left.receive('agent.briefed', BRIEF)
    const failed = await left.receive('effect.failed', { effect: 'ee', kind: 'human', call: 1, error: { source: 'user', code: 'nobody_there', message: 'standard input has ended' }, retryable: false }, { from: 'runner' })
    expect(only(failed, 'agent.gave_up').error?.code).toBe('nobody_there')
    const noise = stage('agent', humanAgent.logic)
    await noise.receive('agent.briefed', BRIEF)
    let last: string[] = []
    for (let call = 1; call <= 30 && !last.includes('agent.gave_up'); call++) last = types(await answer(noise, call, `noise ${call}`))
    expect(last).toEqual(['agent.gave_up'])
  })

  it('asks nothing more when the run is over', async () => {
    const agent = stage('agent', humanAgent.logic)
    await agent.receive('agent.briefed', BRIEF)
    await answer(agent, 1, '{"name": "Read File", "arguments": {}}')
    expect(await observe(agent, 1, { final: true })).toEqual([])
  })

  it('keeps the choices once, not in every question', async () => {
    const agent = stage('agent', humanAgent.logic)
    await agent.receive('agent.briefed', BRIEF)
    for (let call = 1; call <= 50; call++) {
      await answer(agent, call, '{"name": "Read File", "arguments": {}}')
      await observe(agent, call)
    }
    expect(canonicalJson(agent.context).length).toBeLessThan(300)
  })
})

it('reads an answer, and only an answer', () => {
  for (const reply of ['', 'null', '[]', '"List Files"', '{"arguments": {}}', '{"name": 3}', '{"name": "a", "arguments": "b"}', '{']) expect(actionOf(reply), reply).toBeUndefined()
  expect(actionOf('{"name": "List Files"}')).toEqual({ name: 'List Files', arguments: {} })
})
