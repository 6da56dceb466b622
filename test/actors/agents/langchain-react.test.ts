import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { langchainReactAgent } from '../../../actors/agent/langchain-react/index.ts'
import { langchainReactConfig } from '../../../actors/agent/langchain-react/config.ts'
import { readRound } from '../../../actors/agent/langchain-react/read-round.ts'
import { text } from '../../../actors/protocol.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { EventPayloads } from '../../../schemas/generated/events.ts'
import { only, stage, types } from '../../host/stage.ts'
import type { Sent, Stage } from '../../host/stage.ts'

const ROLE = { provider: 'scripted', model: 'm', max_tokens: 4000, account: 'environment' }
const LLM = canonicalJson({ model: ROLE, fast: ROLE, edit: ROLE })
const spec = (name: string, args: Record<string, string>) => ({ name, description: `${name} it.`, arguments: args, returns: 'a result', primitive: true, schema: {} })
const SPECS = canonicalJson([spec('List Files', { dir_path: 'a folder' }), spec('Execute Script', { script_name: 'a script' }), spec('Write File', { file_name: 'a file', content: 'its text' }), spec('Final Answer', { final_answer: 'the end' })])
const ACTIONS = ['List Files', 'Execute Script', 'Write File', 'Final Answer']
const LIST = 'I should look.\nAction: List Files\nAction Input: {"dir_path": "."}'

describe('a reply in the zero-shot format', () => {
  const read = (reply: string, cut = false) => readRound(reply, ACTIONS, cut)

  it('is an action with its one JSON input, or a final answer', () => {
    expect(read(LIST)).toEqual({ kind: 'action', name: 'List Files', args: { dir_path: '.' }, thought: 'I should look.', used: LIST })
    expect(read('Thought: done\nFinal Answer: The rate is 0.1.\nIt works.')).toEqual({ kind: 'final', answer: 'The rate is 0.1.\nIt works.', thought: 'done', used: 'Thought: done\nFinal Answer: The rate is 0.1.\nIt works.' })
    expect(read('Action: Final Answer\nAction Input: {"final_answer": "x"}')).toMatchObject({ kind: 'action', name: 'Final Answer' })
  })

  it('an observation that the model invented, and what follows it, does not count', () => {
    expect(read(`${LIST}\nObservation: train.py\nThought: good\nFinal Answer: all done`)).toMatchObject({ kind: 'action', name: 'List Files' })
    expect(read('Final Answer: done\nObservation: 100 %\nAction: List Files')).toMatchObject({ kind: 'final', answer: 'done' })
  })

  it('headers within the input are text of the input', () => {
    const input = 'Action: Write File\nAction Input: {"file_name": "a", "content": "x\nFinal Answer: no\nObservation: no\n"}'
    expect(read(input)).toMatchObject({ kind: 'action', name: 'Write File', args: { content: 'x\nFinal Answer: no\nObservation: no\n' } })
  })

  it.each([
    ['an action and a final answer', `${LIST}\nFinal Answer: done`, /both/],
    ['a final answer and an action', `Final Answer: done\n${LIST}`, /both/],
    ['a final answer beside an action that cannot be read', 'Action: List Files\nAction Input: {"dir_path\nFinal Answer: done', /both/],
    ['nothing', '', /empty/],
    ['an empty final answer', 'Thought: x\nFinal Answer:\n', /empty/],
    ['a thought alone', 'Thought: I wonder.', /no Action/],
    ['an unknown tool', 'Action: Google\nAction Input: {"q": "x"}', /no action "Google"/],
    ['an action without input', 'Action: List Files\n', /no Action Input/],
    ['an input that is no JSON', 'Action: List Files\nAction Input: the folder .', /cannot be read/],
  ])('%s cannot be read', (_name, reply, sentence) => { expect(read(reply)).toEqual({ kind: 'unreadable', sentence: expect.stringMatching(sentence) }) })

  it('cut in the middle of an action cannot be read; cut within a final answer it is one', () => {
    expect(read('Action: List Files\nAction Input: {"dir_path": "', true)).toMatchObject({ kind: 'unreadable' })
    expect(read('Final Answer: I did a lot and', true)).toMatchObject({ kind: 'final', answer: 'I did a lot and' })
  })

  it('whatever it is, it is read without a throw', () => {
    const pieces = fc.constantFrom('Action:', 'Action Input:', 'Final Answer:', 'Observation:', 'Thought:', 'List Files', '{"dir_path": "."}', '{', '"', '\n', '```')
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.oneof(pieces, fc.string())).map((some) => some.join('\n'))), fc.boolean(), (reply, cut) => {
      const round = readRound(reply, ACTIONS, cut)
      expect(round.kind === 'unreadable' ? round.sentence !== '' : reply.startsWith(round.used)).toBe(true)
      expect(round.kind !== 'action' || ACTIONS.includes(round.name)).toBe(true)
    }))
  })
})

