import { hex, unhex } from '../../schemas/hash.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { Decision } from './decision.ts'
import { pendingOf } from './inbox.ts'
import type { Reply, Request } from './journal-port.ts'
import { decodeHead, eventKey, headKey, heads } from './keys.ts'
import type { HeadRow } from './keys.ts'
import { MAX_REPLY, PAGE } from './limits.ts'
import { damageText, runName } from './names.ts'
import type { Parts } from './parts.ts'
import { readRun } from './read-run.ts'
import type { WitnessedHead } from './witness.ts'

/** Records from a seq on, as many as fit. */
export async function read({ store, runs }: Parts, request: Partial<Request<'read'>>): Promise<Reply<'read'>> {
  const bytes = Uint8Array.from(request.run_id ?? [])
  const from = request.from_seq ?? 0
  const none = (decision: Decision, reason: string): Reply<'read'> => ({ decision, reason, records: [], next_seq: from, head_seq: 0, head_hash: new Uint8Array(), sealed: false })
  const row = bytes.length === 16 ? await store.get(headKey(bytes)) : undefined
  if (row === undefined) {
    const damaged = runs.get(hex(bytes))?.state
    return damaged?.damage === undefined ? none(Decision.REFUSED, `no run ${runName(bytes)} in this store`) : none(Decision.DAMAGED, damageText(damaged))
  }
  const head = headOf(row)
  const limit = Math.min(PAGE, request.limit || PAGE)
  const maxBytes = Math.min(MAX_REPLY, request.max_bytes || MAX_REPLY)
  // The head was read first: what was committed since is for the next read.
  const found = from > head.seq ? [] : await store.range({ gte: eventKey(bytes, from), lt: eventKey(bytes, head.seq + 1), limit })
  const records: Uint8Array[] = []
  let total = 0
  for (const [, value] of found) {
    if (records.length > 0 && total + value.length > maxBytes) break
    records.push(value)
    total += value.length
  }
  const state = runs.get(hex(bytes))?.state
  return { decision: Decision.OK, reason: state?.damage === undefined ? '' : damageText(state), records, next_seq: from + records.length, head_seq: head.seq, head_hash: head.hash, sealed: head.sealed }
}

/** Events that an actor (and its instances) has not stepped yet, oldest first. An empty prefix means every actor. */
export async function inbox({ store, runs }: Parts, request: Partial<Request<'inbox'>>): Promise<Reply<'inbox'>> {
  const none = (decision: Decision, reason: string): Reply<'inbox'> => ({ decision, reason, records: [], head_seq: 0, sealed: false })
  const bytes = request.run_id ?? new Uint8Array()
  const state = bytes.length === 16 ? (await runs.load(hex(bytes))).state : undefined
  if (state === undefined) return none(Decision.REFUSED, `no run ${runName(bytes)} in this store`)
  if (state.damage !== undefined) return none(Decision.DAMAGED, damageText(state))
  const prefix = request.actor_prefix ?? ''
  const seqs = [...state.inbox].filter(([actor]) => prefix === '' || actor === prefix || actor.startsWith(`${prefix}/`)).flatMap(([, list]) => pendingOf(list).map(({ seq }) => seq))
  seqs.sort((a, b) => a - b)
  const found = await Promise.all(seqs.slice(0, Math.min(PAGE, request.limit || 100)).map((seq) => store.get(eventKey(state.runBytes, seq))))
  const records: Uint8Array[] = []
  let total = 0
  for (const record of found) {
    // What is being written at this moment is not there yet, nor is what follows it.
    if (record === undefined || (records.length > 0 && total + record.length > MAX_REPLY)) break
    records.push(record)
    total += record.length
  }
  const row = await store.get(headKey(state.runBytes))
  return { decision: Decision.OK, reason: '', records, head_seq: row === undefined ? 0 : headOf(row).seq, sealed: state.sealed }
}

