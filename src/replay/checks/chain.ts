import { isActor, isAddress } from '../../../schemas/actor-names.ts'
import { decodeWire } from '../../../schemas/codec.ts'
import { messageOf } from '../../../schemas/errors.ts'
import { hex, unhex } from '../../../schemas/hash.ts'
import { ENVELOPE_FORMAT, Envelope, parseRunId, recordHashBytes } from '../../../schemas/record.ts'
import type { Position, RunSource } from '../source.ts'
import { problem } from '../problem.ts'
import type { Problem } from '../problem.ts'

export interface ChainResult {
  problems: Problem[]
  /** records that were read */
  events: number
  head: Position | undefined
  /** position of the first record that is missing, misplaced or no envelope: what needs the log's order ends before it */
  brokenAt: number | undefined
  /** hash of the record at the witness' and the caller's positions */
  hashAt: (seq: number) => string | undefined
}

interface Entry { bytes: Uint8Array; hash: Uint8Array; envelope: Envelope | undefined; error: string }

/** Positions whose hash somebody will ask for. */
export interface ChainOptions { remember?: readonly number[] }

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/**
 * Contract 2: numbering, chain, head and witness of a log, over the stored bytes alone. Names the record that was altered: when
 * only the link after a record fails, its body was; when the links on both sides fail, its own link was.
 */
