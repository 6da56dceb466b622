import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { RoleSettings } from '../../../schemas/completion.ts'
import type { CompletionSpec } from '../../../schemas/generated/events.ts'
import { sha256Hex } from '../../../schemas/hash.ts'
import { MemoryBlobs } from '../../../src/blobs/index.ts'
import { rebuildRequest } from '../../../src/effects/completion/index.ts'
import type { ProviderRequest } from '../../../src/effects/completion/provider.ts'

interface Prompt { segments?: unknown[][]; question?: string; tools?: unknown[]; settings?: Partial<RoleSettings>; stop?: string[]; shorten?: number; omit?: string[] }

/** The request of a completion, as the record of it would name its parts. */
async function requestOf({ segments = [], question, tools, settings = {}, stop, shorten, omit = [] }: Prompt): Promise<ProviderRequest> {
  const blobs = new MemoryBlobs()
  const put = async (text: string) => ({ ref: await blobs.put(Buffer.from(text)), bytes: Buffer.byteLength(text) })
  let base: { ref: string; bytes: number } | null = null
  for (const items of segments) base = await put(canonicalJson({ prev: base, items }))
  const params = { provider: 'openai', model: 'm', max_tokens: 100, ...settings, ...(stop === undefined ? {} : { stop }) }
  const spec: CompletionSpec = {
    provider: params.provider, model: params.model, params: canonicalJson(params), role: 'model', omit, ...(base === null ? {} : { base }), ...(question === undefined ? {} : { appended: await put(question) }),
    ...(tools === undefined ? {} : { tools: await put(canonicalJson(tools)) }), ...(shorten === undefined ? {} : { shorten }),
  }
  return rebuildRequest(spec, async (hash) => Buffer.from(await blobs.get(hash)).toString())
}
const bodyOf = async (prompt: Prompt): Promise<Record<string, unknown>> => JSON.parse((await requestOf(prompt)).body) as Record<string, unknown>
const said = (role: string, text: string, more: object = {}) => ({ role, text: { text }, ...more })

const TOOLS = [{ name: 'list_files', description: 'Lists.', parameters: { type: 'object', properties: { dir_path: { type: 'string' } }, required: ['dir_path'] } }]
const CALLS = { tool_calls: { text: JSON.stringify([{ id: 'call_1', name: 'list_files', arguments: { dir_path: '.' } }]) } }

describe('the body of a request to OpenAI', () => {
  it('is these very bytes', async () => {
    const { body, key } = await requestOf({
      segments: [[said('system', 'You look around.')], [said('user', 'Begin.'), said('assistant', 'I look.', CALLS), said('tool', 'train.py', { tool_call_id: 'call_1' })]], question: 'And?', tools: TOOLS,
      settings: { temperature: 0.5, max_tokens: 300 }, stop: ['Observation:'],
    })
    expect(body).toBe('{"model":"m","messages":[{"role":"system","content":"You look around."},{"role":"user","content":"Begin."},'
      + '{"role":"assistant","content":"I look.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"list_files","arguments":"{\\"dir_path\\":\\".\\"}"}}]},'
      + '{"role":"tool","tool_call_id":"call_1","content":"train.py"},{"role":"user","content":"And?"}],"max_completion_tokens":300,"temperature":0.5,"stop":["Observation:"],'
      + '"tools":[{"type":"function","function":{"name":"list_files","description":"Lists.","parameters":{"properties":{"dir_path":{"type":"string"}},"required":["dir_path"],"type":"object"}}}]}')
    expect(key).toBe(sha256Hex('kymo.completion\0', 'openai', '\0', body))
  })

  it('says max_tokens to compatible servers, which mostly know no other word', async () => {
    expect(await bodyOf({ question: 'q', settings: { provider: 'openai-compatible' } })).toEqual({ model: 'm', messages: [{ role: 'user', content: 'q' }], max_tokens: 100 })
  })

  it('asks for the usage of a stream', async () => {
    expect(await bodyOf({ question: 'q', settings: { stream: true } })).toMatchObject({ stream: true, stream_options: { include_usage: true } })
  })

  it('gives arguments that were no JSON back as they came', async () => {
    const calls = { tool_calls: { text: JSON.stringify([{ id: 'a', name: 'list_files', arguments: { '': '{"dir_path": ' } }]) } }
    const { messages } = await bodyOf({ segments: [[said('assistant', '', calls), said('tool', 'no JSON', { tool_call_id: 'a' })]], tools: TOOLS })
    expect(messages).toEqual([{ role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'list_files', arguments: '{"dir_path": ' } }] }, { role: 'tool', tool_call_id: 'a', content: 'no JSON' }])
  })
})

