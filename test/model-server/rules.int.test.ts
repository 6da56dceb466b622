import type Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { anthropicOf, openaiOf, thrown } from './clients.ts'
import { startModelServer } from './index.ts'
import type { ModelServer } from './index.ts'

const user = { role: 'user', content: 'Say something.' } as const
const use = { type: 'tool_use', id: 'toolu_1', name: 'list_files', input: {} } as const
const call = { id: 'call_1', type: 'function', function: { name: 'list_files', arguments: '{}' } } as const
const plain = (): Promise<ModelServer> => startModelServer({ reply: () => ({ text: 'All is well.' }) })

const OPENAI: readonly [string, Record<string, unknown>, RegExp][] = [
  ['no messages', { messages: [] }, /empty array/],
  ['an argument that it does not know', { top_k: 3 }, /Unrecognized request argument supplied: top_k/],
  ['a tool call that is not answered', { messages: [user, { role: 'assistant', content: null, tool_calls: [call] }, user] }, /did not have response messages: call_1/],
  ['a tool call at the end that is not answered', { messages: [user, { role: 'assistant', content: null, tool_calls: [call] }] }, /did not have response messages: call_1/],
  ['an answer that nobody asked for', { messages: [user, { role: 'tool', tool_call_id: 'call_1', content: 'x' }] }, /must be a response to a preceeding message/],
  ['a tool whose name has a space', { tools: [{ type: 'function', function: { name: 'List Files' } }] }, /does not match pattern/],
  ['a tool whose arguments are no object', { tools: [{ type: 'function', function: { name: 'list', parameters: { type: 'string' } } }] }, /Invalid schema for function 'list'/],
  ['a choice of tools without tools', { tool_choice: 'auto' }, /'tool_choice' is only allowed when 'tools' are specified/],
  ['max_tokens for a model that reasons', { model: 'gpt-5-mini', max_tokens: 5 }, /Use 'max_completion_tokens' instead/],
  ['a temperature for a model that reasons', { model: 'o4-mini', temperature: 0.2 }, /'temperature' does not support 0.2/],
  ['stop sequences for a model that reasons', { model: 'o3', stop: ['x'] }, /'stop' is not supported/],
  ['five stop sequences', { stop: ['a', 'b', 'c', 'd', 'e'] }, /Invalid value for 'stop'/],
  ['a temperature above 2', { temperature: 2.5 }, /Invalid value for 'temperature'/],
  ['stream options without a stream', { stream_options: { include_usage: true } }, /only allowed when 'stream' is enabled/],
]

const ANTHROPIC: readonly [string, Record<string, unknown>, RegExp][] = [
  ['no token limit', { max_tokens: undefined }, /max_tokens: /],
  ['no messages', { messages: [] }, /at least one message/],
  ['an argument that it does not know', { stop: ['x'] }, /stop: Extra inputs are not permitted/],
  ['an assistant who begins', { messages: [{ role: 'assistant', content: 'I begin.' }, user] }, /first message must use the/],
  ['an empty text', { messages: [{ role: 'user', content: '' }] }, /text content blocks must be non-empty/],
  ['a blank text', { messages: [{ role: 'user', content: [{ type: 'text', text: ' \n' }] }] }, /non-whitespace/],
  ['an empty system text', { system: '' }, /system: text content blocks must be non-empty/],
  ['a system message among the others', { messages: [{ role: 'system', content: 'Be brief.' }, user] }, /messages\.0\.role/],
  ['a tool use that is not answered', { messages: [user, { role: 'assistant', content: [use] }, user] }, /without `tool_result` blocks immediately after: toolu_1/],
  ['a result of no tool use', { messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'x' }] }] }, /unexpected `tool_use_id`/],
  ['two tool uses of one id', { messages: [user, { role: 'assistant', content: [use, use] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'x' }] }] }, /ids must be unique/],
  ['a tool whose name has a space', { tools: [{ name: 'List Files', input_schema: { type: 'object' } }] }, /tools\.0\.name/],
  ['two tools of one name', { tools: [{ name: 'a', input_schema: { type: 'object' } }, { name: 'a', input_schema: { type: 'object' } }] }, /Tool names must be unique/],
  ['a blank stop sequence', { stop_sequences: ['\n'] }, /each stop sequence must contain non-whitespace/],
  ['a temperature above 1', { temperature: 1.5 }, /temperature: /],
  ['a temperature for a new model', { model: 'claude-opus-5-5', temperature: 0.2 }, /`temperature` is deprecated for this model/],
  ['a prefill for a new model', { model: 'claude-opus-4-6', messages: [user, { role: 'assistant', content: 'It' }] }, /does not support assistant message prefill/],
  ['a prefill that ends in a space', { messages: [user, { role: 'assistant', content: 'It ' }] }, /trailing whitespace/],
  ['five cache marks', { messages: [{ role: 'user', content: 'abcde'.split('').map((text) => ({ type: 'text', text, cache_control: { type: 'ephemeral' } })) }] }, /Found 5/],
]