export async function checkChain(source: Pick<RunSource, 'runId' | 'records' | 'head' | 'witness' | 'damage'>, { remember = [] }: ChainOptions = {}): Promise<ChainResult> {
  const problems: Problem[] = []
  const run = parseRunId(source.runId)
  const known = new Map<number, string>()
  const wanted = new Set([...remember, ...(source.witness === undefined ? [] : [source.witness.seq])])
  const senders = new Map<string, string>()
  const from: string[] = []
  const lastTo = new Map<string, number>()
  /** seqs whose record is missing or misplaced */
  const absent = new Set<number>()
  const breaks: number[] = []
  const links: Array<{ named: string; found: string }> = []
  let events = 0
  let next = 0
  let position = 0
  let hash = new Uint8Array(32)
  let linked = true
  let at = 0
  let epoch = 0
  let brokenAt: number | undefined
  let step: { seq: number; envelope: Envelope } | undefined
  let previous: Envelope | undefined

  const sender = (seq: number): string => from[seq] ?? 'unknown'
  const report = (seq: number, actor: string, field: string, expected: unknown, actual: unknown, message: string): void => {
    problems.push(problem('chain', { seq, actor }, field, expected, actual, message))
  }
  const broken = (): void => { brokenAt ??= position }

  /** Who wrote the record that should stand at `seq`, from what surrounds it. */
  const guess = (seq: number, following: Envelope | undefined): string => {
    if (step !== undefined && seq > step.seq && seq <= step.seq + outputsOf(step.envelope)) return step.envelope.from
    if (following !== undefined && isActor(following.from) && following.type !== 'actor.stepped' && following.type !== 'actor.faulted') return following.from
    if (previous?.type === 'effect.started') return 'runner'
    // A runner that waits is granted the effect at once.
    if (previous?.type === 'effect.requested') return 'journal'
    return previous !== undefined && isActor(previous.to) ? previous.to : 'unknown'
  }

  /** One run of failing links says which records were altered. */
  const flush = (): void => {
    const first = breaks[0]
    if (first === undefined) return
    const culprits = breaks.length === 1 ? [Math.max(0, first - 1)] : breaks.slice(0, -1)
    for (const seq of culprits) {
      const link = links[breaks.length === 1 ? 0 : breaks.indexOf(seq) + 1] ?? links[0]
      report(seq, sender(seq), 'hash', link?.named, link?.found, `record ${seq} (from ${sender(seq)}) was altered: its bytes do not hash to what record ${seq + 1} names`)
    }
    breaks.length = 0
    links.length = 0
  }

  const link = (seq: number, named: Uint8Array): void => {
    if (!linked || same(named, hash)) {
      flush()
      return
    }
    breaks.push(seq)
    links.push({ named: hex(named), found: hex(hash) })
  }

  const accept = (entry: Entry, seq: number): void => {
    const { envelope } = entry
    if (envelope === undefined) {
      const actor = salvageSender(entry.bytes) ?? guess(seq, undefined)
      from[seq] = actor
      absent.add(seq)
      report(seq, actor, 'record', 'an envelope', entry.error, `record ${seq} is no envelope any more: ${entry.error}`)
      broken()
    } else {
      const actor = isAddress(envelope.from) ? intern(senders, envelope.from) : guess(seq, undefined)
      from[seq] = actor
      link(seq, envelope.prev_hash)
      if (envelope.format !== ENVELOPE_FORMAT) report(seq, actor, 'format', ENVELOPE_FORMAT, envelope.format, `record ${seq} has format ${envelope.format}, which this Kymo does not know`)
      if (!same(envelope.run_id, run)) report(seq, actor, 'run_id', source.runId, hex(envelope.run_id), `record ${seq} belongs to another run`)
      if (envelope.writer_epoch < epoch) report(seq, actor, 'writer_epoch', `at least ${epoch}`, envelope.writer_epoch, `record ${seq} was written by an older writer than the record before it`)
      if (envelope.recorded_at_ms < at) report(seq, actor, 'recorded_at_ms', `at least ${at}`, envelope.recorded_at_ms, `the clock runs backwards at record ${seq}`)
      const to = isActor(envelope.to) ? (lastTo.get(envelope.to) ?? -1) : -1
      // What was addressed by a record that is gone cannot be known.
      if (envelope.prev_to !== to && !absent.has(envelope.prev_to)) report(seq, actor, 'prev_to', to, envelope.prev_to, `record ${seq} says that ${envelope.to || 'nobody'} was last written to at ${envelope.prev_to}, but it was at ${to}`)
      if (isActor(envelope.to)) lastTo.set(intern(senders, envelope.to), seq)
      epoch = Math.max(epoch, envelope.writer_epoch)
      at = Math.max(at, envelope.recorded_at_ms)
      if (envelope.type === 'actor.stepped') step = { seq, envelope }
      previous = envelope
    }
    hash = new Uint8Array(entry.hash)
    linked = true
    if (wanted.has(seq)) known.set(seq, hex(hash))
    next = seq + 1
    position++
  }

  const buffer: Entry[] = []
  const take = (): void => {
    const entry = buffer[0]
    if (entry === undefined) return
    const following = buffer[1]?.envelope
    const seq = entry.envelope?.seq ?? next
    if (seq === next) {
      buffer.shift()
      return accept(entry, next)
    }
    if (seq === next + 1 && following?.seq === next) {
      // Two neighbours changed places: said once, and read on in the right order.
      broken()
      for (const [place, held] of [[next, seq], [seq, next]] as const) {
        const actor = (place === next ? entry.envelope : following)?.from ?? 'unknown'
        report(place, actor, 'seq', place, held, `records ${next} and ${next + 1} have changed places: where ${place} should stand is ${held}`)
      }
      buffer.splice(0, 2, ...[buffer[1], entry].filter((one) => one !== undefined))
      linked = false
      return
    }
    if (following?.seq === next + 1 || (following === undefined && source.head?.seq === next)) {
      broken()
      report(next, isAddress(entry.envelope?.from ?? '?') ? (entry.envelope?.from ?? '') : guess(next, following), 'seq', next, seq, `where record ${next} should stand is one that calls itself ${seq}`)
      buffer.shift()
      flush()
      from[next] = entry.envelope?.from ?? 'unknown'
      absent.add(next)
      next++
      position++
      linked = false
      return
    }
    broken()
    if (seq > next) {
      const last = seq - 1
      const actor = guess(next, entry.envelope)
      for (let missing = next; missing <= last; missing++) {
        from[missing] = actor
        absent.add(missing)
      }
      report(next, actor, 'seq', next, seq, next === last ? `record ${next} is missing` : `records ${next} to ${last} are missing`)
      flush()
      linked = false
      next = seq
      return
    }
    report(seq, entry.envelope?.from ?? 'unknown', 'seq', next, seq, `record ${seq} is there a second time, where ${next} should stand`)
    buffer.shift()
    position++
  }

  for await (const bytes of source.records()) {
    events++
    buffer.push(entryOf(bytes))
    while (buffer.length > 2) take()
  }
  while (buffer.length > 0) take()

  const { head, witness } = source
  if (head !== undefined && head.seq >= next) {
    broken()
    flush()
    report(next, guess(next, undefined), 'head', head.seq, next - 1, `the log ends at seq ${next - 1}, though its head is ${head.seq}: its tail was cut off at record ${next}`)
  } else if (head !== undefined && head.seq < next - 1) {
    flush()
    report(head.seq + 1, sender(head.seq + 1), 'head', head.seq, next - 1, `the log goes on after its head, which is ${head.seq}`)
  } else {
    if (head !== undefined && next > 0) link(next, unhex(head.hash))
    const rebuilt = breaks.length === 1 && breaks[0] === next
    if (rebuilt) report(next - 1, sender(next - 1), 'head_hash', head?.hash, hex(hash), `the log does not end in the hash that its head names: record ${next - 1} was altered, or an earlier one and all after it were rewritten`)
    else flush()
  }
  if (witness !== undefined) {
    if (witness.seq >= next && (head === undefined || head.seq < witness.seq)) {
      broken()
      report(next, guess(next, undefined), 'witness', witness.seq, next - 1, `the log ends at seq ${next - 1}, though ${witness.seq} was acknowledged: its tail is lost from record ${next} on`)
    } else if (known.has(witness.seq) && known.get(witness.seq) !== witness.hash) {
      report(witness.seq, sender(witness.seq), 'witness', witness.hash, known.get(witness.seq), `record ${witness.seq} is not the one that was acknowledged: it, or one before it, was rewritten`)
    }
  }
  if (source.damage !== undefined && problems.length === 0) {
    const { seq, problem: text } = source.damage
    report(seq, seq < next ? sender(seq) : guess(seq, undefined), 'journal', 'an undamaged log', text, `the journal refuses this run: ${text}`)
  }
  return { problems, events, head: next === 0 ? undefined : { seq: next - 1, hash: hex(hash) }, brokenAt, hashAt: (seq) => known.get(seq) }
}

function entryOf(bytes: Uint8Array): Entry {
  const hash = recordHashBytes(bytes)
  try {
    return { bytes, hash, envelope: Envelope.decode(bytes), error: '' }
  } catch (error) {
    return { bytes, hash, envelope: undefined, error: messageOf(error) }
  }
}

/** The sender of a record that does not decode: the first thing in it that looks like field 7 of an envelope. */
function salvageSender(bytes: Uint8Array): string | undefined {
  for (let at = bytes.indexOf(0x3a); at >= 0; at = bytes.indexOf(0x3a, at + 1)) {
    const length = bytes[at + 1] ?? 0
    const text = Buffer.from(bytes.subarray(at + 2, at + 2 + length)).toString('latin1')
    if (text !== '' && text.length === length && isAddress(text)) return text
  }
  return undefined
}

function outputsOf(envelope: Envelope): number {
  try {
    return Number(decodeWire('actor.stepped', envelope.payload)['outputs'] ?? 0)
  } catch {
    return 0
  }
}

/** Decoding makes a new string each time; a log of a million records needs a few dozen. */
const intern = (pool: Map<string, string>, text: string): string => {
  const known = pool.get(text)
  if (known !== undefined) return known
  pool.set(text, text)
  return text
}