describe('the body of a request to Anthropic', () => {
  const anthropic = { provider: 'anthropic' }

  it('is these very bytes: system apart, breakpoints of the prompt cache, results of tools before what the user says', async () => {
    const { body } = await requestOf({
      segments: [[said('system', 'You look around.', { breakpoint: true })], [said('user', 'Begin.', { breakpoint: true }), said('assistant', 'I look.', CALLS), said('tool', 'train.py', { tool_call_id: 'call_1' })]], question: 'And?', tools: TOOLS,
      settings: { ...anthropic, temperature: 1.5 }, stop: ['Observation:'],
    })
    expect(body).toBe('{"model":"m","max_tokens":100,"system":[{"type":"text","text":"You look around.","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"Begin.","cache_control":{"type":"ephemeral"}}]},'
      + '{"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"call_1","name":"list_files","input":{"dir_path":"."}}]},'
      + '{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"train.py"},{"type":"text","text":"And?"}]}],"temperature":1,"stop_sequences":["Observation:"],'
      + '"tools":[{"name":"list_files","description":"Lists.","input_schema":{"properties":{"dir_path":{"type":"string"}},"required":["dir_path"],"type":"object"}}]}')
  })

  it('begins and ends with the user, and the two take turns', async () => {
    const { messages } = await bodyOf({ segments: [[said('assistant', 'first'), said('assistant', 'second')]], settings: anthropic })
    expect((messages as Array<{ role: string }>).map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
  })

  it('a later word of the system is the user\'s; nothing but system is a conversation, too', async () => {
    const later = await bodyOf({ segments: [[said('user', 'a'), said('system', 'b'), said('user', 'c')]], settings: anthropic })
    expect(later).toMatchObject({ messages: [{ role: 'user', content: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] }] })
    const only = await bodyOf({ segments: [[said('system', 'alone')]], settings: anthropic })
    expect(only).toMatchObject({ system: [{ text: 'alone' }], messages: [{ role: 'user' }] })
  })

  it('has four breakpoints at most, the last ones', async () => {
    const segments = [1, 2, 3, 4, 5, 6].map((n) => said('user', String(n), { breakpoint: true }))
    const { messages } = await bodyOf({ segments: [segments], settings: anthropic })
    expect((messages as Array<{ content: object[] }>)[0]?.content.map((block) => 'cache_control' in block)).toEqual([false, false, true, true, true, true])
  })

  it('what stands before a breakpoint stays the same when more is said', async () => {
    const head = [said('user', 'the task', { breakpoint: true })]
    const short = (await requestOf({ segments: [head], settings: anthropic })).body
    const long = (await requestOf({ segments: [head], question: 'more', settings: anthropic })).body
    const upTo = short.indexOf('"ephemeral"')
    expect(long.slice(0, upTo)).toBe(short.slice(0, upTo))
  })
})