describe('what the providers refuse is refused here too', () => {
  it.each(OPENAI)('OpenAI refuses %s', async (_, change, message) => {
    await using server = await plain()
    const client = openaiOf(server)
    const error = await thrown(client.post('/chat/completions', { body: { model: 'gpt-test', messages: [user], ...change } }))
    expect(error).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(error.message).toMatch(message)
    expect(server.requests[0]?.outcome).toMatch(/^refused: /)
  })

  it.each(ANTHROPIC)('Anthropic refuses %s', async (_, change, message) => {
    await using server = await plain()
    const error = await thrown(anthropicOf(server).post('/v1/messages', { body: { model: 'claude-test', max_tokens: 10, messages: [user], ...change } }))
    expect(error).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(error.message).toMatch(message)
  })

  it('accepts what is in order: temperatures and prefills of older models, limits of newer ones', async () => {
    await using server = await plain()
    const messages: Anthropic.MessageParam[] = [user, { role: 'assistant', content: 'It' }]
    await anthropicOf(server).post('/v1/messages', { body: { model: 'claude-sonnet-4-5-20250929', max_tokens: 10, messages, temperature: 0.2 } })
    await openaiOf(server).chat.completions.create({ model: 'gpt-5-mini', messages: [user], max_completion_tokens: 10 })
    await openaiOf(server).chat.completions.create({ model: 'gpt-4.1', messages: [user], max_tokens: 10, temperature: 0.2, stop: ['x'] })
    expect(server.requests.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok'])
  })
})

describe('keys, models, long prompts', () => {
  it('refuses a wrong key in the words of the provider, and shows OpenAI users the ends of theirs', async () => {
    await using server = await startModelServer({ reply: () => ({ text: 'All is well.' }), key: 'right' })
    const wrong = { ...server, key: 'sk-abcdefghijklmnopqrstuvwx' }
    const openai = await thrown(openaiOf(wrong).chat.completions.create({ model: 'gpt-test', messages: [user] }))
    expect(openai).toMatchObject({ status: 401, code: 'invalid_api_key', message: expect.stringContaining('Incorrect API key provided: sk-a*******************uvwx') })
    const anthropic = await thrown(anthropicOf(wrong).messages.create({ model: 'claude-test', max_tokens: 10, messages: [user] }))
    expect(anthropic).toMatchObject({ status: 401, type: 'authentication_error' })
    expect(server.requests.every(({ request }) => request === undefined)).toBe(true)
  })

  it('refuses a request without a key', async () => {
    await using server = await plain()
    const answers = await Promise.all(['/v1/chat/completions', '/v1/messages'].map(async (path) => {
      const response = await fetch(server.url + path, { method: 'POST', body: '{}' })
      return [response.status, await response.json()]
    }))
    expect(answers).toMatchObject([[401, { error: { type: 'invalid_request_error', code: null } }], [401, { type: 'error', error: { type: 'authentication_error' } }]])
  })

  it('takes a key in the header of its own that older Anthropic clients use', async () => {
    await using server = await plain()
    const response = await fetch(`${server.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': server.key, 'anthropic-version': '2023-06-01' }, body: JSON.stringify({ model: 'claude-test', max_tokens: 10, messages: [user] }) })
    expect(response.status).toBe(200)
  })

  it('serves only the models that it was told, and prompts that fit', async () => {
    await using server = await startModelServer({ reply: () => ({ text: 'All is well.' }), models: ['gpt-test', 'claude-test'], contextTokens: 100 })
    const ask = (model: string, content: string) => openaiOf(server).chat.completions.create({ model, messages: [{ role: 'user', content }] })
    expect(await thrown(ask('gpt-other', 'x'))).toMatchObject({ status: 404, code: 'model_not_found' })
    expect(await thrown(ask('gpt-test', 'x'.repeat(1000)))).toMatchObject({ status: 400, code: 'context_length_exceeded' })
    expect((await ask('gpt-test', 'x')).choices).toHaveLength(1)
    expect((await thrown(anthropicOf(server).messages.create({ model: 'claude-test', max_tokens: 10, messages: [{ role: 'user', content: 'x'.repeat(1000) }] }))).message).toMatch(/prompt is too long: \d+ tokens > 100 maximum/)
  })

  it('tells a test whose script fails, in a way that no client tries again', async () => {
    await using server = await startModelServer({ reply: () => { throw new Error('step 3 was not expected') } })
    expect(await thrown(openaiOf(server).chat.completions.create({ model: 'gpt-test', messages: [user] }))).toMatchObject({ status: 400, message: expect.stringContaining('step 3 was not expected') })
  })
})
