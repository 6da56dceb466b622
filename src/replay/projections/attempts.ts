import type { Projection } from './projection.ts'

export interface RepeatedEffect {
  effect: string
  kind: string
  /** who asked for it */
  requester: string
  call: number
  seq: number
  attempts: number
  lost: Array<{ attempt: number; seq: number; reason: string }>
  /** seq of its outcome, null while there is none */
  outcome: number | null
}

/** Effects that took more than one attempt, or lost the one they had. */
export const attemptsProjection: Projection<Map<string, RepeatedEffect>, RepeatedEffect[]> = {
  name: 'attempts',
  version: 1,
  initial: () => new Map(),
  apply: (effects, event) => {
    if (event.type === 'effect.requested') effects.set(event.id, { effect: event.id, kind: event.payload.kind, requester: event.from, call: event.payload.call, seq: event.seq, attempts: 0, lost: [], outcome: null })
    if (event.type !== 'effect.started' && event.type !== 'effect.lost' && event.type !== 'effect.succeeded' && event.type !== 'effect.failed') return effects
    const effect = effects.get(event.payload.effect)
    if (effect === undefined) return effects
    if (event.type === 'effect.started') effect.attempts = event.attempt
    else if (event.type === 'effect.lost') effect.lost.push({ attempt: event.attempt, seq: event.seq, reason: event.payload.reason })
    else if (effect.lost.length === 0) effects.delete(effect.effect)
    else effect.outcome = event.seq
    return effects
  },
  result: (effects) => [...effects.values()].filter(({ attempts, lost }) => attempts > 1 || lost.length > 0).map((effect) => structuredClone(effect)),
}
