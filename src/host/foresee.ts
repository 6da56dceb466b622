import { eventToBe } from '../../schemas/record.ts'
import type { AnyEvent, RecordedEvent } from '../../schemas/record.ts'
import { hex } from '../../schemas/hash.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { MAX_CONSEQUENCES, SMALL_BLOB } from '../journal/index.ts'
import type { NewBlob, ReadText } from './hydrate.ts'
import { newEvent } from './new-event.ts'
import { react } from './reaction.ts'
import type { ActorState, AnyDraft, Reaction } from './reaction.ts'

type NewEvent = kymo.v1.journal.NewEvent

/** A reaction that stands in the log only once the journal took it: to an event that is not recorded yet either. */
export interface Answered { actor: string; cause: AnyEvent; next: ActorState; events: NewEvent[] }
/** The outcome of an effect that was carried out before it was granted. */
export interface CarriedOut { effect: string; events: [NewEvent] }
export type Foreseen = Answered | CarriedOut
/** `open`: effects that are asked for and wait for their grants. */
export interface Foresight { links: Foreseen[]; blobs: NewBlob[]; open: RecordedEvent<'effect.requested'>[] }

/** Carries an effect out whose repetition changes nothing, and gives its outcome; undefined for every other one. */
export type CarryOut = (request: RecordedEvent<'effect.requested'>) => Promise<{ event: NewEvent; blobs: NewBlob[] } | undefined>

export interface Outlook {
  runId: string
  /** about to be appended, the first of them as seq `from`, at this moment */
  events: readonly NewEvent[]
  from: number
  at: number
  /** state of an actor as it stands in the log, or with what is about to be appended */
  state: (actor: string) => ActorState
  /** true when nobody else steps this actor now and it has answered everything else; it is kept so */
  take: (actor: string) => boolean
  read: ReadText
  carryOut?: CarryOut | undefined
  /** what the answers name, before anybody reads it */
  remember: (blob: NewBlob) => void
  /** bytes that may still come with the append */
  room: number
}

/**
 * What the actors here will answer to events that are about to be recorded, and to these answers, and so on until an effect is waited for:
 * the same reactions that they would give one by one, so that a whole exchange between them is durable with one write. They assume the
 * place in the log and the moment; the journal leaves out those for which that comes out otherwise, and they are made again the usual way.
 */
export async function foresee({ runId, events, from, at, state, take, read, carryOut, remember, room }: Outlook): Promise<Foresight> {
  const links: Foreseen[] = []
  const blobs: NewBlob[] = []
  const open: Foresight['open'] = []
  const ahead = new Map<string, ActorState>()
  const waiting = new Set<string>()
  const queue: AnyEvent[] = []
  let seq = from
  let carried = false
  const put = (more: readonly NewEvent[], drafts?: readonly AnyDraft[]): void => {
    for (const [index, event] of more.entries()) {
      if (event.to !== '') queue.push(eventToBe(runId, event, seq, at, drafts?.[index]?.payload))
      seq++
    }
  }
  put(events)
  for (let cause = queue.shift(); cause !== undefined && links.length < MAX_CONSEQUENCES; cause = queue.shift()) {
    const actor = cause.to
    // An actor answers in order: after one event that waits, all of its events wait.
    if (waiting.has(actor) || !take(actor)) {
      waiting.add(actor)
      continue
    }
    let reaction: Reaction
    let written: NewEvent[]
    try {
      reaction = await react(ahead.get(actor) ?? state(actor), cause, read)
      written = reaction.drafts.map((draft, index) => newEvent(runId, cause, actor, draft, index))
    } catch {
      // What it needs cannot be read, or its answer cannot be written: what led to it is recorded all the same, and its own turn tells.
      break
    }
    room -= sizeOf(written) + reaction.blobs.reduce((sum, { data }) => sum + data.length, 0)
    if (room < 0 || reaction.blobs.some(({ data }) => data.length > SMALL_BLOB)) break
    for (const blob of reaction.blobs) remember(blob)
    blobs.push(...reaction.blobs)
    ahead.set(actor, reaction.next)
    links.push({ actor, cause, next: reaction.next, events: written })
    // Here the journal adds records of its own, or the run is over.
    if (written.some(({ type }) => type === 'effect.cancel_requested' || type === 'run.finished')) break
    put(written, reaction.drafts)
    const index = written.findIndex(({ type }) => type === 'effect.requested')
    const request = written[index]
    if (request === undefined) continue
    const asked = eventToBe(runId, request, seq - written.length + index, at, reaction.drafts[index]?.payload) as RecordedEvent<'effect.requested'>
    const done = carried || links.length >= MAX_CONSEQUENCES ? undefined : await carryOut?.(asked)
    if (done === undefined) {
      open.push(asked)
      continue
    }
    room -= sizeOf([done.event]) + done.blobs.reduce((sum, { data }) => sum + data.length, 0)
    if (room < 0) break
    // One step of the agent at a time: nobody waits long for what is on record.
    carried = true
    blobs.push(...done.blobs)
    links.push({ effect: hex(request.event_id), events: [done.event] })
    // The journal records first that it was started.
    seq++
    put([done.event])
  }
  return { links, blobs, open }
}

export const sizeOf = (events: readonly NewEvent[]): number => events.reduce((sum, { payload, blobs }) => sum + payload.length + blobs.length * 48 + 512, 0)