describe('a conversation that every provider takes', () => {
  const contents = async (segments: unknown[], tools?: unknown[]): Promise<string[]> =>
    ((await bodyOf({ segments: [segments], ...(tools === undefined ? {} : { tools }) }))['messages'] as Array<{ role: string; content: string | null }>).map(({ role, content }) => `${role}: ${content ?? ''}`)

  it('neighbours of one role are joined by a blank line, empty ones are left out', async () => {
    expect(await contents([said('user', 'a'), said('user', ' '), said('user', 'b'), said('assistant', ''), said('assistant', 'c')])).toEqual(['user: a\n\nb', 'assistant: c'])
  })

  it('a call without a result gets one, a result without a call is told as text, and an empty result says so', async () => {
    const two = { tool_calls: { text: JSON.stringify([{ id: 'x', name: 'a', arguments: {} }, { id: 'y', name: 'b', arguments: {} }]) } }
    expect(await contents([said('assistant', 'go', two), said('tool', '', { tool_call_id: 'y' }), said('tool', 'stray', { tool_call_id: 'z' })], TOOLS))
      .toEqual(['assistant: go', 'tool: (no result was recorded)', 'tool: (no output)', 'user: Result of z:\nstray'])
  })

  it('ids that come twice are told apart', async () => {
    const body = await bodyOf({ segments: [[said('assistant', '1', CALLS), said('tool', 'r1', { tool_call_id: 'call_1' }), said('assistant', '2', CALLS), said('tool', 'r2', { tool_call_id: 'call_1' })]], tools: TOOLS })
    expect((body['messages'] as Array<{ tool_call_id?: string }>).flatMap(({ tool_call_id }) => tool_call_id ?? [])).toEqual(['call_1', 'call_1_2'])
  })

  it('without a list of tools their calls and results are told as text', async () => {
    expect(await contents([said('assistant', 'go', CALLS), said('tool', 'train.py', { tool_call_id: 'call_1' })])).toEqual(['assistant: go\n\nCall call_1 of list_files: {"dir_path":"."}', 'user: Result of call_1:\ntrain.py'])
  })
})

describe('a request that was too long', () => {
  const HISTORY = [said('user', 'the task', { keep: true }), ...[1, 2, 3, 4].flatMap((n) => [said('assistant', `step ${n}`, { tool_calls: { text: JSON.stringify([{ id: `c${n}`, name: 'list_files', arguments: {} }]) } }), said('tool', `result ${n}`, { tool_call_id: `c${n}` })])]
  const shortened = async (shorten: number): Promise<string> => (await requestOf({ segments: [HISTORY], question: 'What next?', tools: TOOLS, shorten })).body

  it('level 1 leaves out the older half of what need not stay, and says how much', async () => {
    const body = await shortened(1)
    expect(body).not.toMatch(/step [12]|result [12]|"c[12]"/)
    expect(body).toMatch(/the task.*2 earlier parts.*step 3.*result 3.*step 4.*result 4.*What next/s)
  })

  it('level 2 leaves all of it out but the last, a call together with its result', async () => {
    const body = await shortened(2)
    expect(body).not.toMatch(/step [123]|result [123]/)
    expect(body).toMatch(/the task.*3 earlier parts.*step 4.*result 4.*What next/s)
  })

  it('levels 3 and 4 cut long texts in the middle, those of calls as well', async () => {
    const long = `${'a'.repeat(6000)}${'b'.repeat(6000)}`
    const segments = [[said('user', long, { keep: true }), said('assistant', '', { tool_calls: { text: JSON.stringify([{ id: 'c', name: 'write', arguments: { content: long, n: 1 } }]) } })]]
    const lengths = await Promise.all([2, 3, 4].map(async (shorten) => (await requestOf({ segments, question: 'q', tools: TOOLS, shorten })).body.length))
    expect(lengths[0]).toBeGreaterThan(24_000)
    expect(lengths[1]).toBeLessThan(17_500)
    expect(lengths[2]).toBeLessThan(9500)
    expect((await requestOf({ segments, question: 'q', shorten: 3 })).body).toContain('4000 characters left out')
  })

  it('a cut never splits a character', async () => {
    const { body } = await requestOf({ segments: [[said('user', `x${'😀'.repeat(5000)}`, { keep: true })]], shorten: 4 })
    expect(body.isWellFormed()).toBe(true)
  })

  it('keeps what must stay, however far it is cut', async () => {
    for (const level of [1, 2, 3, 4]) expect(await shortened(level)).toMatch(/the task.*What next/s)
  })
})

