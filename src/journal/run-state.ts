import { hex } from '../../schemas/hash.ts'
import { decodeWire, isEventType } from '../../schemas/codec.ts'
import { isActor } from '../../schemas/actor-names.ts'
import type { Envelope } from '../../schemas/record.ts'

/** An effect that was requested and has no outcome yet. */
export interface OpenEffect {
  id: string
  kind: string
  call: number
  requester: string
  maxAttempts: number
  requestedSeq: number
  attempt: number
  /** seq of the effect.started record: grows with every grant */
  fence: number
  started: boolean
  /** session that holds the attempt, as recorded */
  worker: string
  cancelRequested: boolean
}

export interface ArmedTimer { id: string; actor: string; name: string; deadline: number; limit: boolean }

/** What the journal must know of a run to decide on an append. A fold of the run's records and nothing else. */
export interface RunState {
  readonly run: string
  readonly runBytes: Uint8Array
  seq: number
  hash: Uint8Array
  at: number
  createdAt: number
  sealed: boolean
  damage: { seq: number; problem: string } | undefined
  lastTo: Map<string, number>
  inbox: Map<string, number[]>
  /** cause seq -> first seq of the batch that reacted to it */
  reactions: Map<number, number>
  /** event id -> seq, of external events and outcomes */
  ids: Map<string, number>
  effects: Map<string, OpenEffect>
  outcomes: Map<string, number>
  timers: Map<string, ArmedTimer>
  /** armed id -> true once fired or cancelled, so that a second fire is refused */
  spent: Set<string>
}

export const newRunState = (runBytes: Uint8Array): RunState => ({
  run: hex(runBytes), runBytes, seq: -1, hash: new Uint8Array(32), at: 0, createdAt: 0, sealed: false, damage: undefined,
  lastTo: new Map(), inbox: new Map(), reactions: new Map(), ids: new Map(), effects: new Map(), outcomes: new Map(), timers: new Map(), spent: new Set(),
})

/** Folds one record in. `hash` is the record's own hash. */
export function applyRecord(state: RunState, envelope: Envelope, hash: Uint8Array): void {
  const { seq } = envelope
  state.seq = seq
  state.hash = hash
  state.at = envelope.recorded_at_ms
  if (seq === 0) state.createdAt = envelope.recorded_at_ms
  if (isActor(envelope.to)) {
    state.lastTo.set(envelope.to, seq)
    const inbox = state.inbox.get(envelope.to)
    if (inbox === undefined) state.inbox.set(envelope.to, [seq])
    else inbox.push(seq)
  }
  if (envelope.cause_id.length === 0 || envelope.type.startsWith('effect.') || envelope.type.startsWith('timer.fired')) state.ids.set(hex(envelope.event_id), seq)
  const react = REACTIONS[envelope.type]
  if (react === undefined || !isEventType(envelope.type)) return
  react(state, envelope, decodeWire(envelope.type, envelope.payload))
}

type React = (state: RunState, envelope: Envelope, payload: Record<string, unknown>) => void

const consume: React = (state, envelope, payload) => {
  const actor = payload['actor'] as string
  const cause = payload['cause_seq'] as number
  const inbox = state.inbox.get(actor)
  if (inbox?.[0] === cause) inbox.shift()
  if (inbox?.length === 0) state.inbox.delete(actor)
  state.reactions.set(cause, envelope.seq)
}

const settle: React = (state, envelope, payload) => {
  const effect = payload['effect'] as string
  state.effects.delete(effect)
  state.outcomes.set(effect, envelope.seq)
}

const disarm: React = (state, _envelope, payload) => {
  const id = payload['armed_id'] as string
  state.timers.delete(id)
  state.spent.add(id)
}

const REACTIONS: Readonly<Record<string, React>> = {
  'actor.stepped': consume,
  'actor.faulted': consume,
  'effect.requested': (state, envelope, payload) => {
    const id = hex(envelope.event_id)
    state.effects.set(id, {
      id, kind: payload['kind'] as string, call: payload['call'] as number, requester: envelope.from, maxAttempts: Math.max(1, payload['max_attempts'] as number),
      requestedSeq: envelope.seq, attempt: 0, fence: 0, started: false, worker: '', cancelRequested: false,
    })
  },
  'effect.started': (state, envelope, payload) => {
    const effect = state.effects.get(payload['effect'] as string)
    if (effect === undefined) return
    effect.attempt = envelope.attempt
    effect.fence = envelope.fence
    effect.started = true
    effect.worker = (payload['clock'] as { worker?: string } | null)?.worker ?? ''
  },
  'effect.lost': (state, _envelope, payload) => {
    const effect = state.effects.get(payload['effect'] as string)
    if (effect !== undefined) effect.started = false
  },
  'effect.succeeded': settle,
  'effect.failed': settle,
  'effect.cancel_requested': (state, _envelope, payload) => {
    const effect = state.effects.get(payload['effect'] as string)
    if (effect !== undefined) effect.cancelRequested = true
  },
  'timer.armed': (state, envelope, payload) => {
    const id = hex(envelope.event_id)
    const delay = payload['delay_ms'] as number
    state.timers.set(id, { id, actor: envelope.from, name: payload['name'] as string, deadline: envelope.recorded_at_ms + delay, limit: payload['limit'] as boolean })
  },
  'timer.cancelled': disarm,
  'timer.fired': disarm,
  // Downtime does not count against a limit; a back-off simply was long enough.
  'run.resumed': (state, _envelope, payload) => {
    for (const timer of state.timers.values()) if (timer.limit) timer.deadline += payload['gap_ms'] as number
  },
  'run.finished': (state) => {
    state.sealed = true
    state.timers.clear()
  },
}
