import { outcomeId } from '../../../schemas/record.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import { placeOf, problem } from '../problem.ts'
import type { Check, Problem } from '../problem.ts'

interface Effect { kind: string; call: number; requester: string; maxAttempts: number; seq: number; attempt: number; fence: number; running: boolean; cancelled: boolean; outcome: number | undefined }

type Outcome = Extract<AnyEvent, { type: 'effect.succeeded' | 'effect.failed' }>

/** Contract 4: attempts follow each other only after a loss, and each effect has one outcome, of the attempt that held it. */
export function effectsCheck(): Check {
  const effects = new Map<string, Effect>()

  const wrong = (event: AnyEvent, field: string, expected: unknown, actual: unknown, why: string): Problem =>
    problem('effects', placeOf(event), field, expected, actual, `seq ${event.seq} (${event.type}): ${why}`)

  const unknown = (event: AnyEvent, id: string): Problem[] => [wrong(event, 'effect', id, 'nothing', `there is no effect ${id.slice(0, 12)}`)]

  const started = (event: Extract<AnyEvent, { type: 'effect.started' }>): Problem[] => {
    const effect = effects.get(event.payload.effect)
    if (effect === undefined) return unknown(event, event.payload.effect)
    const found: Problem[] = []
    if (effect.outcome !== undefined) found.push(wrong(event, 'effect', 'an open effect', `an outcome at seq ${effect.outcome}`, 'an effect that has its outcome was started again'))
    if (effect.running) found.push(wrong(event, 'attempt', effect.attempt, event.attempt, `attempt ${effect.attempt} was not lost when the next one started`))
    if (event.attempt !== effect.attempt + 1) found.push(wrong(event, 'attempt', event.attempt, effect.attempt + 1, `attempt ${event.attempt} follows attempt ${effect.attempt}`))
    if (event.fence !== event.seq) found.push(wrong(event, 'fence', event.fence, event.seq, 'a fence is the seq of its own start'))
    if (event.payload.kind !== effect.kind) found.push(wrong(event, 'kind', event.payload.kind, effect.kind, 'another kind of effect was started than was asked for'))
    Object.assign(effect, { attempt: event.attempt, fence: event.fence, running: true })
    return found
  }

  const lost = (event: Extract<AnyEvent, { type: 'effect.lost' }>): Problem[] => {
    const effect = effects.get(event.payload.effect)
    if (effect === undefined) return unknown(event, event.payload.effect)
    const found: Problem[] = []
    if (!effect.running) found.push(wrong(event, 'attempt', event.attempt, 'none', 'an attempt was lost that was not under way'))
    else if (event.attempt !== effect.attempt) found.push(wrong(event, 'attempt', event.attempt, effect.attempt, 'another attempt was lost than the one under way'))
    else if (event.fence !== effect.fence) found.push(wrong(event, 'fence', event.fence, effect.fence, 'the fence is not that of the attempt under way'))
    effect.running = false
    return found
  }

  const settled = (event: Outcome): Problem[] => {
    const { effect: id, kind, call } = event.payload
    const effect = effects.get(id)
    if (effect === undefined) return unknown(event, id)
    if (effect.outcome !== undefined) return [wrong(event, 'effect', 'one outcome', `another at seq ${effect.outcome}`, 'this effect has an outcome already')]
    const found: Problem[] = []
    const own = event.from === 'journal'
    if (!own && !effect.running) found.push(wrong(event, 'attempt', event.attempt, 'none', 'no attempt of this effect was under way'))
    if (own && effect.running) found.push(wrong(event, 'attempt', event.attempt, effect.attempt, `the journal gave up an effect whose attempt ${effect.attempt} was under way`))
    if (own && !effect.cancelled && effect.attempt < effect.maxAttempts) found.push(wrong(event, 'attempt', effect.maxAttempts, effect.attempt, 'the journal gave up an effect that was not cancelled and had attempts left'))
    if (event.attempt !== effect.attempt) found.push(wrong(event, 'attempt', event.attempt, effect.attempt, 'the outcome is of another attempt than the one under way'))
    if (event.fence !== effect.fence) found.push(wrong(event, 'fence', event.fence, effect.fence, 'the fence is not that of the attempt under way'))
    if (kind !== effect.kind) found.push(wrong(event, 'kind', kind, effect.kind, 'the outcome is of another kind than what was asked for'))
    if (call !== effect.call) found.push(wrong(event, 'call', call, effect.call, 'the outcome carries another number than its request'))
    if (event.to !== effect.requester) found.push(wrong(event, 'to', event.to, effect.requester, `the outcome went to ${event.to || 'nobody'}, but ${effect.requester} asked for it`))
    const derived = outcomeId(event.runId, id, own ? effect.attempt + 1_000_000 : event.attempt)
    if (event.id !== derived) found.push(wrong(event, 'event_id', event.id, derived, 'its id is not derived from its effect and attempt'))
    effect.outcome = event.seq
    effect.running = false
    return found
  }

  return {
    apply: (event) => {
      switch (event.type) {
        case 'effect.requested':
          effects.set(event.id, {
            kind: event.payload.kind, call: event.payload.call, requester: event.from, maxAttempts: Math.max(1, event.payload.max_attempts), seq: event.seq, attempt: 0, fence: 0, running: false, cancelled: false, outcome: undefined,
          })
          return []
        case 'effect.started': return started(event)
        case 'effect.lost': return lost(event)
        case 'effect.succeeded':
        case 'effect.failed': return settled(event)
        case 'effect.cancel_requested': {
          const effect = effects.get(event.payload.effect)
          if (effect === undefined) return unknown(event, event.payload.effect)
          effect.cancelled = true
          return effect.requester === event.from ? [] : [wrong(event, 'from', effect.requester, event.from, 'only who asked for an effect may cancel it')]
        }
        default: return []
      }
    },
  }
}
