import { KymoError } from '../../schemas/errors.ts'
import type { Fault, FaultName, ModelRequest, Reply } from './types.ts'

export type Faults = (request: ModelRequest) => Fault | undefined
type Planned = Fault | FaultName | 'ok'

const faultOf = (planned: Planned | undefined): Fault | undefined => (planned === undefined || planned === 'ok' ? undefined : typeof planned === 'string' ? { fault: planned } : planned)

/** One entry per request, in the order in which they come; after the last all is well. */
export function faultQueue(plan: readonly Planned[]): Faults {
  const rest = [...plan]
  return () => faultOf(rest.shift())
}

/** Each request meets these faults before it is answered, however many others there are: its n-th attempt meets the n-th. */
export const everyRequest = (...plan: readonly Planned[]): Faults => ({ attempt }) => faultOf(plan[attempt - 1])

/** A fault for the requests that a predicate names, at most so many times. */
export function faultWhen(predicate: (request: ModelRequest) => boolean, planned: Planned, times = Infinity): Faults {
  let left = times
  return (request) => (left > 0 && predicate(request) && left-- > 0 ? faultOf(planned) : undefined)
}

/** The first fault that any of these has for a request. */
export const firstOf = (...faults: readonly Faults[]): Faults => (request) => {
  for (const each of faults) {
    const fault = each(request)
    if (fault) return fault
  }
  return undefined
}

const replyOf = (reply: Reply | string): Reply => (typeof reply === 'string' ? { text: reply } : reply)

/**
 * Replies in the order in which requests come. With `sameAgain` a request that came before has the reply it had, so that a client that was killed
 * before it heard the reply does not miss one. Throws KYMO_MODEL_SERVER_SILENT when all are used up.
 */
export function inOrder(replies: readonly (Reply | string)[], { sameAgain = false } = {}): (request: ModelRequest) => Reply {
  const given = new Map<string, Reply>()
  let next = 0
  return ({ wire, body }) => {
    const id = JSON.stringify([wire, body])
    const before = sameAgain ? given.get(id) : undefined
    if (before) return before
    const reply = replies[next]
    if (reply === undefined) throw new KymoError('KYMO_MODEL_SERVER_SILENT', `all ${replies.length} replies are used up. Give it as many as the agent asks for.`)
    next++
    given.set(id, replyOf(reply))
    return replyOf(reply)
  }
}

/** Text of the last thing that was said to the model. */
export const lastText = ({ messages }: ModelRequest): string => messages.at(-1)?.text ?? ''
