import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { hearOpenAi, openaiOf, thrown } from './clients.ts'
import type { Heard } from './clients.ts'
import { faultQueue, startModelServer } from './index.ts'
import type { Fault, FaultName, ModelServer } from './index.ts'

const withFault = (fault: Fault | FaultName): Promise<ModelServer> => startModelServer({ reply: () => ({ text: 'All is well.' }), faults: faultQueue([fault]) })
const ask = (server: ModelServer, timeout?: number) => openaiOf(server, timeout).chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content: 'Say something.' }] })
const nothing = (): Heard => ({ text: '', events: 0, ended: false })

const STATUSES: readonly [FaultName, new (...args: never[]) => Error, Record<string, unknown>][] = [
  ['authentication', OpenAI.AuthenticationError, { status: 401, code: 'invalid_api_key' }],
  ['permission', OpenAI.PermissionDeniedError, { status: 403 }],
  ['rate-limited', OpenAI.RateLimitError, { status: 429, code: 'rate_limit_exceeded', type: 'tokens' }],
  ['quota-exhausted', OpenAI.RateLimitError, { status: 429, code: 'insufficient_quota', type: 'insufficient_quota' }],
  ['server-error', OpenAI.InternalServerError, { status: 500, type: 'server_error' }],
  ['bad-gateway', OpenAI.InternalServerError, { status: 502, error: undefined }],
  ['unavailable', OpenAI.InternalServerError, { status: 503 }],
  ['gateway-timeout', OpenAI.InternalServerError, { status: 504, error: undefined }],
  ['overloaded', OpenAI.InternalServerError, { status: 503, type: 'server_error' }],
  ['context-overflow', OpenAI.BadRequestError, { status: 400, code: 'context_length_exceeded', param: 'messages' }],
  ['model-not-found', OpenAI.NotFoundError, { status: 404, code: 'model_not_found' }],
  ['unsupported-parameter', OpenAI.BadRequestError, { status: 400, code: 'unsupported_parameter', param: 'temperature' }],
  ['request-too-large', OpenAI.APIError, { status: 413 }],
]

