import { isActor } from '../schemas/actor-names.ts'
import { canonicalJson } from '../schemas/canonical-json.ts'
import type { AnyEvent } from '../schemas/record.ts'

/** Ids and positions: what two tellings of one story may differ in. `clock` holds times, places and pids. */
const NOT_SEMANTIC = new Set(['clock', 'cause_seq', 'effect', 'armed_id', 'machine_version', 'text', 'digests'])

const meaning = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(meaning)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => !NOT_SEMANTIC.has(key)).map(([key, item]) => [key, meaning(item)]))
}

/**
 * What every actor met and answered, in its own order: events consumed, digests after each (all but `clock`), outputs. Attempts, leases, resumptions,
 * sequence numbers, ids and times are left out, and so is the interleaving of actors.
 */
export function semanticLog(events: readonly AnyEvent[]): string[] {
  const bySeq = new Map(events.map((event) => [event.seq, event]))
  const lines = new Map<string, string[]>()
  const told = (actor: string, line: unknown): void => {
    const known = lines.get(actor) ?? []
    known.push(canonicalJson(line))
    lines.set(actor, known)
  }
  for (const event of events) {
    if (event.type === 'actor.stepped' || event.type === 'actor.faulted') {
      const { actor } = event.payload
      const cause = bySeq.get(event.payload.cause_seq)
      told(actor, { met: cause?.type ?? 'nothing', from: cause?.from ?? '', payload: meaning(cause?.payload) })
      told(actor, { answered: event.type, payload: meaning(event.payload) })
    } else if (isActor(event.from)) {
      told(event.from, { sent: event.type, to: event.to, payload: meaning(event.payload) })
    }
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([actor, list]) => list.map((line) => `${actor} ${line}`))
}

export interface Attempts { effects: number; started: number; lost: number; problems: string[] }

/** Counts attempts and names every one that cannot be explained: each but the last must be lost, and each effect has one outcome at most. */
export function attemptsOf(events: readonly AnyEvent[]): Attempts {
  const started = new Map<string, number[]>()
  const lost = new Map<string, number[]>()
  const outcomes = new Map<string, number>()
  const problems: string[] = []
  const add = (map: Map<string, number[]>, id: string, attempt: number): void => { map.set(id, [...(map.get(id) ?? []), attempt]) }
  for (const event of events) {
    if (event.type === 'effect.started') add(started, event.payload.effect, event.attempt)
    else if (event.type === 'effect.lost') add(lost, event.payload.effect, event.attempt)
    else if (event.type === 'effect.succeeded' || event.type === 'effect.failed') {
      const { effect } = event.payload
      outcomes.set(effect, (outcomes.get(effect) ?? 0) + 1)
      if (outcomes.get(effect) !== 1) problems.push(`effect ${effect.slice(0, 8)} has two outcomes`)
    }
  }
  for (const [effect, attempts] of started) {
    attempts.forEach((attempt, index) => { if (attempt !== index + 1) problems.push(`attempt ${attempt} of ${effect.slice(0, 8)} stands at place ${index + 1}`) })
    const gone = lost.get(effect) ?? []
    for (const attempt of attempts.slice(0, -1)) if (!gone.includes(attempt)) problems.push(`attempt ${attempt} of ${effect.slice(0, 8)} was repeated but is not recorded as lost`)
  }
  return { effects: started.size, started: [...started.values()].flat().length, lost: [...lost.values()].flat().length, problems }
}
