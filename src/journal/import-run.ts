import { decodeWire, isEventType } from '../../schemas/codec.ts'
import { messageOf } from '../../schemas/errors.ts'
import { isActor } from '../../schemas/actor-names.ts'
import { hex } from '../../schemas/hash.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import { ENVELOPE_FORMAT, Envelope, formatRunId, recordHashBytes } from '../../schemas/record.ts'
import { kymo } from '../../schemas/generated/messages.js'
import type { CommitQueue } from './commit-queue.ts'
import { Decision } from './decision.ts'
import { eventKey } from './keys.ts'
import type { KeyValueStore } from './key-value-store.ts'
import { MAX_RECORD } from './limits.ts'
import { applyRecord, newRunState } from './run-state.ts'
import type { RunState } from './run-state.ts'

const { AppendReply } = kymo.v1.journal
type ImportRequest = kymo.v1.journal.ImportRequest
type ImportReply = kymo.v1.journal.ImportReply

/** What is held of unfinished uploads, in all, and for how long after their last chunk. */
const STAGED_BYTES = 1024 * 2 ** 20
const FORGOTTEN_MS = 60_000

interface Upload { state: RunState; records: Uint8Array[]; bytes: number; heard: number }

interface ImportParts {
  store: Pick<KeyValueStore, 'get'>
  commits: Pick<CommitQueue, 'submit'>
  hasBlob: (hash: string) => Promise<boolean>
}

export interface Imports { take(request: Partial<ImportRequest>): Promise<ImportReply> }

/**
 * Takes runs in from elsewhere. Chunks are checked as they come (numbering, links, run id, blobs that they name) and kept in memory;
 * the last one makes the run appear in one durable batch. A chunk that comes twice is known; after a restart the reply wants seq 0.
 */
export function createImports({ store, commits, hasBlob }: ImportParts): Imports {
  const uploads = new Map<string, Upload>()
  const reply = (decision: Decision, reason: string, received: number): ImportReply => ({ decision, reason, received })

  const forget = (now: number): void => {
    for (const [id, { heard }] of uploads) if (now - heard > FORGOTTEN_MS) uploads.delete(id)
  }

  const finish = async (upload: Upload): Promise<ImportReply> => {
    const { state, records } = upload
    const answer = await commits.submit(state.run, (group, run) => {
      const there = run.state
      if (there !== undefined) {
        if (there.damage !== undefined) return refused(Decision.DAMAGED, `the run is in this store already and damaged at seq ${there.damage.seq}: ${there.damage.problem}`)
        return () => compare(store, there, state)
      }
      for (const [seq, value] of records.entries()) group.operations.push({ key: eventKey(state.runBytes, seq), value })
      group.touched.set(state.run, state)
      run.state = state
      return AppendReply.create({ decision: Decision.OK, head_seq: state.seq })
    }, upload.bytes)
    return reply(answer.decision, answer.reason, state.seq + 1)
  }

  return {
    take: async (request) => {
      const { run_id = new Uint8Array(), upload: id = new Uint8Array(), from_seq = 0, records = [], last = false, head_hash = new Uint8Array() } = request
      if (run_id.length !== 16 || id.length !== 16) return reply(Decision.REFUSED, 'a run id and an upload id have 16 bytes each', 0)
      const now = performance.now()
      forget(now)
      const name = `${hex(run_id)} ${hex(id)}`
      const known = uploads.get(name)
      const upload = known ?? { state: newRunState(Uint8Array.from(run_id)), records: [], bytes: 0, heard: now }
      const received = upload.state.seq + 1
      upload.heard = now
      if (from_seq > received) return reply(Decision.WRONG_EXPECTED, `the next record of this upload is ${received}, not ${from_seq}`, known === undefined ? 0 : received)
      const fresh = records.slice(received - from_seq)
      const size = fresh.reduce((sum, record) => sum + record.length, 0)
      const staged = [...uploads.values()].reduce((sum, { bytes }) => sum + bytes, 0)
      if (staged + size > STAGED_BYTES) return reply(Decision.BUSY, 'runs of more than 1 GiB of records are being taken in already: try again when they are done', received)
      const problem = await add(upload, fresh, hasBlob)
      if (problem !== undefined) {
        uploads.delete(name)
        return reply(Decision.REFUSED, `run ${formatRunId(run_id)} was not taken in: ${problem}`, 0)
      }
      uploads.set(name, upload)
      if (!last) return reply(Decision.OK, '', upload.state.seq + 1)
      uploads.delete(name)
      if (upload.state.seq < 0) return reply(Decision.REFUSED, 'a run has at least one record', 0)
      if (hex(upload.state.hash) !== hex(head_hash)) return reply(Decision.REFUSED, `run ${formatRunId(run_id)} was not taken in: its last record does not hash to its head`, 0)
      const done = await finish(upload)
      // A store that could not write keeps what came, so that the same request may be repeated.
      if (done.decision === Decision.UNAVAILABLE || done.decision === Decision.BUSY) uploads.set(name, upload)
      return done
    },
  }
}

