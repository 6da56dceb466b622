import { describe, expect, it } from 'vitest'
import { text } from '../../actors/protocol.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { scriptList } from '../host/in-memory-run.ts'
import { only, stage, types } from '../host/stage.ts'
import type { Sent, Stage } from '../host/stage.ts'

const BRIEF = { problem: text('Do it well.'), agent: '', actions: ['Read File'], entry: 'train.py', seed: 1 }
const observe = (agent: Stage, call = 1) => agent.receive('observation.delivered', { call, step: call, observation: text('seen'), tree: '', ok: true, final: false, code: '' }, { from: 'environment' })
const action = (sent: readonly Sent[]) => {
  const { name, arguments: args, call } = only(sent, 'action.requested')
  return [call, name, JSON.parse(args?.text ?? '')]
}

describe('the baseline', () => {
  it('runs the starter script as it is, submits, and is done', async () => {
    const agent = stage('agent', 'baseline')
    expect(action(await agent.receive('agent.briefed', { ...BRIEF, config: '{}' }))).toEqual([1, 'Execute Script', { script_name: 'train.py' }])
    expect(action(await observe(agent))).toEqual([2, 'Final Answer', { final_answer: 'The starter script, run unchanged.' }])
    expect(agent.state.snapshot.status).toBe('done')
    expect(await observe(agent)).toEqual([])
  })
})

describe('the scripted agent', () => {
  async function scripted(items: readonly object[], completion?: object) {
    const agent = stage('agent', 'scripted')
    const script = await scriptList(agent.blobs, items)
    return { agent, sent: await agent.receive('agent.briefed', { ...BRIEF, config: canonicalJson({ script, ...(completion === undefined ? {} : { completion }) }) }) }
  }

  it('plays one item after each observation, whatever it says, and submits at the end', async () => {
    const { agent, sent } = await scripted([{ action: 'Read File', args: { file_name: 'a' }, thought: 'look' }, { action: 'Made Up', args: {} }])
    expect(action(sent)).toEqual([1, 'Read File', { file_name: 'a' }])
    const { thought } = only(sent, 'action.requested')
    expect(Buffer.from(await agent.blobs.get(thought?.ref ?? '')).toString()).toBe('look')
    expect(action(await observe(agent))).toEqual([2, 'Made Up', {}])
    expect(action(await observe(agent))).toEqual([3, 'Final Answer', { final_answer: 'The script has ended.' }])
    expect(action(await observe(agent))).toEqual([4, 'Final Answer', { final_answer: 'The script has ended.' }])
  })

  it('keeps a reference to what is left, not the script', async () => {
    const { agent } = await scripted(Array.from({ length: 500 }, (_, n) => ({ action: 'Read File', args: { file_name: `${n}` } })))
    expect(canonicalJson(agent.context).length).toBeLessThan(300)
  })

  it('an empty script submits at once', async () => {
    expect(action((await scripted([])).sent)).toEqual([1, 'Final Answer', { final_answer: 'The script has ended.' }])
  })

  it('asks the model of the script, numbers its questions, and goes on with the answer or without', async () => {
    const { agent, sent } = await scripted([{ ask: 'one?' }, { ask: 'two?' }, { action: 'Read File', args: {} }], { provider: 'scripted', replies: 'd'.repeat(64) })
    expect(sent[0]?.to).toBe('llm-tool/3')
    expect(only(sent, 'completion.requested')).toMatchObject({ call: 1, role: 'model', appended: { text: 'one?' } })
    expect(JSON.parse(only(sent, 'completion.requested').params)).toEqual({ provider: 'scripted', replies: 'd'.repeat(64), index: 0 })
    const second = await agent.receive('completion.delivered', { call: 1, ok: true, reply: text('yes'), stop_reason: 'stop' }, { from: 'llm-tool/3' })
    expect(JSON.parse(only(second, 'completion.requested').params)).toMatchObject({ index: 1 })
    const third = await agent.receive('completion.delivered', { call: 2, ok: false, stop_reason: 'error', error: { source: 'provider', code: 'x', message: 'y' } }, { from: 'llm-tool/5' })
    expect(types(third)).toEqual(['action.requested'])
  })

  it('texts beyond ASCII come out as they went in', async () => {
    const args = { file_name: 'é 😀 中.txt', content: 'line\n\t"quoted" \u2028' }
    expect(action((await scripted([{ action: 'Write File', args }])).sent)[2]).toEqual(args)
  })
})
