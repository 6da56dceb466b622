import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { autogptAgent } from '../../../actors/agent/autogpt/index.ts'
import { autogptConfig } from '../../../actors/agent/autogpt/config.ts'
import { readCommand } from '../../../actors/agent/autogpt/read-command.ts'
import { text } from '../../../actors/protocol.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { EventPayloads } from '../../../schemas/generated/events.ts'
import { only, stage, types } from '../../host/stage.ts'
import type { Sent, Stage } from '../../host/stage.ts'

const ROLE = { provider: 'scripted', model: 'm', max_tokens: 4000, account: 'environment' }
const LLM = canonicalJson({ model: ROLE, fast: ROLE, edit: ROLE })
const spec = (name: string, args: Record<string, string>) => ({ name, description: `${name} it.`, arguments: args, returns: 'a result', primitive: true, schema: {} })
const ACTIONS = ['List Files', 'Execute Script', 'Final Answer']
const SPECS = canonicalJson([spec('List Files', { dir_path: 'a folder' }), spec('Execute Script', { script_name: 'a script' }), spec('Final Answer', { final_answer: 'the end' })])
const thoughts = { text: 'look first', reasoning: 'nothing is known', plan: ['list', 'run'], criticism: 'I have no baseline', speak: 'hello' }
const list = (dir = '.') => JSON.stringify({ thoughts, command: { name: 'List Files', args: { dir_path: dir } } })

