import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { anthropicOf, hearAnthropic, thrown } from './clients.ts'
import type { Heard } from './clients.ts'
import { faultQueue, startModelServer } from './index.ts'
import type { FaultName, ModelServer } from './index.ts'

const ask = (server: ModelServer, timeout?: number) => anthropicOf(server, timeout).messages.create({ model: 'claude-test', max_tokens: 1000, messages: [{ role: 'user', content: 'Say something.' }] })
const nothing = (): Heard => ({ text: '', events: 0, ended: false })

const STATUSES: readonly [FaultName, new (...args: never[]) => Error, number, string | null, RegExp][] = [
  ['authentication', Anthropic.AuthenticationError, 401, 'authentication_error', /invalid x-api-key/],
  ['permission', Anthropic.PermissionDeniedError, 403, 'permission_error', /permission/],
  ['rate-limited', Anthropic.RateLimitError, 429, 'rate_limit_error', /rate limit/],
  ['quota-exhausted', Anthropic.BadRequestError, 400, 'invalid_request_error', /credit balance is too low/],
  ['server-error', Anthropic.InternalServerError, 500, 'api_error', /Internal server error/],
  ['bad-gateway', Anthropic.InternalServerError, 502, null, /Bad gateway/],
  ['unavailable', Anthropic.ServiceUnavailableError, 503, 'api_error', /unavailable/],
  ['gateway-timeout', Anthropic.GatewayTimeoutError, 504, 'timeout_error', /timed out/],
  ['overloaded', Anthropic.OverloadedError, 529, 'overloaded_error', /Overloaded/],
  ['context-overflow', Anthropic.BadRequestError, 400, 'invalid_request_error', /prompt is too long: \d+ tokens > \d+ maximum/],
  ['model-not-found', Anthropic.NotFoundError, 404, 'not_found_error', /model: claude-test/],
  ['unsupported-parameter', Anthropic.BadRequestError, 400, 'invalid_request_error', /`temperature` is deprecated for this model/],
  ['request-too-large', Anthropic.ContentTooLargeError, 413, 'request_too_large', /maximum size/],
  ['content-filter', Anthropic.BadRequestError, 400, 'invalid_request_error', /content filtering policy/],
]

describe('faults as the Anthropic SDK meets them', () => {
  it.each(STATUSES)('%s is an error status, streaming or not, and the next request is answered', async (fault, kind, status, type, message) => {
    await using server = await startModelServer({ reply: () => ({ text: 'All is well.' }), faults: faultQueue([fault, fault]) })
    for (const error of [await thrown(ask(server)), await thrown(hearAnthropic(anthropicOf(server)))]) {
      expect(error).toBeInstanceOf(kind)
      expect(error).toMatchObject({ status, type, requestID: expect.stringMatching(/^req_/) })
      expect(error.message).toMatch(message)
    }
    expect((await ask(server)).content).toMatchObject([{ text: 'All is well.' }])
    expect(server.requests.map(({ outcome }) => outcome)).toEqual([fault, fault, 'ok'])
  })

  it('a rate limit says when to come again in seconds or as a date', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue([{ fault: 'rate-limited', retryAfter: 2 }, { fault: 'overloaded', retryAfterDate: 5 }, 'rate-limited']) })
    const header = async (): Promise<string | null | undefined> => {
      const error = await thrown(ask(server))
      return error instanceof Anthropic.APIError ? error.headers?.get('retry-after') : undefined
    }
    expect(await header()).toBe('2')
    expect(Date.parse(await header() ?? '')).toBeGreaterThanOrEqual((server.requests[1]?.at ?? Infinity) + 5000)
    expect(await header()).toBeNull()
  })

  it('a time-out is the client\'s own', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['time-out', 'time-out']) })
    expect(await thrown(ask(server, 100))).toBeInstanceOf(Anthropic.APIConnectionTimeoutError)
    expect(await thrown(hearAnthropic(anthropicOf(server, 100)))).toBeInstanceOf(Anthropic.APIConnectionTimeoutError)
  })

  it('a connection that is cut before the headers is a connection error', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['cut-before-headers', 'cut-before-headers']) })
    for (const error of [await thrown(ask(server)), await thrown(hearAnthropic(anthropicOf(server)))]) {
      expect(error).toBeInstanceOf(Anthropic.APIConnectionError)
      expect(error).not.toBeInstanceOf(Anthropic.APIConnectionTimeoutError)
    }
  })

  it('a connection that is cut in the middle is no API error but one of fetch, and what was streamed before is there', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['cut-mid-reply', 'cut-mid-reply']) })
    const heard = nothing()
    for (const error of [await thrown(ask(server)), await thrown(hearAnthropic(anthropicOf(server), heard))]) {
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toBe('terminated')
    }
    expect(heard).toMatchObject({ text: expect.stringMatching(/^This reply was on its way/), ended: false })
  })

  it('a stream that stalls is not seen by the time-out of the SDK, and a signal that ends it raises nothing', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['stall-mid-reply']) })
    const signal = AbortSignal.timeout(400)
    const stream = await anthropicOf(server, 50).messages.create({ model: 'claude-test', max_tokens: 100, messages: [{ role: 'user', content: 'Say something.' }], stream: true }, { signal })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(signal.aborted).toBe(true)
    expect(types).not.toContain('message_stop')
  })

  it('a stream that ends early raises nothing: only the missing message_stop tells', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['ends-early']) })
    expect(await hearAnthropic(anthropicOf(server))).toMatchObject({ text: expect.stringMatching(/^This reply/), ended: false })
  })

  it('malformed JSON is a syntax error', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['malformed-json', 'malformed-json']) })
    expect(await thrown(ask(server))).toBeInstanceOf(SyntaxError)
    expect(await thrown(hearAnthropic(anthropicOf(server)))).toBeInstanceOf(SyntaxError)
  })

  it('an empty body is an answer of nothing', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['empty-body', 'empty-body']) })
    expect(await ask(server)).toBeUndefined()
    expect(await hearAnthropic(anthropicOf(server))).toEqual(nothing())
  })

  it('an error in the middle of a stream is an API error without a status, known by its type', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['error-mid-stream', 'error-mid-stream']) })
    const heard = nothing()
    const error = await thrown(hearAnthropic(anthropicOf(server), heard))
    expect(error).toBeInstanceOf(Anthropic.APIError)
    expect(error).toMatchObject({ status: undefined, type: 'overloaded_error' })
    expect(heard.text).not.toBe('')
    expect(await thrown(ask(server))).toBeInstanceOf(Anthropic.InternalServerError)
  })

  it('replies of no use are told apart by their stop reason', async () => {
    await using server = await startModelServer({ reply: () => ({}), faults: faultQueue(['empty-reply', 'refusal', 'truncated']) })
    expect(await ask(server)).toMatchObject({ stop_reason: 'end_turn', content: [] })
    expect(await ask(server)).toMatchObject({ stop_reason: 'refusal', stop_details: { type: 'refusal' } })
    expect(await ask(server)).toMatchObject({ stop_reason: 'max_tokens', content: [{ text: expect.stringMatching(/in the middle of a$/) }] })
  })
})
