import { kymo } from './generated/messages.js'
import type { EventPayloads, EventType } from './generated/events.ts'
import { asRead, decodeEvent, isEventType } from './codec.ts'
import { KymoError } from './errors.ts'
import { hex, sha256, sha256Hex } from './hash.ts'

export type Envelope = kymo.v1.Envelope
export const Envelope = kymo.v1.Envelope

export const ENVELOPE_FORMAT = 1
export const BLOB_KIND = { bytes: 1, text: 2, tree: 3, list: 4 } as const
export type BlobKind = keyof typeof BLOB_KIND
export interface BlobName { hash: string; kind: BlobKind; bytes: number }

/** One event of a run as everything above the journal sees it: ids and hashes as hex, the payload decoded. */
export interface RecordedEvent<T extends EventType = EventType> {
  runId: string
  seq: number
  id: string
  type: T
  from: string
  to: string
  prevTo: number
  causeId: string
  correlationId: string
  attempt: number
  fence: number
  /** the journal's clock, milliseconds since 1970 */
  at: number
  epoch: number
  prevHash: string
  hash: string
  blobs: BlobName[]
  payload: EventPayloads[T]
  /** stored size in bytes */
  size: number
}
/** Discriminated by `type`. */
export type AnyEvent = { [T in EventType]: RecordedEvent<T> }[EventType]

const RECORD_TAG = Buffer.from('kymo.record.v1\0')
export const ZERO_HASH = '0'.repeat(64)

/** Hash that the next record's prev_hash must carry: over the stored bytes, with a domain tag. */
export const recordHash = (bytes: Uint8Array): string => sha256Hex(RECORD_TAG, bytes)
export const recordHashBytes = (bytes: Uint8Array): Uint8Array => sha256(RECORD_TAG, bytes)

/** Throws KYMO_SCHEMA when the bytes are no envelope or its payload does not decode. */
export function decodeRecord(bytes: Uint8Array): AnyEvent {
  const envelope = decodeEnvelope(bytes)
  return { ...describe(envelope, bytes), payload: payloadOf(envelope) } as AnyEvent
}

/**
 * As decodeRecord, for those who pass most records by: ids, blobs and the payload are read when they are first looked at. The payload may
 * throw KYMO_SCHEMA then.
 */
export const decodeRecordLazily = (bytes: Uint8Array): AnyEvent => new LazyRecord(decodeEnvelope(bytes), bytes) as unknown as AnyEvent

class LazyRecord implements RecordedEvent {
  readonly #envelope: Known
  #payload: RecordedEvent['payload'] | undefined
  readonly runId: string
  readonly seq: number
  readonly type: EventType
  readonly from: string
  readonly to: string
  readonly prevTo: number
  readonly attempt: number
  readonly fence: number
  readonly at: number
  readonly epoch: number
  readonly hash: string
  readonly size: number

  constructor(envelope: Known, bytes: Uint8Array) {
    this.#envelope = envelope
    this.runId = runIdOf(envelope.run_id)
    this.seq = envelope.seq
    this.type = envelope.type
    this.from = envelope.from
    this.to = envelope.to
    this.prevTo = envelope.prev_to
    this.attempt = envelope.attempt
    this.fence = envelope.fence
    this.at = envelope.recorded_at_ms
    this.epoch = envelope.writer_epoch
    this.hash = recordHash(bytes)
    this.size = bytes.length
  }