describe('what a model refuses is left out', () => {
  const all = { temperature: 0.5, stream: true, effort: 'low' }
  it.each<[string, Partial<RoleSettings>, string[], RegExp]>([
    ['temperature', all, ['temperature'], /"temperature"/], ['stop', all, ['stop'], /"stop"/], ['stream_options', all, ['stream_options'], /"stream_options"/], ['effort', all, ['effort'], /"reasoning_effort"/],
    ['both words for the longest reply', all, ['max_tokens', 'max_completion_tokens'], /"max_(completion_)?tokens"/], ['system', all, ['system'], /"role":"system"/],
    ['temperature, as the settings know', { ...all, omit: ['temperature'] }, [], /"temperature"/],
    ['cache_control', { ...all, provider: 'anthropic' }, ['cache_control'], /cache_control/], ['stop of Anthropic', { ...all, provider: 'anthropic' }, ['stop'], /stop_sequences/], ['effort of Anthropic', { ...all, provider: 'anthropic' }, ['effort'], /effort/],
  ])('%s', async (_title, settings, omit, sign) => {
    const prompt = { segments: [[said('system', 's', { breakpoint: true })]], question: 'q', settings, stop: ['x'] }
    if (settings.omit === undefined) expect((await requestOf(prompt)).body).toMatch(sign)
    expect((await requestOf({ ...prompt, omit })).body).not.toMatch(sign)
  })

  it('one word for the longest reply gives way to the other', async () => {
    expect(await bodyOf({ question: 'q', omit: ['max_completion_tokens'] })).toMatchObject({ max_tokens: 100 })
    expect(await bodyOf({ question: 'q', settings: { provider: 'openai-compatible' }, omit: ['max_tokens'] })).toMatchObject({ max_completion_tokens: 100 })
  })

  it('a cap on the longest reply is kept, the lowest of several', async () => {
    expect(await bodyOf({ question: 'q', settings: { max_tokens: 9000 }, omit: ['max_tokens:4096', 'max_tokens:5000'] })).toMatchObject({ max_completion_tokens: 4096 })
  })

  it('a model that takes tools only when it does not think first does not think', async () => {
    const omit = ['reasoning_with_tools']
    expect(await bodyOf({ question: 'q', tools: TOOLS, settings: { effort: 'high' }, omit })).toMatchObject({ reasoning_effort: 'none' })
    expect(await bodyOf({ question: 'q', settings: { effort: 'high' }, omit })).toMatchObject({ reasoning_effort: 'high' })
  })
})

describe('equal requests are equal bytes, others are not', () => {
  it('the cut of the list into pieces does not matter', async () => {
    const a = await requestOf({ segments: [[said('user', 'a'), said('assistant', 'b')], [said('user', 'c')]] })
    const b = await requestOf({ segments: [[said('user', 'a')], [said('assistant', 'b'), said('user', 'c')]] })
    expect(a.key).toBe(b.key)
  })
  it('provider, model, settings and words make another', async () => {
    const keys = await Promise.all([{}, { question: 'other' }, { settings: { model: 'n' } }, { settings: { temperature: 0 } }, { settings: { provider: 'openai-compatible' } }, { settings: { max_tokens: 101 } }, { stop: ['x'] }, { settings: { stream: true } }]
      .map(async (changes) => (await requestOf({ question: 'q', ...changes })).key))
    expect(new Set(keys).size).toBe(keys.length)
  })
  it('a recording stands for the provider that it recorded', async () => {
    const live = await requestOf({ question: 'q', settings: { provider: 'anthropic' } })
    const again = await requestOf({ question: 'q', settings: { provider: 'recorded', as: 'anthropic', answers: 'a'.repeat(64) } })
    expect([again.key, again.body]).toEqual([live.key, live.body])
  })
})

it.each<[string, unknown[][], string]>([
  ['a role that does not exist', [[{ role: 'robot', text: { text: 'x' } }]], 'KYMO_PROMPT'], ['no text', [[{ role: 'user' }]], 'KYMO_PROMPT'],
])('a prompt with %s is refused', async (_title, segments, code) => {
  await expect(requestOf({ segments })).rejects.toMatchObject({ code })
})

it('params that fit nowhere are refused', async () => {
  await expect(requestOf({ question: 'q', settings: { temperature: 'hot' } as never })).rejects.toMatchObject({ code: 'KYMO_PARAMS' })
})