describe('a reply in Auto-GPT\'s form', () => {
  const read = (reply: string, cut = false) => readCommand(reply, ACTIONS, cut)

  it('is a command with its thoughts and self-criticism', () => {
    expect(read(list())).toEqual({
      ok: true, name: 'List Files', args: { dir_path: '.' }, thought: 'look first\nReasoning: nothing is known\nPlan:\n- list\n- run\nCriticism: I have no baseline', criticism: 'I have no baseline',
    })
  })

  it('may be fenced, prefixed, in another order or with small faults; thoughts may be a text or missing', () => {
    const plain = '{"command": {"args": {"dir_path": "."}, "name": "list_files"}, "thoughts": "so",}'
    for (const reply of [plain, `Sure!\n\`\`\`json\n${plain}\n\`\`\`\nThat is my command.`, plain.replaceAll('"', "'")]) expect(read(reply), reply).toMatchObject({ ok: true, name: 'List Files', args: { dir_path: '.' }, thought: 'so' })
    expect(read('{"command": {"name": "List Files", "args": "{\\"dir_path\\": \\"a\\"}"}}')).toMatchObject({ ok: true, args: { dir_path: 'a' }, thought: '' })
    expect(read('{"command": {"name": "List Files"}}')).toMatchObject({ ok: true, args: {} })
  })

  it('of several objects the first counts', () => {
    expect(read(`${list('a')}\n${list('b')}`)).toMatchObject({ ok: true, args: { dir_path: 'a' } })
  })

  it.each([
    ['nothing', '', /empty/], ['prose', 'I will list the files.', /no JSON/], ['no command', '{"thoughts": {"text": "x"}}', /no "command"/], ['a command as text', '{"command": "List Files"}', /no "command"/],
    ['a command without a name', '{"command": {"args": {}}}', /no "name"/], ['an unknown command', '{"command": {"name": "google", "args": {}}}', /no command "google"/],
    ['args that are a list', '{"command": {"name": "List Files", "args": ["."]}}', /"args" of "List Files"/], ['args that are prose', '{"command": {"name": "List Files", "args": "the folder"}}', /"args"/],
  ])('%s is no command', (_name, reply, sentence) => { expect(read(reply)).toEqual({ ok: false, sentence: expect.stringMatching(sentence) }) })

  it('cut in the middle is never completed', () => {
    const whole = list('a long folder')
    for (let at = 1; at < whole.length; at++) expect(read(whole.slice(0, at), true).ok, whole.slice(0, at)).toBe(false)
    expect(read(whole, true).ok).toBe(true)
    expect(read(whole.slice(0, 40), true)).toMatchObject({ sentence: expect.stringMatching(/cut off/) })
  })

  it('whatever it is, it is read without a throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.array(fc.constantFrom('{', '}', '"command"', ':', '"name"', '"List Files"', ',', '"args"', '[', ']', '"thoughts"', '\n', '```')).map((some) => some.join(''))), fc.boolean(), (reply, cut) => {
      const command = readCommand(reply, ACTIONS, cut)
      if (command.ok) expect(ACTIONS).toContain(command.name)
      else expect(command.sentence).not.toBe('')
    }), { numRuns: 500 })
  })
})

async function briefed(config: object = {}, maxSteps = 50, llm = LLM): Promise<{ agent: Stage; sent: Sent[] }> {
  const agent = stage('agent', autogptAgent.logic)
  const sent = await agent.receive('agent.briefed', {
    problem: text('Make it better.'), agent: 'autogpt', config: canonicalJson(autogptConfig.parse(config)), actions: ACTIONS, entry: 'train.py', seed: 1, specs: text(SPECS), llm, limits: { max_steps: maxSteps, max_time_ms: 0, max_tokens: 0, max_cost_usd: 0 },
  })
  return { agent, sent }
}
const call = (agent: Stage) => agent.context['call'] as number
const reply = (agent: Stage, words: string, more: Partial<EventPayloads['completion.delivered']> = {}) => agent.receive('completion.delivered', { call: call(agent), ok: true, reply: text(words), stop_reason: 'stop', ...more }, { from: 'llm-tool/3' })
const fail = (agent: Stage, code: string) => agent.receive('completion.delivered', { call: call(agent), ok: false, stop_reason: 'error', error: { source: 'provider', code, message: `it is ${code}` } }, { from: 'llm-tool/3' })
const observe = (agent: Stage, words: string, step = 1, final = false) => agent.receive('observation.delivered', { call: call(agent), step, observation: text(words), tree: '', ok: true, final, code: '' }, { from: 'environment' })
const summary = (agent: Stage, answer: string, ok = true) => (ok ? reply(agent, answer) : fail(agent, answer))

interface Segment { role: string; text: string; keep?: boolean }
async function prompt(agent: Stage, sent: readonly Sent[]): Promise<Segment[]> {
  const { base, appended } = only(sent, 'completion.requested')
  const read = async (ref: string | undefined) => Buffer.from(await agent.blobs.get(ref ?? '')).toString()
  const out: Segment[] = []
  for (let at: { ref?: string } | null = base ?? null; at !== null;) {
    const node = JSON.parse(await read(at.ref)) as { prev: { ref?: string } | null; items: Array<{ role: string; lead?: string; text: { ref?: string }; keep?: boolean }> }
    const kept = (item: { keep?: boolean }) => (item.keep === undefined ? {} : { keep: item.keep })
    out.unshift(...(await Promise.all(node.items.map(async (item) => [...(item.lead === undefined ? [] : [{ role: item.role, text: item.lead, ...kept(item) }]), { role: item.role, text: await read(item.text.ref), ...kept(item) }]))).flat())
    at = node.prev
  }
  return [...out, { role: 'user', text: appended?.text ?? '' }]
}
const words = async (agent: Stage, sent: readonly Sent[]) => (await prompt(agent, sent)).map((segment) => segment.text).join('\n\n')

describe('Auto-GPT', () => {
  it('has the problem as its only goal, unless it is given others, and is told its commands and its steps', async () => {
    const { agent, sent } = await briefed()
    const shown = await words(agent, sent)
    expect(shown).toMatch(/GOALS\n1\. Solve the research problem below[^\n]*\n\n/)
    expect(shown).toContain('2. "Execute Script": Execute Script it. args: {"script_name": "[a script]"}')
    expect(shown).toContain('Make it better.')
    expect(shown).not.toContain('steps left')
    const short = await briefed({}, 4)
    expect(await words(short.agent, short.sent)).toContain('You have 4 steps left.')
    expect(only(sent, 'completion.requested')).toMatchObject({ call: 1, role: 'model', nth: 0 })
    const other = await briefed({ goals: ['be quick', 'be right'] }, 0)
    const goals = await words(other.agent, other.sent)
    expect(goals).toContain('GOALS\n1. be quick\n2. be right\n')
    expect(goals).not.toContain('steps left')
    expect((await words((await briefed({}, 1)).agent, (await briefed({}, 1)).sent))).toContain('This is your last step')
  })

  it('a command is an action of the environment, with all thoughts before it', async () => {
    const { agent } = await briefed()
    const sent = await reply(agent, list())
    const request = only(sent, 'action.requested')
    expect([sent[0]?.to, request.call, request.name, JSON.parse(request.arguments?.text ?? '')]).toEqual(['environment', 2, 'List Files', { dir_path: '.' }])
    expect(Buffer.from(await agent.blobs.get(request.thought?.ref ?? '')).toString()).toContain('"criticism":"I have no baseline"')
    const next = await observe(agent, 'train.py')
    expect((await prompt(agent, next)).slice(3)).toEqual([
      { role: 'assistant', text: list() }, { role: 'user', text: 'Result of the command "List Files":' }, { role: 'user', text: 'train.py' }, { role: 'user', text: expect.stringMatching(/Choose the next command/) },
    ])
  })

  it('a long result shows its beginning and its end', async () => {
    const { agent } = await briefed({ observation_limit: 500 })
    await reply(agent, list())
    const shown = await words(agent, await observe(agent, `begin${'x'.repeat(600)}final`))
    expect(shown).toMatch(/begin\u0078+\n\[\.\.\. 110 characters left out \.\.\.\]\nx+final/)
  })

  it('a reply that cannot be used is asked for again with the reason, and leaves no trace in later prompts', async () => {
    const { agent } = await briefed()
    const again = await reply(agent, 'I will list the files.')
    expect((await prompt(agent, again)).slice(3, 5)).toEqual([{ role: 'assistant', text: 'I will list the files.' }, { role: 'user', keep: true, text: expect.stringMatching(/no command was carried out: there is no JSON object/) }])
    expect((await prompt(agent, await fail(agent, 'refusal'))).at(-2)?.text).toMatch(/refusal/)
    await reply(agent, list())
    expect(await words(agent, await observe(agent, 'ok'))).not.toContain('I will list the files.')
  })

  it('too many of them cost a step under no name, and too many of those end the run', async () => {
    const { agent } = await briefed({ max_retries: 1, max_invalid: 2 })
    await reply(agent, 'hm')
    expect(only(await reply(agent, 'hm again'), 'action.requested')).toMatchObject({ name: '', arguments: { text: 'hm again' } })
    expect(await words(agent, await observe(agent, 'refused'))).toContain('No command was carried out:')
    await reply(agent, 'hm')
    expect(only(await reply(agent, 'hm'), 'agent.gave_up').error).toMatchObject({ source: 'agent', code: 'no_valid_reply' })
  })

  it('folds what is old into a running summary each time twice the window is full, and keeps the newest steps', async () => {
    const { agent } = await briefed({ steps_in_context: 2 })
    let sent: Sent[] = []
    for (let step = 1; step <= 4; step++) {
      expect(step === 1 ? ['completion.requested'] : types(sent)).toEqual(['completion.requested'])
      await reply(agent, list(`folder ${step}`))
      sent = await observe(agent, `result ${step}`, step)
    }
    const asked = only(sent, 'completion.requested')
    expect([sent[0]?.to, asked.role, asked.nth]).toEqual([`llm-tool/${2 * call(agent) + 1}`, 'fast', 0])
    expect((await prompt(agent, sent)).slice(1, -1).map((segment) => segment.text)).toEqual([
      'Step 1, command "List Files":', expect.stringContaining('folder 1'), 'Result of step 1:', 'result 1', 'Step 2, command "List Files":', expect.stringContaining('folder 2'), 'Result of step 2:', 'result 2',
    ])
    const next = await summary(agent, 'Two folders were listed.')
    const shown = await prompt(agent, next)
    expect(shown.slice(3, 5).map((segment) => [segment.text, segment.keep])).toEqual([[expect.stringMatching(/in short/), true], ['Two folders were listed.', true]])
    const all = shown.map((segment) => segment.text).join('\n')
    expect([1, 2, 3, 4].map((step) => all.includes(`result ${step}`))).toEqual([false, false, true, true])

    for (const step of [5, 6]) {
      await reply(agent, list(`folder ${step}`))
      sent = await observe(agent, `result ${step}`, step)
    }
    expect((await prompt(agent, sent)).slice(1, 4).map((segment) => segment.text)).toEqual(['Summary of the steps before:', 'Two folders were listed.', 'Step 3, command "List Files":'])
    expect(only(sent, 'completion.requested')).toMatchObject({ role: 'fast', nth: 1 })
  })

  it('where no summary could be made the old one stays and says what it lacks', async () => {
    const { agent } = await briefed({ steps_in_context: 1 })
    for (const step of [1, 2]) { await reply(agent, list()); await observe(agent, `result ${step}`, step) }
    await summary(agent, 'One folder.')
    await reply(agent, list())
    expect(only(await observe(agent, 'result 3', 3), 'completion.requested').role).toBe('fast')
    expect(await words(agent, await summary(agent, 'overloaded', false))).toContain('One folder.\n[Of the steps 2 to 2 there is no summary.]')
    expect(agent.state.snapshot.status).toBe('active')
  })

  it('a provider that cannot serve it ends the run with its error; without a model it says so; what is cancelled ends in silence', async () => {
    expect(only(await fail((await briefed()).agent, 'quota_exhausted'), 'agent.gave_up').error?.code).toBe('quota_exhausted')
    expect(only((await briefed({}, 5, '{}')).sent, 'agent.gave_up').error?.code).toBe('no_model')
    const { agent } = await briefed({ steps_in_context: 1 })
    for (const step of [1, 2]) { await reply(agent, list()); await observe(agent, 'x', step) }
    expect(await summary(agent, 'cancelled', false)).toEqual([])
    expect(agent.state.snapshot.status).toBe('done')
    const last = await briefed()
    await reply(last.agent, list())
    expect(await observe(last.agent, 'over', 1, true)).toEqual([])
  })

  it('what it keeps does not grow, however long the run and its texts', async () => {
    const { agent } = await briefed({ steps_in_context: 10 }, 1000)
    let largest = 0
    for (let step = 1; step <= 200; step++) {
      await reply(agent, list('long '.repeat(400)))
      const sent = await observe(agent, `${step} ${'x'.repeat(12_000)}`, step)
      if (only(sent, 'completion.requested').role === 'fast') await summary(agent, 'y'.repeat(10_000))
      largest = Math.max(largest, canonicalJson(agent.context).length)
    }
    expect(largest).toBeLessThan(16 * 1024)
  })
})
