import { done } from './commit-queue.ts'
import { fireTimers, lose, workerIsGone } from './leases.ts'
import type { LoadedRun } from './loaded-runs.ts'
import type { Parts } from './parts.ts'
import type { RunState } from './run-state.ts'

/** Keeps the set of runs that have something to watch: timers, or attempts under way. */
export function watch({ watched }: Parts, state: RunState): void {
  const due = !state.sealed && state.damage === undefined && (state.timers.size > 0 || state.effects.size > state.offered.size)
  if (due) watched.add(state.run)
  else watched.delete(state.run)
}

const isServed = ({ sessions }: Parts, { serving }: LoadedRun): boolean => serving?.confirmed === true && sessions.isAlive(serving.session)

/** Ends leases whose worker is gone, and fires timers that are due in runs that are served. */
export async function sweep(parts: Parts): Promise<void> {
  await Promise.all([...parts.watched].map(async (run) => {
    const loaded = parts.runs.get(run)
    const state = loaded?.state
    if (loaded === undefined || state === undefined) return parts.watched.delete(run)
    const now = parts.writer.now()
    const lost = [...state.effects.values()].some((effect) => workerIsGone(parts.sessions, effect))
    const due = isServed(parts, loaded) && [...state.timers.values()].some((timer) => timer.deadline <= now)
    if (!lost && !due) return undefined
    return parts.commits.submit(run, (group, current) => {
      if (current.state === undefined || current.state.sealed || current.state.damage !== undefined) return done()
      for (const effect of [...current.state.effects.values()]) if (workerIsGone(parts.sessions, effect)) lose(group, current.state, parts.writer, effect, 'its worker is gone')
      parts.claims.grant(group, current, current.state)
      if (isServed(parts, current)) fireTimers(group, current.state, parts.writer)
      return done()
    })
  }))
}

/** Lets go of runs that nobody serves or asks for; their records say all. Finished ones go sooner. */
export function forgetIdle(parts: Parts, idleMs: number): void {
  if (parts.commits.busy) return
  const now = performance.now()
  for (const [run, loaded] of [...parts.runs.entries()]) {
    const idle = now - loaded.usedAt
    if (idle < (loaded.state?.sealed === false ? idleMs : idleMs / 4) || isServed(parts, loaded)) continue
    parts.runs.drop(run)
    parts.watched.delete(run)
  }
  for (const [key, since] of parts.unlisted) if (now - since > idleMs) parts.unlisted.delete(key)
}
