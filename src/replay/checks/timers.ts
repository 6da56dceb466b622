import type { AnyEvent } from '../../../schemas/record.ts'
import { placeOf, problem } from '../problem.ts'
import type { Check, Problem } from '../problem.ts'

interface Timer { actor: string; name: string; deadline: number; limit: boolean; spent: 'no' | 'fired' | 'cancelled' }

/** A timer fires once, not before its deadline (limit timers are put off by downtime) and not after it was cancelled. */
export function timersCheck(): Check {
  const timers = new Map<string, Timer>()

  const wrong = (event: AnyEvent, field: string, expected: unknown, actual: unknown, why: string): Problem =>
    problem('timers', placeOf(event), field, expected, actual, `seq ${event.seq} (${event.type}): ${why}`)

  const fired = (event: Extract<AnyEvent, { type: 'timer.fired' }>): Problem[] => {
    const timer = timers.get(event.payload.armed_id)
    if (timer === undefined) return [wrong(event, 'armed_id', event.payload.armed_id, 'nothing', `no timer "${event.payload.name}" was armed`)]
    const found: Problem[] = []
    if (timer.spent !== 'no') found.push(wrong(event, 'armed_id', 'an armed timer', timer.spent, `the timer "${timer.name}" was ${timer.spent} already`))
    if (event.at < timer.deadline) found.push(wrong(event, 'recorded_at_ms', event.at, timer.deadline, `the timer "${timer.name}" fired ${timer.deadline - event.at} ms before its deadline`))
    if (event.to !== timer.actor) found.push(wrong(event, 'to', event.to, timer.actor, `the timer was armed by ${timer.actor}`))
    if (event.payload.name !== timer.name) found.push(wrong(event, 'name', event.payload.name, timer.name, 'the timer was armed under another name'))
    timer.spent = 'fired'
    return found
  }

  return {
    apply: (event) => {
      switch (event.type) {
        case 'timer.armed': {
          const { name, delay_ms, limit } = event.payload
          timers.set(event.id, { actor: event.from, name, deadline: event.at + delay_ms, limit, spent: 'no' })
          return []
        }
        case 'timer.fired': return fired(event)
        case 'timer.cancelled': {
          const timer = timers.get(event.payload.armed_id)
          if (timer === undefined || timer.actor !== event.from) return [wrong(event, 'armed_id', event.payload.armed_id, timer?.actor ?? 'nothing', `${event.from} did not arm such a timer`)]
          if (timer.spent === 'no') timer.spent = 'cancelled'
          return []
        }
        case 'run.resumed':
          for (const timer of timers.values()) if (timer.limit && timer.spent === 'no') timer.deadline += event.payload.gap_ms
          return []
        default: return []
      }
    },
  }
}
