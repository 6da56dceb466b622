import { messageOf } from '../../schemas/errors.ts'
import { hex } from '../../schemas/hash.ts'
import { ENVELOPE_FORMAT, Envelope, recordHashBytes } from '../../schemas/record.ts'
import { isActor } from '../../schemas/actor-names.ts'
import { decodeHead, eventKey, headKey } from './keys.ts'
import type { HeadRow } from './keys.ts'
import type { KeyValueStore } from './key-value-store.ts'
import { PAGE } from './limits.ts'
import { applyRecord, newRunState } from './run-state.ts'
import type { RunState } from './run-state.ts'
import type { Witness } from './witness.ts'

const LAST = 0xffffffff

/**
 * State of a run, folded from its records, with numbering, chain, head and witness checked: `damage` names the first thing that does not hold.
 * Undefined when there is no trace of such a run. Records that are committed while this reads are not taken for damage.
 */
export async function readRun(store: KeyValueStore, witness: Witness | undefined, runBytes: Uint8Array): Promise<RunState | undefined> {
  const state = newRunState(runBytes)
  // The witness is asked first: what is committed while this reads may be ahead of it, never behind.
  const witnessed = witness?.head(state.run)
  const row = await store.get(headKey(runBytes))
  const damaged = (seq: number, problem: string): RunState => {
    state.damage = { seq, problem }
    return state
  }
  if (row === undefined) {
    const first = await store.range({ gte: eventKey(runBytes, 0), lt: eventKey(runBytes, LAST), limit: 1 })
    if (first.length === 0 && witnessed === undefined) return undefined
    if (first.length === 0) return damaged(0, `every record of it is gone, though ${(witnessed?.seq ?? 0) + 1} were acknowledged`)
  }
  let head: HeadRow | undefined
  try {
    head = row === undefined ? undefined : decodeHead(row)
  } catch {
    return damaged(0, 'the row that names its head does not decode')
  }
  const end = head?.seq ?? LAST - 1
  for (let from = 0; from <= end; ) {
    const page = await store.range({ gte: eventKey(runBytes, from), lt: eventKey(runBytes, end + 1), limit: PAGE })
    for (const [index, [key, value]] of page.entries()) {
      const problem = foldRecord(state, Buffer.from(key).readUInt32BE(17), value, page[index + 1]?.[1], head)
      if (problem !== undefined) return damaged(problem.seq, problem.problem)
      if (witnessed !== undefined && witnessed.seq === state.seq && witnessed.hash !== hex(state.hash)) return damaged(state.seq, `record ${state.seq} is not the one that the witness saw`)
    }
    if (page.length < PAGE) break
    from = state.seq + 1
  }
  if (head === undefined) return damaged(state.seq, `the row that names its head is gone; ${state.seq + 1} records are there`)
  if (state.seq < head.seq) return damaged(state.seq + 1, `the log ends at seq ${state.seq}, though its head says ${head.seq}: its tail is lost`)
  if (hex(head.hash) !== hex(state.hash)) return damaged(state.seq, `record ${state.seq} does not hash to what the head says`)
  if (witnessed !== undefined && witnessed.seq > state.seq) return damaged(state.seq + 1, `the log ends at seq ${state.seq}, though ${witnessed.seq} was acknowledged: its tail is lost`)
  if (await goesOn(store, runBytes, head)) return damaged(head.seq, `there are records behind seq ${head.seq}, which its head calls the last`)
  return state
}

interface Problem { seq: number; problem: string }

/** Checks one record against the state before it, and folds it in. */
function foldRecord(state: RunState, seq: number, value: Uint8Array, next: Uint8Array | undefined, head: HeadRow | undefined): Problem | undefined {
  const expected = state.seq + 1
  if (seq !== expected) return { seq: expected, problem: `record ${expected} is missing (the next one is ${seq})` }
  const hash = recordHashBytes(value)
  let envelope: Envelope
  try {
    envelope = Envelope.decode(value)
  } catch (error) {
    return { seq, problem: `record ${seq} does not decode (${messageOf(error)})` }
  }
  if (envelope.seq !== seq) return { seq, problem: `the record at ${seq} calls itself ${envelope.seq}` }
  if (hex(envelope.run_id) !== state.run) return { seq, problem: `the record at ${seq} belongs to another run` }
  if (hex(envelope.prev_hash) !== hex(state.hash)) {
    // The link between two records is broken: what follows tells which of the two was altered.
    const named = next === undefined ? head?.seq === seq ? head.hash : undefined : linkOf(next)
    const altered = seq === 0 || (named !== undefined && hex(named) !== hex(hash)) ? seq : seq - 1
    return { seq: altered, problem: altered === seq ? `record ${seq} was altered: its link to its predecessor does not hold` : `record ${altered} does not hash to what record ${seq} names as its predecessor` }
  }
  if (envelope.format !== ENVELOPE_FORMAT) return { seq, problem: `record ${seq} has format ${envelope.format}, which this Kymo does not know` }
  if (envelope.recorded_at_ms < state.at) return { seq, problem: `record ${seq} is older than its predecessor` }
  if (isActor(envelope.to) && envelope.prev_to !== (state.lastTo.get(envelope.to) ?? -1)) return { seq, problem: `record ${seq} names another previous event of ${envelope.to}` }
  try {
    applyRecord(state, envelope, value, hash)
  } catch (error) {
    return { seq, problem: `record ${seq} does not decode (${messageOf(error)})` }
  }
  return undefined
}

const linkOf = (bytes: Uint8Array): Uint8Array | undefined => {
  try {
    return Envelope.decode(bytes).prev_hash
  } catch {
    return undefined
  }
}

/** True when there are records behind the head and the head did not move meanwhile. */
async function goesOn(store: KeyValueStore, runBytes: Uint8Array, head: HeadRow): Promise<boolean> {
  const beyond = await store.range({ gte: eventKey(runBytes, head.seq + 1), lt: eventKey(runBytes, LAST), limit: 1 })
  if (beyond.length === 0) return false
  const now = await store.get(headKey(runBytes))
  return now === undefined || decodeHead(now).seq <= head.seq
}
