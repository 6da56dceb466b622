import type { AnyMachineSnapshot } from 'xstate'
import type { Message } from '../../actors/index.ts'
import type { EventPayloads, EventType } from '../../schemas/generated/events.ts'
import { isAddress } from '../../schemas/actor-names.ts'
import { encodeWire, wireOf } from '../../schemas/codec.ts'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import { outputId } from '../../schemas/record.ts'
import type { Wire } from '../../schemas/codec.ts'
import type { AnyEvent, BlobName } from '../../schemas/record.ts'
import { MAX_RECORD } from '../journal/index.ts'
import { changedDigests, digestSnapshot } from './digest.ts'
import type { Digests } from './digest.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import { dehydrate, hydrate } from './hydrate.ts'
import type { NewBlob, ReadText } from './hydrate.ts'
import type { HostedLogic } from './logic.ts'
import type { Request } from './stepper.ts'

/** An actor of a run between two events. Replaced, never changed. */
export interface ActorState {
  name: string
  hosted: HostedLogic
  snapshot: AnyMachineSnapshot
  digests: Digests | undefined
  /** armed timers: name -> id of the timer.armed event */
  timers: Readonly<Record<string, string>>
  /** open effects: the machine's own call number -> effect id */
  effects: Readonly<Record<string, string>>
  faulted: boolean
}

/** `wire`: the payload as it is written, where it was made already. */
export interface Draft<T extends EventType = EventType> { type: T; to: string; payload: EventPayloads[T]; blobs: BlobName[]; wire?: Wire }
export type AnyDraft = { [T in EventType]: Draft<T> }[EventType]

/** An actor's whole answer to one event: appended all or not at all. */
export interface Reaction { next: ActorState; drafts: AnyDraft[]; blobs: NewBlob[] }

export const newActor = (name: string, hosted: HostedLogic): ActorState =>
  ({ name, hosted, snapshot: hosted.stepper.initial(name).snapshot, digests: undefined, timers: {}, effects: {}, faulted: false })

/** What stays of an instance after its answer: enough to drop, in the same way each time, what still arrives for it. */
export const gone = ({ name, hosted, snapshot, faulted }: ActorState): ActorState =>
  ({ name, hosted, snapshot: { ...snapshot, context: NOTHING }, digests: undefined, timers: NOTHING, effects: NOTHING, faulted })
const NOTHING = Object.freeze({})

const draft = <T extends EventType>(type: T, to: string, payload: EventPayloads[T], more: BlobName[] = []): Draft<T> => ({ type, to, payload, blobs: merge(blobsNamed(type, payload), more) })

const merge = (a: BlobName[], b: BlobName[]): BlobName[] => [...a, ...b.filter((blob) => !a.some((known) => known.hash === blob.hash))]

/** Steps an actor on an event. The same state and event give the same reaction, byte for byte. A machine's fault is a reaction too. */
export async function react(state: ActorState, event: AnyEvent, read: ReadText): Promise<Reaction> {
  if (state.faulted || state.snapshot.status !== 'active' || isStale(state, event)) return dropped(state, event)
  const payload = event.type === 'timer.fired' ? event.payload : await hydrate(event.type, event.payload, read)
  const received = { seq: event.seq, at: event.at, from: event.from, id: event.id, type: event.type === 'timer.fired' ? event.payload.name : event.type, data: payload, read: {} as Record<string, string> }
  for (;;) {
    let missing: string[]
    try {
      missing = event.type === 'timer.fired' ? [] : missingReads(state, received)
      // Whatever a machine throws, or sends that cannot be recorded, it would throw and send again: it is set aside, and the run ends.
      if (missing.length === 0) return step(state, event, received)
    } catch (error) {
      return faulted(state, event, messageOf(error))
    }
    // A blob that cannot be read is no fault of the machine.
    for (const hash of missing) received.read[hash] = await read(hash)
  }
}

/** An empty ref names no blob: the machine finds nothing there, as in a run that is folded again. */
const missingReads = ({ hosted, snapshot }: ActorState, received: { read: Readonly<Record<string, string>> }): string[] =>
  hosted.logic.needs?.(snapshot.context as Record<string, unknown>, received as never).filter((hash) => hash !== '' && !Object.hasOwn(received.read, hash)) ?? []

/** A timer that was cancelled or armed anew since does not count. */
const isStale = (state: ActorState, event: AnyEvent): boolean => event.type === 'timer.fired' && state.timers[event.payload.name] !== event.payload.armed_id

