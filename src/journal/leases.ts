import { sha256Hex, unhex } from '../../schemas/hash.ts'
import { formatRunId, outcomeId } from '../../schemas/record.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { stageOwn } from './group.ts'
import type { Group, Writer } from './group.ts'
import type { OpenEffect, RunState } from './run-state.ts'
import type { Sessions } from './sessions.ts'

export const heldOf = (state: RunState, effect: OpenEffect): kymo.v1.journal.Held => ({ run_id: state.runBytes, effect_id: unhex(effect.id), attempt: effect.attempt, fence: effect.fence })

/** An attempt is over without an outcome: the effect is offered again, or fails when it was cancelled or lost too often. */
export function lose(group: Group, state: RunState, writer: Writer, effect: OpenEffect, reason: string): void {
  stageOwn(group, state, writer, 'effect.lost', { effect: '', kind: effect.kind, reason },
    { id: sha256Hex('kymo.lost\0', state.run, effect.id, String(effect.attempt)), cause: effect.id, effect: effect.id, attempt: effect.attempt, fence: effect.fence })
  if (effect.cancelRequested) fail(group, state, writer, effect, 'user', 'cancelled', 'cancelled, and its worker is gone')
  else if (effect.attempt >= effect.maxAttempts) fail(group, state, writer, effect, 'system', 'lost', `all ${effect.attempt} attempts were lost, the last because ${reason}`)
}

/** A cancelled effect that nobody runs has its outcome at once. */
export function settleCancelled(group: Group, state: RunState, writer: Writer): void {
  if (state.sealed) return
  for (const effect of [...state.effects.values()]) if (effect.cancelRequested && !effect.started) fail(group, state, writer, effect, 'user', 'cancelled', 'cancelled before it started')
}

/** An outcome that the journal itself records: its id cannot be that of an attempt. */
function fail(group: Group, state: RunState, writer: Writer, effect: OpenEffect, source: string, code: string, message: string): void {
  stageOwn(group, state, writer, 'effect.failed', { effect: '', kind: effect.kind, call: effect.call, error: { source, code, message }, retryable: false },
    { id: outcomeId(formatRunId(state.runBytes), effect.id, effect.attempt + 1_000_000), to: effect.requester, cause: effect.id, effect: effect.id, attempt: effect.attempt, fence: effect.fence })
}

export const workerIsGone = (sessions: Sessions, effect: OpenEffect): boolean => effect.started && !sessions.mayLive(effect.worker, effect.holder)

/** Fires what is due, oldest deadline first. */
export function fireTimers(group: Group, state: RunState, writer: Writer): void {
  const now = writer.now()
  const due = [...state.timers.values()].filter((timer) => timer.deadline <= now)
  due.sort((a, b) => a.deadline - b.deadline || (a.id < b.id ? -1 : 1))
  for (const timer of due) stageOwn(group, state, writer, 'timer.fired', { name: timer.name, armed_id: timer.id }, { id: sha256Hex('kymo.fired\0', timer.id), to: timer.actor, cause: timer.id })
}