const refused = (decision: Decision, reason: string) => AppendReply.create({ decision, reason })

/** A run that is there already: the very one, perhaps gone on since, or another of the same id. */
async function compare(store: Pick<KeyValueStore, 'get'>, there: RunState, state: RunState) {
  const record = await store.get(eventKey(state.runBytes, state.seq))
  if (record !== undefined && hex(recordHashBytes(record)) === hex(state.hash)) return refused(Decision.IDEMPOTENT, '')
  return refused(Decision.CORRUPT_IDEMPOTENCY, `the store holds a run of this id that ends at seq ${there.seq} and is another one`)
}

/** Checks records against what came before them and adds them; a sentence when one does not fit. */
async function add(upload: Upload, records: readonly Uint8Array[], hasBlob: ImportParts['hasBlob']): Promise<string | undefined> {
  const { state } = upload
  for (const given of records) {
    const seq = state.seq + 1
    const bytes = Uint8Array.from(given)
    if (bytes.length > MAX_RECORD) return `record ${seq} takes ${bytes.length} bytes; a record may take ${MAX_RECORD}`
    let envelope: Envelope
    try {
      envelope = Envelope.decode(bytes)
    } catch (error) {
      return `record ${seq} does not decode (${messageOf(error)})`
    }
    if (envelope.format !== ENVELOPE_FORMAT) return `record ${seq} has format ${envelope.format}, which this Kymo does not know`
    if (envelope.seq !== seq) return `where record ${seq} should stand is one that calls itself ${envelope.seq}`
    if (hex(envelope.run_id) !== state.run) return `record ${seq} belongs to another run`
    if (hex(envelope.prev_hash) !== hex(state.hash)) return `record ${seq} does not follow the one before it`
    if (state.sealed) return `record ${seq} comes after the run's end`
    if (seq === 0 && envelope.type !== 'run.started') return 'a run begins with run.started'
    if (envelope.recorded_at_ms < state.at) return `record ${seq} is older than its predecessor`
    if (isActor(envelope.to) && envelope.prev_to !== (state.lastTo.get(envelope.to) ?? -1)) return `record ${seq} names another previous event of ${envelope.to}`
    for (const hash of namedIn(envelope)) if (!(await hasBlob(hash))) return `record ${seq} names blob ${hash}, which the store does not hold`
    try {
      applyRecord(state, envelope, bytes, recordHashBytes(bytes))
    } catch (error) {
      return `record ${seq} does not decode (${messageOf(error)})`
    }
    upload.records.push(bytes)
    upload.bytes += bytes.length
  }
  return undefined
}

/** Blobs that a record names, in its envelope or in its payload; a payload that does not decode is told by whoever applies the record. */
function namedIn({ type, payload, blobs }: Envelope): Set<string> {
  const named = new Set(blobs.map(({ hash }) => hex(hash)))
  try {
    if (isEventType(type)) for (const { hash } of blobsNamed(type, decodeWire(type, payload))) named.add(hash)
  } catch {
    // said below, with the record's number
  }
  return named
}
