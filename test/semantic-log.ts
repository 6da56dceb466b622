import type { AnyEvent } from '../schemas/record.ts'
import { firstSemanticDifference, project, semanticProjection } from '../src/replay/index.ts'

/** Where a run's story differs from that of an undisturbed one, in words; undefined when they are the same. */
export async function storyDifference(told: readonly AnyEvent[], undisturbed: readonly AnyEvent[]): Promise<string | undefined> {
  const [a, b] = await Promise.all([project(semanticProjection, undisturbed), project(semanticProjection, told)])
  const found = firstSemanticDifference(a, b)
  return found === undefined ? undefined : `${found.speaker}, line ${found.line}: expected ${found.a ?? 'nothing'}\n but got ${found.b ?? 'nothing'}`
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
