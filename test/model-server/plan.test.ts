import { expect, it } from 'vitest'
import { everyRequest, faultQueue, faultWhen, firstOf, inOrder } from './index.ts'
import type { ModelRequest } from './index.ts'

const request = (change: Partial<ModelRequest> = {}): ModelRequest => ({
  wire: 'openai', model: 'gpt-test', system: '', messages: [{ role: 'user', text: 'x' }], tools: [], stream: false, maxTokens: undefined, stop: [], nth: 1, attempt: 1, body: { model: 'gpt-test' }, ...change,
})

it('a queue gives each request its entry and is well after the last', () => {
  const faults = faultQueue([{ fault: 'rate-limited', retryAfter: 1 }, 'ok', 'overloaded'])
  expect([1, 2, 3, 4].map(() => faults(request()))).toEqual([{ fault: 'rate-limited', retryAfter: 1 }, undefined, { fault: 'overloaded' }, undefined])
})

it('faults of every request follow its attempts', () => {
  const faults = everyRequest('server-error', 'time-out')
  expect([1, 2, 3].map((attempt) => faults(request({ attempt }))?.fault)).toEqual(['server-error', 'time-out', undefined])
})

it('faults of a predicate stop after so many times, and the first of several counts', () => {
  const faults = firstOf(faultWhen(({ stream }) => stream, 'cut-mid-reply', 1), faultWhen(({ nth }) => nth > 2, 'refusal'))
  expect([request(), request({ stream: true }), request({ stream: true }), request({ nth: 3 })].map((each) => faults(each)?.fault)).toEqual([undefined, 'cut-mid-reply', undefined, 'refusal'])
})

it('replies come in order, and a request that came before has its own again where that is wished', () => {
  const replies = inOrder(['one', 'two'], { sameAgain: true })
  const bodies = ['a', 'b', 'a'].map((content) => request({ body: { content } }))
  expect(bodies.map((each) => replies(each).text)).toEqual(['one', 'two', 'one'])
  expect(() => replies(request({ body: { content: 'c' } }))).toThrow('all 2 replies are used up')
})