function step(state: ActorState, event: AnyEvent, received: { type: string }): Reaction {
  const { snapshot: raw, requests } = state.hosted.stepper.step(state.snapshot, received)
  const stored = new Map<string, NewBlob>()
  const keep = (blob: NewBlob): void => { stored.set(blob.hash, blob) }
  const context = dehydrateContext(raw.context as Record<string, unknown>, state, keep)
  const snapshot = context === raw.context ? raw : { ...raw, context }
  const digests = digestSnapshot(snapshot, state.digests === undefined ? undefined : { digests: state.digests, context: state.snapshot.context as Record<string, unknown> })

  const timers: Record<string, string> = { ...state.timers }
  const effects: Record<string, string> = { ...state.effects }
  if (event.type === 'timer.fired') delete timers[event.payload.name]
  if (event.type === 'effect.succeeded' || event.type === 'effect.failed') delete effects[String(event.payload.call)]

  const drafts: AnyDraft[] = []
  const id = (): string => outputId(event.runId, event.id, state.name, drafts.length + 1)
  const add = <T extends EventType>(type: T, to: string, payload: EventPayloads[T]): void => { drafts.push(draft(type, to, payload) as AnyDraft) }
  const cancel = (name: string): void => {
    const armed = timers[name]
    if (armed === undefined) return
    delete timers[name]
    add('timer.cancelled', '', { name, armed_id: armed })
  }
  for (const request of requests) {
    if (request.kind === 'cancel') cancel(request.name)
    else if (request.kind === 'arm') {
      cancel(request.name)
      timers[request.name] = id()
      add('timer.armed', '', { name: request.name, delay_ms: request.delayMs, limit: isLimit(request.name) })
    } else send(request)
  }

  function send({ message }: Extract<Request, { kind: 'send' }>): void {
    if (!isAddress(message.to)) throw new KymoError('KYMO_MACHINE_FAULT', `a ${message.type} to "${String(message.to).slice(0, 40)}", which is nobody`)
    if (NOT_SENT.has(message.type)) throw new KymoError('KYMO_MACHINE_FAULT', `${message.type} is not a machine's to send`)
    const data = dehydrate(message.data, keep) as Message['data']
    if (message.type === 'effect.requested') effects[String((data as EventPayloads['effect.requested']).call)] = id()
    if (message.type === 'effect.cancel_requested') {
      const { call, reason } = data as EventPayloads['effect.cancel_requested']
      const effect = effects[String(call)]
      if (effect !== undefined) add('effect.cancel_requested', message.to, { effect, reason, call })
      return
    }
    const wire = wireOf(message.type, data)
    checkSize(message.type, data, wire)
    drafts.push({ ...draft(message.type, message.to, data as never), wire } as AnyDraft)
  }

  const stepped = draft('actor.stepped', '', {
    actor: state.name, machine_version: state.hosted.version, cause_seq: event.seq, state: digests.state, digests: changedDigests(digests, state.digests), all: digests.all,
    outputs: drafts.length, dropped: false,
  }, [...stored.values()].map(({ hash, kind, data }) => ({ hash, kind, bytes: data.length })))
  return { next: { ...state, snapshot, digests, timers, effects }, drafts: [stepped, ...drafts], blobs: [...stored.values()] }
}

/** Texts of any length go by hash; what stands in the record itself must fit into one. */
function checkSize(type: EventType, data: Message['data'], wire: Wire): void {
  if (lengthOf(data) < MAX_RECORD / 4) return
  const bytes = encodeWire(type, wire).length
  if (bytes > MAX_RECORD - ENVELOPE_ROOM) throw new KymoError('KYMO_MACHINE_FAULT', `a ${type} of ${bytes} bytes; a record may take ${MAX_RECORD}, and texts go by hash`)
}
const ENVELOPE_ROOM = 8192

const lengthOf = (value: unknown): number => {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  let sum = 0
  for (const item of Object.values(value)) sum += lengthOf(item)
  return sum
}

/** Written by the host, the journal, runners or users; a machine that could send them could forge its own record. */
const NOT_SENT: ReadonlySet<string> = new Set<EventType>([
  'actor.stepped', 'actor.faulted', 'timer.armed', 'timer.cancelled', 'timer.fired', 'run.started', 'run.resumed', 'run.cancel_requested', 'message.rejected', 'effect.started', 'effect.succeeded', 'effect.failed', 'effect.lost',
])

/** Keys that the step left alone went through this before. */
function dehydrateContext(context: Record<string, unknown>, { snapshot, digests }: ActorState, keep: (blob: NewBlob) => void): Record<string, unknown> {
  const before = digests === undefined ? {} : (snapshot.context as Record<string, unknown>)
  let out = context
  for (const key of Object.keys(context)) {
    const value = context[key]
    const next = before[key] === value ? value : dehydrate(value, keep)
    if (next === value) continue
    if (out === context) out = { ...context }
    out[key] = next
  }
  return out
}

/** Delays named `max...` are limits of the run: downtime does not count against them. */
const isLimit = (name: string): boolean => /^xstate\.after\.max[A-Z]/.test(name)

const dropped = (state: ActorState, event: AnyEvent): Reaction => ({
  next: state,
  drafts: [draft('actor.stepped', '', {
    actor: state.name, machine_version: state.hosted.version, cause_seq: event.seq, state: state.digests?.state ?? '', digests: [], all: state.digests?.all ?? '', outputs: 0, dropped: true,
  })],
  blobs: [],
})

/** The actor is set aside; the environment ends the run, and when it is the environment itself, the run ends here. */
function faulted(state: ActorState, event: AnyEvent, message: string): Reaction {
  const isEnvironment = state.name === 'environment'
  const drafts: AnyDraft[] = [draft('actor.faulted', isEnvironment ? '' : 'environment', { actor: state.name, cause_seq: event.seq, message: message.toWellFormed().slice(0, 2000) })]
  if (isEnvironment) {
    drafts.push(draft('run.finished', '', { status: 'failed', error: { source: 'system', code: 'actor_faulted', message: `environment cannot go on: ${message.toWellFormed().slice(0, 1000)}` }, tree: '', steps: 0 }))
  }
  return { next: { ...state, faulted: true, timers: {}, effects: {} }, drafts, blobs: [] }
}
