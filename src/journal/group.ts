import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import type { EventPayloads, EventType } from '../../schemas/generated/events.ts'
import { isActor } from '../../schemas/actor-names.ts'
import { hex, unhex } from '../../schemas/hash.ts'
import { BLOB_KIND, ENVELOPE_FORMAT, Envelope, recordHashBytes } from '../../schemas/record.ts'
import type { BlobName } from '../../schemas/record.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { eventKey } from './keys.ts'
import type { Operation } from './key-value-store.ts'
import { applyRecord } from './run-state.ts'
import type { RunState } from './run-state.ts'

type NewEvent = kymo.v1.journal.NewEvent

export interface CommittedRecord { seq: number; to: string; type: string; bytes: Uint8Array }

/** What one commit is about to write: every run that waits shares its one fsync. */
export interface Group {
  operations: Operation[]
  touched: Map<string, RunState>
  records: Map<string, CommittedRecord[]>
  /** small blobs that come with events, by hash */
  inline: Map<string, Uint8Array>
  /** run after the group is durable, or after it is known not to be */
  settled: Array<(durable: boolean) => void>
}

export const newGroup = (): Group => ({ operations: [], touched: new Map(), records: new Map(), inline: new Map(), settled: [] })

/** The journal's clock and writer epoch. */
export interface Writer { now: () => number; epoch: () => number }

/** What is written: an event, with its decoded payload and the blobs that it names where they are at hand. */
export interface Staged { event: NewEvent; payload?: Record<string, unknown>; named?: readonly BlobName[] }

/** Adds one record to the group and folds it into the run's state. */
export function stage(group: Group, state: RunState, writer: Writer, { event, payload, named = [] }: Staged, attempt = 0, fence = 0): void {
  const seq = state.seq + 1
  const envelope: Envelope = {
    format: ENVELOPE_FORMAT, run_id: state.runBytes, seq, event_id: event.event_id, type: event.type, schema_version: event.schema_version,
    from: event.from, to: event.to, prev_to: isActor(event.to) ? (state.lastTo.get(event.to) ?? -1) : -1, cause_id: sameBytes(event.cause_id, event.correlation_id) ? NO_ID : event.cause_id, correlation_id: event.correlation_id,
    attempt, fence, recorded_at_ms: Math.max(state.at, writer.now()), writer_epoch: writer.epoch(), prev_hash: state.hash, blobs: beyondPayload(event, named), payload: event.payload,
  }
  const bytes = Envelope.encode(envelope).finish()
  applyRecord(state, envelope, bytes, recordHashBytes(bytes), payload)
  group.operations.push({ key: eventKey(state.runBytes, seq), value: bytes })
  group.touched.set(state.run, state)
  const record = { seq, to: event.to, type: event.type, bytes }
  const records = group.records.get(state.run)
  if (records === undefined) group.records.set(state.run, [record])
  else records.push(record)
}

/** What comes of an effect has it as its cause and as its correlation: it is said once. */
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
const NO_ID = new Uint8Array()

/** What the payload names itself is not said twice: whoever follows a record's blobs reads both. */
function beyondPayload({ blobs }: NewEvent, named: readonly BlobName[]): NewEvent['blobs'] {
  if (named.length === 0 || blobs.length === 0) return blobs
  return blobs.filter((blob) => !named.some(({ hash, kind }) => BLOB_KIND[kind] === blob.kind && hash === hex(blob.hash)))
}

export interface OwnEvent { id: string; to?: string; cause: string; effect?: string; attempt?: number; fence?: number }

/** Adds a fact of the journal's own: a grant, a lost lease, a timer, a resumption. */
export function stageOwn<T extends EventType>(group: Group, state: RunState, writer: Writer, type: T, payload: EventPayloads[T], about: OwnEvent): void {
  const event = {
    event_id: unhex(about.id), type, schema_version: schemaVersion(type), from: 'journal', to: about.to ?? '', cause_id: unhex(about.cause),
    correlation_id: about.effect === undefined ? new Uint8Array() : unhex(about.effect), blobs: [], payload: encodeEvent(type, payload),
  }
  stage(group, state, writer, { event }, about.attempt ?? 0, about.fence ?? 0)
}

/** Small blobs of an accepted append, durable with it. */
export const stageBlobs = (group: Group, blobs: readonly kymo.v1.journal.InlineBlob[]): void => {
  for (const { hash, data } of blobs) group.inline.set(hex(hash), data)
}