  get id(): string { return hex(this.#envelope.event_id) }
  get causeId(): string { return causeOf(this.#envelope) }
  get correlationId(): string { return hex(this.#envelope.correlation_id) }
  get prevHash(): string { return hex(this.#envelope.prev_hash) }
  get blobs(): BlobName[] { return blobsOf(this.#envelope) }
  get payload(): RecordedEvent['payload'] { return (this.#payload ??= payloadOf(this.#envelope) as RecordedEvent['payload']) }
}

/** A process mostly hears of one run. */
let lastRun: { bytes: Uint8Array; id: string } | undefined
function runIdOf(bytes: Uint8Array): string {
  if (lastRun === undefined || Buffer.compare(bytes, lastRun.bytes) !== 0) lastRun = { bytes: new Uint8Array(bytes), id: formatRunId(bytes) }
  return lastRun.id
}

/**
 * An event as it will be recorded, if its place in the log and the moment come out as assumed; its payload as it was written, where that is
 * at hand. What only the journal knows is empty.
 */
export function eventToBe(runId: string, event: kymo.v1.journal.NewEvent, seq: number, at: number, written?: EventPayloads[EventType]): AnyEvent {
  const { event_id, type, schema_version, from, to, cause_id, correlation_id, payload } = event
  return {
    runId, seq, id: hex(event_id), type, from, to, prevTo: -1, causeId: hex(cause_id), correlationId: hex(correlation_id), attempt: 0, fence: 0, at, epoch: 0, prevHash: '', hash: '', blobs: [], size: 0,
    payload: ofEffect(written === undefined ? decodeEvent(type as EventType, schema_version, payload) : asRead(type as EventType, written), correlation_id),
  } as unknown as AnyEvent
}

type Known = Envelope & { type: EventType }

/** The payload; where it leaves out which effect it belongs to, the correlation id says it. */
const payloadOf = ({ type, schema_version, correlation_id, payload }: Known): object => ofEffect(decodeEvent(type, schema_version, payload), correlation_id)

const ofEffect = (payload: object, correlation: Uint8Array): object => ('effect' in payload && payload.effect === '' ? { ...payload, effect: hex(correlation) } : payload)

function decodeEnvelope(bytes: Uint8Array): Known {
  let envelope: Envelope
  try {
    // Slices of a Buffer are Buffers, whose hex is three times faster than that of a bare Uint8Array.
    envelope = Envelope.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  } catch (cause) {
    throw new KymoError('KYMO_SCHEMA', 'a record does not decode as an envelope', { cause })
  }
  if (envelope.format !== ENVELOPE_FORMAT) throw new KymoError('KYMO_SCHEMA', `record format ${envelope.format} is not known to this Kymo`)
  if (!isEventType(envelope.type)) throw new KymoError('KYMO_SCHEMA', `unknown event type "${envelope.type}" at seq ${envelope.seq}`)
  return envelope as Known
}

const describe = (envelope: Known, bytes: Uint8Array): Omit<RecordedEvent, 'payload'> => ({
  runId: runIdOf(envelope.run_id),
  seq: envelope.seq,
  id: hex(envelope.event_id),
  type: envelope.type,
  from: envelope.from,
  to: envelope.to,
  prevTo: envelope.prev_to,
  causeId: causeOf(envelope),
  correlationId: hex(envelope.correlation_id),
  attempt: envelope.attempt,
  fence: envelope.fence,
  at: envelope.recorded_at_ms,
  epoch: envelope.writer_epoch,
  prevHash: hex(envelope.prev_hash),
  hash: recordHash(bytes),
  blobs: blobsOf(envelope),
  size: bytes.length,
})

/** What comes of an effect names it once. */
const causeOf = (envelope: Known): string => hex(envelope.cause_id.length > 0 ? envelope.cause_id : envelope.correlation_id)
const blobsOf = (envelope: Known): BlobName[] => envelope.blobs.map(({ hash, kind, bytes }) => ({ hash: hex(hash), kind: kindName(kind), bytes }))

const KIND_NAMES: ReadonlyArray<BlobKind | undefined> = Object.entries(BLOB_KIND).reduce<Array<BlobKind | undefined>>((names, [name, value]) => { names[value] = name as BlobKind; return names }, [])
const kindName = (kind: number): BlobKind => {
  const name = KIND_NAMES[kind]
  if (name === undefined) throw new KymoError('KYMO_SCHEMA', `blob kind ${kind} is not known`)
  return name
}

/** UUID text of 16 bytes. */
export const formatRunId = (bytes: Uint8Array): string => {
  const text = hex(bytes)
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`
}
export const parseRunId = (text: string): Uint8Array => {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex')
  if (bytes.length !== 16) throw new KymoError('KYMO_RUN_ID', `"${text}" is not a run id`)
  return bytes
}

/** Ids that a crash and a repeat give again, so that a retry is recognised as one. */
export const outputId = (runId: string, causeId: string, actor: string, index: number): string => sha256Hex('kymo.output\0', runId, '\0', causeId, '\0', actor, '\0', String(index))
export const outcomeId = (runId: string, effectId: string, attempt: number): string => sha256Hex('kymo.outcome\0', runId, '\0', effectId, '\0', String(attempt))
