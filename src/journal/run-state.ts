import { hex } from '../../schemas/hash.ts'
import { decodeWire, isEventType } from '../../schemas/codec.ts'
import { isActor } from '../../schemas/actor-names.ts'
import type { Envelope } from '../../schemas/record.ts'
import type { Holder } from './holder.ts'
import { pop, push } from './inbox.ts'
import type { Inbox } from './inbox.ts'

/** An effect that was requested and has no outcome yet. */
export interface OpenEffect {
  id: string
  kind: string
  call: number
  requester: string
  maxAttempts: number
  /** the effect.requested record, as a worker gets it with its grant */
  record: Uint8Array
  attempt: number
  /** seq of the effect.started record: grows with every grant */
  fence: number
  started: boolean
  /** session that holds the attempt, and the process behind it, as recorded */
  worker: string
  holder: Holder | null
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
  /** seq of the last event sent to each actor */
  lastTo: Map<string, number>
  /** events that an actor has not stepped yet */
  inbox: Map<string, Inbox>
  /** at each cause's seq, the first seq of the batch that reacted to it; 0: none yet */
  reactions: Uint32Array
  /** event id -> seq, of external events and outcomes: what may come twice */
  ids: Map<string, number>
  effects: Map<string, OpenEffect>
  /** open effects that wait for a worker, in the order they were asked for */
  offered: Map<string, OpenEffect>
  timers: Map<string, ArmedTimer>
}

export const newRunState = (runBytes: Uint8Array): RunState => ({
  run: hex(runBytes), runBytes, seq: -1, hash: new Uint8Array(32), at: 0, createdAt: 0, sealed: false, damage: undefined,
  lastTo: new Map(), inbox: new Map(), reactions: new Uint32Array(64), ids: new Map(), effects: new Map(), offered: new Map(), timers: new Map(),
})

type Payload = Record<string, unknown>

/** Folds one record in. `hash` is the record's own hash, `payload` its decoded payload where the caller has it already. */
export function applyRecord(state: RunState, envelope: Envelope, bytes: Uint8Array, hash: Uint8Array, payload?: Payload): void {
  const { seq, type, to } = envelope
  state.seq = seq
  state.hash = hash
  state.at = envelope.recorded_at_ms
  if (seq === 0) state.createdAt = envelope.recorded_at_ms
  if (isActor(to)) {
    state.lastTo.set(to, seq)
    const inbox = state.inbox.get(to)
    const pending = { seq, id: hex(envelope.event_id) }
    if (inbox === undefined) state.inbox.set(to, { items: [pending], head: 0 })
    else push(inbox, pending)
  }
  const external = envelope.cause_id.length === 0 && envelope.correlation_id.length === 0
  if (external || type === 'effect.succeeded' || type === 'effect.failed') state.ids.set(hex(envelope.event_id), seq)
  const react = REACTIONS[type]
  if (react === undefined || !isEventType(type)) return
  react(state, envelope, payload ?? decodeWire(type, envelope.payload), bytes)
}

/** First seq of the batch that reacted to a cause, if there is one. A batch follows its cause, so 0 is none. */
export const reactionTo = (state: RunState, cause: number): number | undefined => state.reactions[cause] || undefined

type React = (state: RunState, envelope: Envelope, payload: Payload, bytes: Uint8Array) => void

const consume: React = (state, envelope, payload) => {
  const actor = payload['actor'] as string
  const cause = payload['cause_seq'] as number
  const inbox = state.inbox.get(actor)
  if (inbox?.items[inbox.head]?.seq !== cause) return
  pop(inbox)
  if (inbox.items.length === inbox.head) state.inbox.delete(actor)
  if (cause >= state.reactions.length) {
    const grown = new Uint32Array(Math.max(cause + 1, state.reactions.length * 2))
    grown.set(state.reactions)
    state.reactions = grown
  }
  state.reactions[cause] = envelope.seq
}

/** An effect's later records name it by their correlation id; the first version said it in the payload as well. */
const effectIn = (envelope: Envelope, payload: Record<string, unknown>): string => (payload['effect'] as string) || hex(envelope.correlation_id)

const settle: React = (state, envelope, payload) => {
  const effect = effectIn(envelope, payload)
  state.effects.delete(effect)
  state.offered.delete(effect)
}

const disarm: React = (state, _envelope, payload) => {
  state.timers.delete(payload['armed_id'] as string)
}

const REACTIONS: Readonly<Record<string, React>> = {
  'actor.stepped': consume,
  'actor.faulted': consume,
  'effect.requested': (state, envelope, payload, bytes) => {
    const id = hex(envelope.event_id)
    const effect: OpenEffect = {
      id, kind: payload['kind'] as string, call: payload['call'] as number, requester: envelope.from, maxAttempts: Math.max(1, payload['max_attempts'] as number),
      record: Uint8Array.from(bytes), attempt: 0, fence: 0, started: false, worker: '', holder: null, cancelRequested: false,
    }
    state.effects.set(id, effect)
    state.offered.set(id, effect)
  },
  'effect.started': (state, envelope, payload) => {
    const effect = state.effects.get(effectIn(envelope, payload))
    if (effect === undefined) return
    const facts = payload['clock'] as (Holder & { worker: string }) | null
    effect.attempt = envelope.attempt
    effect.fence = envelope.fence
    effect.started = true
    effect.worker = facts?.worker ?? ''
    effect.holder = facts === null ? null : { host: facts.host, boot_id: facts.boot_id, pid: facts.pid, started_ticks: facts.started_ticks, what: '' }
    state.offered.delete(effect.id)
  },
  'effect.lost': (state, envelope, payload) => {
    const effect = state.effects.get(effectIn(envelope, payload))
    if (effect === undefined) return
    effect.started = false
    if (!effect.cancelRequested) state.offered.set(effect.id, effect)
  },
  'effect.succeeded': settle,
  'effect.failed': settle,
  'effect.cancel_requested': (state, _envelope, payload) => {
    const effect = state.effects.get(payload['effect'] as string)
    if (effect === undefined) return
    effect.cancelRequested = true
    state.offered.delete(effect.id)
  },
  'timer.armed': (state, envelope, payload) => {
    const id = hex(envelope.event_id)
    const name = payload['name'] as string
    // Armed anew under the same name: the older arming can never fire.
    for (const timer of state.timers.values()) if (timer.actor === envelope.from && timer.name === name) state.timers.delete(timer.id)
    state.timers.set(id, { id, actor: envelope.from, name, deadline: envelope.recorded_at_ms + (payload['delay_ms'] as number), limit: payload['limit'] as boolean })
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
    state.offered.clear()
  },
}
