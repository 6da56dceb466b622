import { isKymoError, messageOf } from '../../../schemas/errors.ts'
import type { CompletionSpec } from '../../../schemas/generated/events.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import { rebuildRequest } from '../../effects/index.ts'
import { placeOf, problem } from '../problem.ts'
import type { Check, Problem } from '../problem.ts'

export interface RequestsCheck extends Check {
  /** requests rebuilt so far */
  readonly rebuilt: () => number
  /** sentences about requests that could not be rebuilt */
  readonly unchecked: string[]
}

/** The request of every completion, rebuilt byte for byte from its segments and settings, has the hash that its outcome recorded when it was sent. */
export function requestsCheck(read: (hash: string) => string | Promise<string>): RequestsCheck {
  const asked = new Map<string, CompletionSpec>()
  const unchecked: string[] = []
  let rebuilt = 0

  const compare = async (event: AnyEvent, spec: CompletionSpec, sent: string): Promise<Problem[]> => {
    try {
      const { key } = await rebuildRequest(spec, async (hash) => read(hash))
      rebuilt++
      return key === sent ? [] : [problem('requests', placeOf(event), 'request', sent, key, `seq ${event.seq}: the request to ${spec.provider}/${spec.model}, rebuilt from the record, is not the one that was sent`)]
    } catch (error) {
      // A missing blob is the business of the blob check.
      if (!isKymoError(error)) throw error
      unchecked.push(`the request answered at seq ${event.seq} was not rebuilt: ${messageOf(error)}`)
      return []
    }
  }

  return {
    rebuilt: () => rebuilt,
    unchecked,
    apply: (event) => {
      if (event.type === 'effect.requested' && event.payload.completion !== undefined) asked.set(event.id, event.payload.completion)
      if (event.type !== 'effect.succeeded' && event.type !== 'effect.failed') return []
      const spec = asked.get(event.payload.effect)
      asked.delete(event.payload.effect)
      const sent = event.type === 'effect.succeeded' ? event.payload.completion?.request : event.payload.request
      // The first version did not record it, and a request that could not be built was not sent.
      return spec === undefined || sent === undefined || sent === '' ? [] : compare(event, spec, sent)
    },
  }
}