async function briefed(config: object = {}, llm = LLM): Promise<{ agent: Stage; sent: Sent[] }> {
  const agent = stage('agent', langchainReactAgent.logic)
  const sent = await agent.receive('agent.briefed', { problem: text('Make it better.'), agent: 'langchain-react', config: canonicalJson(langchainReactConfig.parse(config)), actions: ACTIONS, entry: 'train.py', seed: 1, specs: text(SPECS), llm })
  return { agent, sent }
}
const reply = (agent: Stage, words: string, more: Partial<EventPayloads['completion.delivered']> = {}) => agent.receive('completion.delivered', { call: agent.context['call'] as number, ok: true, reply: text(words), stop_reason: 'stop_sequence', ...more }, { from: 'llm-tool/3' })
const fail = (agent: Stage, code: string) => agent.receive('completion.delivered', { call: agent.context['call'] as number, ok: false, stop_reason: 'error', error: { source: 'provider', code, message: `it is ${code}` } }, { from: 'llm-tool/3' })
const observe = (agent: Stage, words: string, step = 1, final = false) => agent.receive('observation.delivered', { call: agent.context['call'] as number, step, observation: text(words), tree: '', ok: true, final, code: '' }, { from: 'environment' })

interface Segment { role: string; text: string }
async function prompt(agent: Stage, sent: readonly Sent[]): Promise<Segment[]> {
  const { base, appended } = only(sent, 'completion.requested')
  const read = async (ref: string | undefined) => Buffer.from(await agent.blobs.get(ref ?? '')).toString()
  const out: Segment[] = []
  for (let at: { ref?: string } | null = base ?? null; at !== null;) {
    const node = JSON.parse(await read(at.ref)) as { prev: { ref?: string } | null; items: Array<{ role: string; lead?: string; text: { ref?: string } }> }
    out.unshift(...(await Promise.all(node.items.map(async (item) => [...(item.lead === undefined ? [] : [{ role: item.role, text: item.lead }]), { role: item.role, text: await read(item.text.ref) }]))).flat())
    at = node.prev
  }
  return [...out, { role: 'user', text: appended?.text ?? '' }]
}