/** Every run of the store, or one; also runs that only the witness remembers. */
export async function list(parts: Parts, request: Partial<Request<'list'>>): Promise<Reply<'list'>> {
  const only = request.run_id !== undefined && request.run_id.length > 0 ? request.run_id : undefined
  if (only !== undefined && only.length !== 16) return { decision: Decision.REFUSED, reason: 'a run id has 16 bytes', runs: [] }
  // Asked before the rows are read, so that what is committed meanwhile is not taken for damage.
  const witnessed = parts.witness?.heads() ?? new Map<string, WitnessedHead>()
  const rows = only === undefined ? await parts.store.range({ ...heads, limit: 1_000_000 }) : await oneHead(parts, only)
  const found = rows.map(([key, value]) => runRow(parts, Uint8Array.from(key.subarray(1)), headOf(value), witnessed))
  const present = new Set(found.map((row) => hex(row.run_id)))
  for (const run of witnessed.keys()) {
    if (present.has(run) || (only !== undefined && hex(only) !== run)) continue
    const row = runRow(parts, unhex(run), NO_HEAD)
    found.push({ ...row, damage: row.damage || `this run has no head, though the witness remembers ${(witnessed.get(run)?.seq ?? 0) + 1} records` })
  }
  return { decision: Decision.OK, reason: '', runs: found }
}

async function oneHead({ store }: Parts, run: Uint8Array): Promise<Array<[Uint8Array, Uint8Array]>> {
  const value = await store.get(headKey(run))
  return value === undefined ? [] : [[headKey(run), value]]
}

const NO_HEAD: HeadRow = { seq: 0, hash: new Uint8Array(32), createdAt: 0, at: 0, sealed: false }

/** A head that does not decode is reported by whoever folds the run. */
const headOf = (row: Uint8Array): HeadRow => {
  try {
    return decodeHead(row)
  } catch {
    return NO_HEAD
  }
}

/** A run in a listing. */
export function runRow({ runs, sessions }: Parts, bytes: Uint8Array, head: HeadRow, witnessed?: ReadonlyMap<string, WitnessedHead>): kymo.v1.journal.RunRow {
  const run = hex(bytes)
  const { state, serving } = runs.get(run) ?? {}
  const served = serving !== undefined && serving.session !== '' && sessions.mayLive(serving.session, serving.holder)
  return {
    run_id: bytes, head_seq: head.seq, head_hash: head.hash, sealed: head.sealed, created_at_ms: head.createdAt, updated_at_ms: head.at,
    damage: state?.damage !== undefined ? damageText(state) : behind(head, witnessed?.get(run)), served, served_by: served ? `pid ${serving.holder?.pid ?? '?'} on ${serving.holder?.host ?? '?'}` : '', apart: served ? [...serving.apart] : [],
  }
}

const behind = (head: HeadRow, witnessed: WitnessedHead | undefined): string => {
  if (witnessed === undefined || witnessed.seq < head.seq) return ''
  if (witnessed.seq > head.seq) return `the log ends at seq ${head.seq}, its witness at ${witnessed.seq}`
  return witnessed.hash === hex(head.hash) ? '' : `the head at seq ${head.seq} is not the one that the witness saw`
}

/** Reads a whole run and checks numbering, chain, head and witness. */
export async function check({ store, witness }: Parts, request: Partial<Request<'check'>>): Promise<Reply<'check'>> {
  const bytes = Uint8Array.from(request.run_id ?? [])
  const state = bytes.length === 16 ? await readRun(store, witness, bytes) : undefined
  if (state === undefined) return { decision: Decision.REFUSED, reason: `no run ${runName(bytes)} in this store`, ok: false, at_seq: 0, problem: '', events: 0 }
  return { decision: Decision.OK, reason: '', ok: state.damage === undefined, at_seq: state.damage?.seq ?? 0, problem: state.damage?.problem ?? '', events: state.seq + 1 }
}
