import type OpenAI from 'openai'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anthropicOf, openaiOf } from './clients.ts'
import { inOrder, lastText, startModelServer } from './index.ts'
import type { ModelRequest, Reply } from './index.ts'

const TWO_CALLS: Reply = { text: 'Let me look.', toolCalls: [{ name: 'list_files', arguments: { dir_path: '.' } }, { name: 'read_file', arguments: { file_name: 'größe 🙂.txt' } }] }
const parameters = { type: 'object' as const, properties: { dir_path: { type: 'string' } } }
const QUESTION = [{ role: 'user' as const, content: 'What is here?' }]

describe('replies through the official SDKs', () => {
  it('gives OpenAI a text with usage, cached tokens, model and request id', async () => {
    await using server = await startModelServer({ reply: () => ({ text: 'A script.', usage: { input: 2000, cached: 1024, output: 7, reasoning: 3 }, model: 'gpt-test-2026-01-01' }) })
    const { data, request_id } = await openaiOf(server).chat.completions.create({ model: 'gpt-test', messages: [{ role: 'system', content: 'Be brief.' }, ...QUESTION] }).withResponse()
    expect(data.choices[0]).toMatchObject({ message: { role: 'assistant', content: 'A script.', refusal: null }, finish_reason: 'stop' })
    expect(data.usage).toMatchObject({ prompt_tokens: 2000, completion_tokens: 7, total_tokens: 2007, prompt_tokens_details: { cached_tokens: 1024 }, completion_tokens_details: { reasoning_tokens: 3 } })
    expect(data.model).toBe('gpt-test-2026-01-01')
    expect(request_id).toBe(server.requests[0]?.requestId)
    expect(server.requests[0]?.request).toMatchObject({ wire: 'openai', system: 'Be brief.', messages: [{ role: 'user', text: 'What is here?' }], nth: 1, attempt: 1 })
  })

  it('gives Anthropic a text with usage, cached tokens, model and request id', async () => {
    await using server = await startModelServer({ reply: () => ({ text: 'A script.', usage: { input: 2000, cached: 1024, cacheWritten: 900, output: 7 } }) })
    const { data, request_id } = await anthropicOf(server).messages.create({ model: 'claude-test', max_tokens: 100, system: 'Be brief.', messages: QUESTION }).withResponse()
    expect(data).toMatchObject({ content: [{ type: 'text', text: 'A script.' }], stop_reason: 'end_turn', model: 'claude-test' })
    expect(data.usage).toMatchObject({ input_tokens: 76, cache_read_input_tokens: 1024, cache_creation_input_tokens: 900, output_tokens: 7 })
    expect(request_id).toBe(server.requests[0]?.requestId)
    expect(server.requests[0]?.request).toMatchObject({ wire: 'anthropic', system: 'Be brief.', messages: [{ role: 'user', text: 'What is here?' }] })
  })

  it('calls several tools at once and hears their results, for OpenAI', async () => {
    await using server = await startModelServer({ reply: inOrder([TWO_CALLS, 'Done.']) })
    const client = openaiOf(server)
    const tools = ['list_files', 'read_file'].map((name) => ({ type: 'function' as const, function: { name, parameters } }))
    const first = await client.chat.completions.create({ model: 'gpt-test', messages: QUESTION, tools })
    const message = first.choices[0]?.message
    const calls = message?.tool_calls?.flatMap((call) => (call.type === 'function' ? [call] : [])) ?? []
    expect(first.choices[0]?.finish_reason).toBe('tool_calls')
    expect(calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)])).toEqual([['list_files', { dir_path: '.' }], ['read_file', { file_name: 'größe 🙂.txt' }]])
    expect(new Set(calls.map((call) => call.id)).size).toBe(2)
    await client.chat.completions.create({
      model: 'gpt-test', tools,
      messages: [...QUESTION, { role: 'assistant', content: message?.content ?? null, tool_calls: calls }, ...calls.map((call) => ({ role: 'tool' as const, tool_call_id: call.id, content: `of ${call.function.name}` }))],
    })
    expect(rolesOf(server.requests[1]?.request)).toEqual(['user', 'assistant+2', 'tool of list_files', 'tool of read_file'])
  })

  it('calls several tools at once and hears their results, for Anthropic', async () => {
    await using server = await startModelServer({ reply: inOrder([TWO_CALLS, 'Done.']) })
    const client = anthropicOf(server)
    const tools = ['list_files', 'read_file'].map((name) => ({ name, input_schema: parameters }))
    const first = await client.messages.create({ model: 'claude-test', max_tokens: 100, messages: QUESTION, tools })
    const calls = first.content.flatMap((block) => (block.type === 'tool_use' ? [block] : []))
    expect(first.stop_reason).toBe('tool_use')
    expect(calls.map((call) => [call.name, call.input])).toEqual([['list_files', { dir_path: '.' }], ['read_file', { file_name: 'größe 🙂.txt' }]])
    await client.messages.create({
      model: 'claude-test', max_tokens: 100, tools,
      messages: [
        ...QUESTION,
        { role: 'assistant', content: [{ type: 'text', text: 'Let me look.' }, ...calls.map(({ id, name, input }) => ({ type: 'tool_use' as const, id, name, input }))] },
        { role: 'user', content: calls.map((call) => ({ type: 'tool_result' as const, tool_use_id: call.id, content: `of ${call.name}` })) },
      ],
    })
    expect(rolesOf(server.requests[1]?.request)).toEqual(['user', 'assistant+2', 'tool of list_files', 'tool of read_file'])
  })

  it('streams to OpenAI what it would have sent at once', async () => {
    await using server = await startModelServer({ reply: () => TWO_CALLS })
    const request = { model: 'gpt-test', messages: QUESTION, tools: [{ type: 'function' as const, function: { name: 'list_files', parameters } }] }
    const whole = await openaiOf(server).chat.completions.create(request)
    let deltas = 0
    const streamed = await openaiOf(server).chat.completions.stream({ ...request, stream_options: { include_usage: true } }).on('content.delta', () => { deltas++ }).finalChatCompletion()
    expect(deltas).toBe(1)
    expect(streamed.choices[0]?.message).toMatchObject({ content: 'Let me look.' })
    expect(streamed.choices[0]?.message.tool_calls?.map(({ function: { name, arguments: json } }) => [name, JSON.parse(json)])).toEqual([['list_files', { dir_path: '.' }], ['read_file', { file_name: 'größe 🙂.txt' }]])
    expect(streamed.choices[0]?.finish_reason).toBe('tool_calls')
    expect(streamed.usage?.completion_tokens).toBe(whole.usage?.completion_tokens)
  })

  it('sends OpenAI usage in a stream only to those who ask', async () => {
    await using server = await startModelServer({ reply: () => ({ text: 'Here.' }) })
    const usages = async (options: { stream_options?: { include_usage: boolean } }): Promise<number> => {
      const stream: AsyncIterable<OpenAI.ChatCompletionChunk> = await openaiOf(server).chat.completions.create({ model: 'gpt-test', messages: QUESTION, stream: true, ...options })
      let found = 0
      for await (const chunk of stream) if (chunk.usage) found++
      return found
    }
    expect([await usages({}), await usages({ stream_options: { include_usage: true } })]).toEqual([0, 1])
  })

  it('streams to Anthropic what it would have sent at once, thinking included', async () => {
    await using server = await startModelServer({ reply: () => ({ ...TWO_CALLS, thinking: 'What could be here, I wonder.' }) })
    const request = { model: 'claude-test', max_tokens: 1000, messages: QUESTION, tools: [{ name: 'list_files', input_schema: parameters }] }
    const whole = await anthropicOf(server).messages.create(request)
    const streamed = await anthropicOf(server).messages.stream(request).finalMessage()
    expect(streamed.content.map((block) => block.type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use'])
    expect(streamed.content.map((block) => (block.type === 'tool_use' ? block.input : block))).toEqual(whole.content.map((block) => (block.type === 'tool_use' ? block.input : block)))
    expect([streamed.stop_reason, streamed.usage.output_tokens, streamed.usage.input_tokens]).toEqual([whole.stop_reason, whole.usage.output_tokens, whole.usage.input_tokens])
  })

  it('stops at a stop sequence and at the token limit, each wire in its own words', async () => {
    await using server = await startModelServer({ reply: () => ({ text: 'Action: List Files\nObservation: a file that I made up' }) })
    const openai = async (options: { stop?: string[]; max_tokens?: number }) => (await openaiOf(server).chat.completions.create({ model: 'gpt-test', messages: QUESTION, ...options })).choices[0]
    expect(await openai({ stop: ['Observation:'] })).toMatchObject({ finish_reason: 'stop', message: { content: 'Action: List Files\n' } })
    expect(await openai({ max_tokens: 2 })).toMatchObject({ finish_reason: 'length', message: { content: 'Action: ' } })
    const anthropic = (options: { stop_sequences?: string[]; max_tokens: number }) => anthropicOf(server).messages.create({ model: 'claude-test', messages: QUESTION, ...options })
    expect(await anthropic({ max_tokens: 100, stop_sequences: ['Observation:'] })).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'Observation:', content: [{ text: 'Action: List Files\n' }] })
    expect(await anthropic({ max_tokens: 2 })).toMatchObject({ stop_reason: 'max_tokens', content: [{ text: 'Action: ' }] })
  })

  it('says any text and any arguments unchanged, whole and in a stream', async () => {
    await using server = await startModelServer({ reply: (request) => JSON.parse(lastText(request)) })
    const text = fc.string({ unit: 'grapheme', maxLength: 60 })
    await fc.assert(fc.asyncProperty(text, fc.dictionary(text, text), async (said, given) => {
      const content = JSON.stringify({ text: said, toolCalls: [{ name: 'act', arguments: given }] })
      const messages = [{ role: 'user' as const, content }]
      const chat = (await openaiOf(server).chat.completions.stream({ model: 'gpt-test', messages }).finalChatCompletion()).choices[0]?.message
      expect([chat?.content ?? '', chat?.tool_calls?.map((call) => JSON.parse(call.function.arguments))]).toEqual([said, [given]])
      const request = { model: 'claude-test', max_tokens: 10_000, messages }
      for (const message of [await anthropicOf(server).messages.create(request), await anthropicOf(server).messages.stream(request).finalMessage()]) {
        expect(message.content.map((block) => (block.type === 'tool_use' ? block.input : block.type === 'text' ? block.text : block))).toEqual(said === '' ? [given] : [said, given])
      }
    }), { numRuns: 40 })
  })

  it('knows of a client that left in the middle', async () => {
    await using server = await startModelServer({ reply: () => ({ text: 'A long story. '.repeat(50), everyMs: 20 }) })
    const stream = await openaiOf(server).chat.completions.create({ model: 'gpt-test', messages: QUESTION, stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    await expect.poll(() => server.requests[0]).toMatchObject({ outcome: 'ok', abandoned: true })
  })

  it('answers many at once, and counts a repeated request as a further attempt', async () => {
    await using server = await startModelServer({ reply: ({ attempt }) => ({ text: String(attempt) }) })
    const said = await Promise.all(Array.from({ length: 20 }, (_, index) => openaiOf(server).chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content: String(index % 10) }] })))
    expect(said.map(({ choices }) => choices[0]?.message.content).sort()).toEqual([...Array(10).fill('1'), ...Array(10).fill('2')])
    expect(new Set(said.map(({ id }) => id)).size).toBe(20)
    expect(server.requests.map(({ request }) => request?.nth)).toEqual(expect.arrayContaining(Array.from({ length: 20 }, (_, index) => index + 1)))
  })

  it('sends arguments that are no JSON as they are', async () => {
    await using server = await startModelServer({ reply: () => ({ toolCalls: [{ name: 'list_files', arguments: '{"dir_path": ".",' }] }) })
    const { choices } = await openaiOf(server).chat.completions.create({ model: 'gpt-test', messages: QUESTION })
    expect(choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { arguments: '{"dir_path": ".",' } })
  })
})

const rolesOf = (request: ModelRequest | undefined): string[] =>
  (request?.messages ?? []).map(({ role, text, toolCalls }) => (role === 'tool' ? `tool ${text}` : toolCalls ? `${role}+${toolCalls.length}` : role))