describe('the LangChain baseline', () => {
  it('shows tools with single inputs, the form and the problem, and stops where an observation begins', async () => {
    const { agent, sent } = await briefed()
    const request = only(sent, 'completion.requested')
    expect([request.role, JSON.parse(request.settings?.text ?? ''), request.nth]).toEqual(['model', { ...ROLE, stop: ['\nObservation:'] }, 0])
    const [system, ...rest] = await prompt(agent, sent)
    expect(system?.text).toContain('Execute Script: Execute Script it. Its one input is a JSON object: {"script_name": "[a script]"}')
    expect(system?.text).not.toContain('Final Answer it.')
    expect(rest.map(({ text: words }) => words)).toEqual(['The problem:', 'Make it better.', 'Thought:'])
  })

  it('a round is an action of the environment, and all rounds stay in the scratchpad in full', async () => {
    const { agent, sent } = await briefed()
    const opening = await prompt(agent, sent)
    const act = await reply(agent, LIST)
    const request = only(act, 'action.requested')
    expect([act[0]?.to, request.call, request.name, JSON.parse(request.arguments?.text ?? '')]).toEqual(['environment', 2, 'List Files', { dir_path: '.' }])
    expect(Buffer.from(await agent.blobs.get(request.thought?.ref ?? '')).toString()).toBe(LIST)
    const long = 'x'.repeat(50_000)
    await observe(agent, long)
    await reply(agent, `${LIST}\nObservation: invented`)
    const after = await observe(agent, 'second', 2)
    expect((await prompt(agent, after)).slice(opening.length - 1)).toEqual([
      { role: 'assistant', text: LIST }, { role: 'user', text: 'Observation:' }, { role: 'user', text: long },
      { role: 'assistant', text: `${LIST}` }, { role: 'user', text: 'Observation:' }, { role: 'user', text: 'second' }, { role: 'user', text: 'Thought:' },
    ])
    expect(only(after, 'completion.requested').nth).toBe(2)
  })

  it('its final answer is the action Final Answer', async () => {
    const { agent } = await briefed()
    const { name, arguments: args } = only(await reply(agent, 'Thought: enough\nFinal Answer: It is better now.'), 'action.requested')
    expect([name, JSON.parse(args?.text ?? '')]).toEqual(['Final Answer', { final_answer: 'It is better now.' }])
    expect(await observe(agent, '', 1, true)).toEqual([])
    expect(agent.state.snapshot.status).toBe('done')
  })

  it('a reply that cannot be read is an observation of its own loop and costs no step', async () => {
    const { agent } = await briefed()
    const again = await reply(agent, 'Action: Google\nAction Input: {"q": 1}')
    expect(types(again)).toEqual(['completion.requested'])
    expect((await prompt(agent, again)).slice(3, -1)).toEqual([
      { role: 'assistant', text: 'Action: Google\nAction Input: {"q": 1}' }, { role: 'user', text: 'Observation:' }, { role: 'user', text: expect.stringMatching(/no tool was used: there is no action "Google"/) },
    ])
    expect((await prompt(agent, await reply(agent, '  ')))[6]).toEqual({ role: 'assistant', text: '(an empty reply)' })
    expect((await prompt(agent, await fail(agent, 'content_filter'))).at(-2)?.text).toMatch(/filtered/)
    expect(types(await reply(agent, LIST))).toEqual(['action.requested'])
  })

  it('too many of them in a row cost a step under no name, and too many of those end the run', async () => {
    const { agent } = await briefed({ max_parse_errors: 1, max_invalid: 2 })
    await reply(agent, 'hm')
    const { name, arguments: args } = only(await reply(agent, 'hm again'), 'action.requested')
    expect([name, args?.text]).toEqual(['', 'hm again'])
    await observe(agent, 'refused')
    await reply(agent, 'hm')
    expect(only(await reply(agent, 'hm'), 'agent.gave_up').error).toMatchObject({ source: 'agent', code: 'no_valid_reply' })
    expect(agent.state.snapshot.status).toBe('done')
  })

  it('a step that went well forgives the errors before it', async () => {
    const { agent } = await briefed({ max_parse_errors: 0, max_invalid: 2 })
    for (let step = 1; step < 10; step += 2) {
      expect(only(await reply(agent, 'hm'), 'action.requested').name).toBe('')
      await observe(agent, 'refused', step)
      expect(only(await reply(agent, LIST), 'action.requested').name).toBe('List Files')
      await observe(agent, 'ok', step + 1)
    }
  })

  it('a provider that cannot serve it ends the run with its error; without a model it says so; a cancelled call ends in silence', async () => {
    const one = await briefed()
    expect(only(await fail(one.agent, 'authentication'), 'agent.gave_up').error?.code).toBe('authentication')
    for (const llm of ['{}', '']) expect(only((await briefed({}, llm === '' ? '{}' : llm)).sent, 'agent.gave_up').error?.code).toBe('no_model')
    const other = await briefed()
    expect(await fail(other.agent, 'cancelled')).toEqual([])
    expect(other.agent.state.snapshot.status).toBe('done')
  })

  it('what it keeps does not grow with the scratchpad, nor does what a round writes', async () => {
    const { agent } = await briefed()
    const written: number[] = []
    for (let step = 1; step <= 300; step++) {
      await reply(agent, `Round ${step}.\nAction: List Files\nAction Input: {"dir_path": "${step}"}`)
      const before = agent.blobs.contents.size
      await observe(agent, `seen ${step}`, step)
      written.push([...agent.blobs.contents.values()].slice(before).reduce((sum, data) => sum + data.length, 0))
      expect(canonicalJson(agent.context).length).toBeLessThan(4096)
    }
    expect(Math.max(...written.slice(1))).toBeLessThan(1024)
  })

  it('a limit on observations keeps their beginning and their end', async () => {
    const { agent } = await briefed({ observation_limit: 10 })
    await reply(agent, LIST)
    expect((await prompt(agent, await observe(agent, `begin${'x'.repeat(90)}final`))).at(-2)?.text).toBe('begin\n[... 90 characters left out ...]\nfinal')
  })
})
