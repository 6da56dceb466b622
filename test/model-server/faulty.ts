import type { ServerResponse } from 'node:http'
import { answerOf } from './answer.ts'
import { sendBody, sendEvents } from './send.ts'
import type { Break } from './send.ts'
import type { Fault, FaultName, ModelRequest, Problem, Reply, WireFormat } from './types.ts'

const HALF_SAID = 'This reply was on its way when something happened to it, so nobody will ever read how the sentence ends.'
const BREAKS: Partial<Record<FaultName, Break>> = { 'cut-mid-reply': 'cut', 'stall-mid-reply': 'stall', 'ends-early': 'early' }

/** Answers that are well-formed and useless. */
const REPLIES: Partial<Record<FaultName, Reply>> = {
  'empty-reply': { text: '', usage: { output: 0 } },
  refusal: { text: 'I cannot help with that.', stop: 'refusal' },
  'content-filter': { text: 'The first words of', stop: 'content-filter' },
  truncated: { text: 'This reply used up all the tokens that it was given and ends in the middle of a', stop: 'length' },
}

/** The three forms in which a provider says when to come again. */
export function retryHeaders({ retryAfter, retryAfterMs, retryAfterDate }: Fault): Record<string, string> {
  return {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(retryAfterMs === undefined ? {} : { 'retry-after-ms': String(retryAfterMs) }),
    // A date has whole seconds; rounding up keeps the promise of at least that long.
    ...(retryAfterDate === undefined ? {} : { 'retry-after': new Date(Math.ceil(Date.now() / 1000 + retryAfterDate) * 1000).toUTCString() }),
  }
}

export async function sendProblem(res: ServerResponse, wire: WireFormat, problem: Problem, requestId: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  // Gateways in front of the provider answer in HTML.
  if (problem.type === 'html') return sendBody(res, problem.status, { ...more, 'content-type': 'text/html' }, `<html><head><title>${problem.status} ${problem.message}</title></head><body><h1>${problem.message}</h1></body></html>`)
  return sendBody(res, problem.status, { ...more, ...problem.headers }, JSON.stringify(wire.errorBody(problem, requestId)))
}

/** Plays a fault. Returns when all that will be said is said, which for a time-out is at once. */
export async function sendFault(res: ServerResponse, wire: WireFormat, fault: Fault, request: ModelRequest, headers: Readonly<Record<string, string>>, requestId: string): Promise<void> {
  const problem = wire.problem(fault, request) ?? (fault.fault === 'error-mid-stream' && !request.stream ? wire.problem({ fault: 'server-error' }, request) : undefined)
  if (problem) return sendProblem(res, wire, { ...problem, status: fault.status ?? problem.status, message: fault.message ?? problem.message }, requestId, { ...headers, ...retryHeaders(fault) })
  if (fault.fault === 'time-out') return
  if (fault.fault === 'cut-before-headers') {
    res.socket?.destroy()
    return
  }
  const tokens = { prompt: 10, cached: 0, cacheWritten: 0 }
  const reply = { ...(REPLIES[fault.fault] ?? { text: HALF_SAID }), ...(fault.text === undefined ? {} : { text: fault.text }) }
  const answer = answerOf(reply, { ...request, stop: [] }, tokens)
  const broken = BREAKS[fault.fault]
  if (!request.stream) {
    if (fault.fault === 'empty-body') return sendBody(res, 200, headers, '')
    const body = JSON.stringify(wire.complete(answer))
    return sendBody(res, 200, headers, fault.fault === 'malformed-json' ? `${body.slice(0, -20)}...` : body, broken)
  }
  if (fault.fault === 'empty-body') return sendEvents(res, headers, [])
  const events = wire.stream(answer, request)
  const middle = Math.ceil(events.length / 2)
  const half = events.slice(0, middle)
  if (fault.fault === 'error-mid-stream') return sendEvents(res, headers, [...half, wire.streamError(requestId)])
  const bad = events[middle]
  if (fault.fault === 'malformed-json' && bad) return sendEvents(res, headers, [...half, { ...bad, data: `${bad.data.slice(0, -5)}...` }, ...events.slice(middle + 1)])
  return sendEvents(res, headers, events, { broken })
}