describe('faults as the OpenAI SDK meets them', () => {
  it.each(STATUSES)('%s is an error status, streaming or not, and the next request is answered', async (fault, kind, fields) => {
    await using server = await startModelServer({ reply: () => ({ text: 'All is well.' }), faults: faultQueue([fault, fault]) })
    for (const error of [await thrown(ask(server)), await thrown(hearOpenAi(openaiOf(server)))]) {
      expect(error).toBeInstanceOf(kind)
      expect(error).toMatchObject(fields)
      expect(error).toHaveProperty('requestID', expect.stringMatching(/^req_/))
    }
    expect((await ask(server)).choices[0]?.message.content).toBe('All is well.')
    expect(server.requests.map(({ outcome }) => outcome)).toEqual([fault, fault, 'ok'])
  })

  it.each([[{ retryAfter: 2 }, 'retry-after', /^2$/], [{ retryAfterMs: 1500 }, 'retry-after-ms', /^1500$/], [{ retryAfterDate: 3 }, 'retry-after', /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/]] as const)(
    'a rate limit says when to come again: %j', async (form, header, value) => {
      await using server = await withFault({ fault: 'rate-limited', ...form })
      const error = await thrown(ask(server))
      expect(error).toBeInstanceOf(OpenAI.RateLimitError)
      expect(error instanceof OpenAI.APIError ? error.headers?.get(header) : null).toMatch(value)
    })

  it('a rate limit may say nothing of when', async () => {
    await using server = await withFault('rate-limited')
    const error = await thrown(ask(server))
    expect(error instanceof OpenAI.APIError && [error.headers?.get('retry-after'), error.headers?.get('retry-after-ms')]).toEqual([null, null])
  })

  it('a time-out is the client\'s own', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['time-out', 'time-out']) })
    expect(await thrown(ask(server, 100))).toBeInstanceOf(OpenAI.APIConnectionTimeoutError)
    expect(await thrown(hearOpenAi(openaiOf(server, 100)))).toBeInstanceOf(OpenAI.APIConnectionTimeoutError)
    await expect.poll(() => server.requests.map(({ abandoned }) => abandoned)).toEqual([true, true])
  })

  it('a connection that is cut before the headers is a connection error', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['cut-before-headers', 'cut-before-headers']) })
    for (const error of [await thrown(ask(server)), await thrown(hearOpenAi(openaiOf(server)))]) {
      expect(error).toBeInstanceOf(OpenAI.APIConnectionError)
      expect(error).not.toBeInstanceOf(OpenAI.APIConnectionTimeoutError)
    }
  })

  it('a connection that is cut in the middle is no API error but one of fetch, and what was streamed before is there', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['cut-mid-reply', 'cut-mid-reply']) })
    const heard = nothing()
    for (const error of [await thrown(ask(server)), await thrown(hearOpenAi(openaiOf(server), heard))]) {
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toBe('terminated')
    }
    expect(heard).toMatchObject({ text: expect.stringMatching(/^This reply was on its way/), ended: false })
  })

  it('a reply that stalls is not seen by the time-out of the SDK; a signal ends it', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['stall-mid-reply']) })
    const signal = AbortSignal.timeout(400)
    const work = openaiOf(server, 50).chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content: 'Say something.' }] }, { signal })
    await thrown(work)
    expect(signal.aborted).toBe(true)
  })

  it('a stream that ends early raises nothing: only the missing finish reason tells', async () => {
    await using server = await withFault('ends-early')
    expect(await hearOpenAi(openaiOf(server))).toMatchObject({ text: expect.stringMatching(/^This reply/), ended: false })
  })

  it('malformed JSON is a syntax error', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['malformed-json', 'malformed-json', 'ends-early']) })
    expect(await thrown(ask(server))).toBeInstanceOf(SyntaxError)
    expect(await thrown(hearOpenAi(openaiOf(server)))).toBeInstanceOf(SyntaxError)
    expect(await thrown(ask(server))).toBeInstanceOf(SyntaxError)
  })

  it('an empty body is an answer of nothing', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['empty-body', 'empty-body']) })
    expect(await ask(server)).toBeUndefined()
    expect(await hearOpenAi(openaiOf(server))).toEqual(nothing())
  })

  it('an error in the middle of a stream is an API error without a status', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['error-mid-stream', 'error-mid-stream']) })
    const heard = nothing()
    const error = await thrown(hearOpenAi(openaiOf(server), heard))
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error).toMatchObject({ status: undefined, type: 'server_error' })
    expect(heard.text).not.toBe('')
    expect(await thrown(ask(server))).toBeInstanceOf(OpenAI.InternalServerError)
  })

  it('replies of no use are told apart by their finish reason', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['empty-reply', 'refusal', 'content-filter', 'truncated']) })
    const choice = async () => (await ask(server)).choices[0]
    expect(await choice()).toMatchObject({ finish_reason: 'stop', message: { content: '', refusal: null } })
    expect(await choice()).toMatchObject({ finish_reason: 'stop', message: { content: null, refusal: 'I cannot help with that.' } })
    expect(await choice()).toMatchObject({ finish_reason: 'content_filter', message: { content: 'The first words of' } })
    expect(await choice()).toMatchObject({ finish_reason: 'length', message: { content: expect.stringMatching(/in the middle of a$/) } })
  })

  it('a refusal is streamed as one', async () => {
    await using server = await withFault('refusal')
    const stream = openaiOf(server).chat.completions.stream({ model: 'gpt-test', messages: [{ role: 'user', content: 'Say something.' }] })
    expect((await stream.finalChatCompletion()).choices[0]?.message.refusal).toBe('I cannot help with that.')
  })
})
