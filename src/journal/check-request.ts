import { messageOf } from '../../schemas/errors.ts'
import { decodeWire, isEventType, schemaVersion } from '../../schemas/codec.ts'
import type { EventType } from '../../schemas/generated/events.ts'
import { isAddress } from '../../schemas/actor-names.ts'
import { hex } from '../../schemas/hash.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import type { BlobName } from '../../schemas/record.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import type { Request } from './journal-port.ts'
import { MAX_CONSEQUENCES, MAX_EVENTS, MAX_RECORD } from './limits.ts'

type NewEvent = kymo.v1.journal.NewEvent

/** An event about to be written, with its payload decoded once for all who look at it, and the blobs that the payload names. */
export interface Draft { event: NewEvent; type: EventType; payload: Record<string, unknown>; named: readonly BlobName[] }

/** What somebody foresaw: a reaction, or the outcome of an effect (its id as hex). */
export interface Foreseen { of: { reaction: kymo.v1.journal.Reaction } | { effect: string }; drafts: Draft[] }
export interface Checked { drafts: Draft[]; foreseen: Foreseen[] }

/** Everything about an append that can be judged without the run's state: its events, or why it is refused. */
export function checkRequest(request: Partial<Request<'append'>>): Checked | string {
  if (request.run_id?.length !== 16) return 'a run id has 16 bytes'
  const kinds = [request.create, request.reaction, request.outcome, request.external].filter(Boolean)
  if (kinds.length !== 1) return 'an append is a creation, a reaction, an outcome or an external event'
  const drafts = checkEvents(request.events ?? [])
  if (typeof drafts === 'string') return drafts
  const consequences = request.consequences ?? []
  if (consequences.length > MAX_CONSEQUENCES) return `an append holds at most ${MAX_CONSEQUENCES} consequences, not ${consequences.length}`
  const foreseen: Foreseen[] = []
  for (const { reaction, events, effect_id: effect } of consequences) {
    if ((reaction === null || reaction === undefined) !== (effect.length > 0)) return 'a consequence is a reaction, or the outcome of an effect'
    const checked = checkEvents(events)
    if (typeof checked === 'string') return checked
    foreseen.push({ of: reaction ? { reaction } : { effect: hex(effect) }, drafts: checked })
  }
  return { drafts, foreseen }
}

function checkEvents(events: readonly NewEvent[]): Draft[] | string {
  if (events.length === 0 || events.length > MAX_EVENTS) return `an append holds 1 to ${MAX_EVENTS} events, not ${events.length}`
  const drafts: Draft[] = []
  for (const event of events) {
    const draft = checkEvent(event)
    if (typeof draft === 'string') return draft
    drafts.push(draft)
  }
  return drafts
}

function checkEvent(event: NewEvent): Draft | string {
  const { type, event_id: id, cause_id: cause, correlation_id: correlation, payload, blobs } = event
  if (!isEventType(type)) return `unknown event type "${type.slice(0, 60)}"`
  if (id.length !== 32) return 'an event id has 32 bytes'
  if (cause.length !== 0 && cause.length !== 32) return 'a cause id has 32 bytes or none'
  if (correlation.length !== 0 && correlation.length !== 32) return 'a correlation id has 32 bytes or none'
  if (event.schema_version !== schemaVersion(type)) return `${type} is written at schema version ${schemaVersion(type)}, not ${event.schema_version}`
  if (!isAddress(event.from) || !isAddress(event.to)) return `"${event.from.slice(0, 40)}" to "${event.to.slice(0, 40)}": no such actors`
  for (const blob of blobs) if (blob.hash.length !== 32 || blob.kind < 1 || blob.kind > 4) return `${type} names a blob that is none`
  // The envelope's fixed fields take less than 512 bytes, a blob's name less than 48.
  const size = payload.length + blobs.length * 48 + 512
  if (size > MAX_RECORD) return `${type} takes ${size} bytes; a record may take ${MAX_RECORD}, and texts go by hash`
  let decoded: Record<string, unknown>
  try {
    decoded = decodeWire(type, payload)
  } catch (error) {
    return `the payload of ${type} does not decode (${messageOf(error)})`
  }
  // What a payload names without the envelope naming it would not be known to be durable, nor travel with the run.
  const named = blobsNamed(type, decoded)
  const hidden = named.find(({ hash }) => !blobs.some((blob) => hex(blob.hash) === hash))
  return hidden === undefined ? { event, type, payload: decoded, named } : `the payload of ${type} names blob ${hidden.hash}, which its envelope does not name`
}
