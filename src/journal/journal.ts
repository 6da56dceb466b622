import { KymoError, messageOf } from '../../schemas/errors.ts'
import { hex, sha256Hex, unhex } from '../../schemas/hash.ts'
import { encodeEvent, decodeWire, isEventType, schemaVersion } from '../../schemas/codec.ts'
import type { EventPayloads, EventType } from '../../schemas/generated/events.ts'
import { isAddress, isActor } from '../../schemas/actor-names.ts'
import { ENVELOPE_FORMAT, Envelope, formatRunId, outcomeId, outputId, recordHashBytes } from '../../schemas/record.ts'
import { kymo } from '../../schemas/generated/messages.js'
import { Decision } from './decision.ts'
import { isGone } from './holder.ts'
import type { Holder } from './holder.ts'
import type { Reply, Request } from './journal-port.ts'
import { blobKey, decodeHead, encodeHead, eventKey, headKey, heads, metaKey, servedKey, viewKey } from './keys.ts'
import type { KeyValueStore, Operation } from './key-value-store.ts'
import { applyRecord, newRunState } from './run-state.ts'
import type { OpenEffect, RunState } from './run-state.ts'
import type { Witness } from './witness.ts'

const { AppendReply, Grant } = kymo.v1.journal
type AppendReply = kymo.v1.journal.AppendReply
type NewEvent = kymo.v1.journal.NewEvent
type Held = kymo.v1.journal.Held

/** Blobs up to this size live in LevelDB, larger ones as files: compaction copies every value it holds. */
export const SMALL_BLOB = 64 * 1024
/** An event names its texts by hash; a record over this size is a mistake or an attack. */
export const MAX_RECORD = 128 * 1024
const MAX_EVENTS = 1024
const PAGE = 1000

export interface JournalOptions {
  store: KeyValueStore
  witness?: Witness
  /** milliseconds since 1970 */
  now?: () => number
  /** a lease ends when its session was silent for this long */
  leaseMs?: number
  maxQueue?: number
  /** large blobs are files: src/blobs says whether one is there */
  hasFile?: (hash: string) => boolean
  /** called after the commit, in order */
  onCommit?: (run: string, records: readonly CommittedRecord[]) => void
  onProblem?: (message: string) => void
}

export interface CommittedRecord { seq: number; to: string; type: string; bytes: Uint8Array }

interface Session { holder: Holder | null; heard: number; serving: Set<string>; client: boolean }
interface Waiter { session: string; holder: Holder | null; kinds: Set<string>; run: string; apart: boolean; slots: number; grants: kymo.v1.journal.Grant[]; resolve: (grants: kymo.v1.journal.Grant[]) => void }
interface Job { run: string; decide: (group: Group) => AppendReply; resolve: (reply: AppendReply) => void }

/** What one group commit is about to write. */
interface Group { operations: Operation[]; touched: Map<string, RunState>; records: Map<string, CommittedRecord[]>; inline: Map<string, Uint8Array>; granted: Array<() => void> }

const refusal = (decision: Decision, reason: string): AppendReply => AppendReply.create({ decision, reason })

/**
 * The one writer of a store. Appends are queued, decided one after the other, and written as one durable batch;
 * an answer is given only after the batch and the witness are written.
 */
export class Journal {
  readonly #store: KeyValueStore
  readonly #witness: Witness | undefined
  readonly #now: () => number
  readonly #leaseMs: number
  readonly #maxQueue: number
  readonly #hasFile: (hash: string) => boolean
  readonly #onCommit: (run: string, records: readonly CommittedRecord[]) => void
  readonly #onProblem: (message: string) => void
  readonly #runs = new Map<string, RunState>()
  readonly #loading = new Map<string, Promise<RunState | undefined>>()
  readonly #sessions = new Map<string, Session>()
  readonly #apart = new Map<string, Set<string>>()
  readonly #cancels = new Map<string, Held[]>()
  readonly #known = new Set<string>()
  readonly #openedAt = performance.now()
  #waiters: Waiter[] = []
  #queue: Job[] = []
  #committing: Promise<void> | undefined
  #broken: string | undefined
  #sweeper: NodeJS.Timeout | undefined
  #closed = false
  epoch = 0
  storeId = ''

  constructor(options: JournalOptions) {
    this.#store = options.store
    this.#witness = options.witness
    this.#now = options.now ?? Date.now
    this.#leaseMs = options.leaseMs ?? 10_000
    this.#maxQueue = options.maxQueue ?? 4096
    this.#hasFile = options.hasFile ?? (() => false)
    this.#onCommit = options.onCommit ?? (() => undefined)
    this.#onProblem = options.onProblem ?? (() => undefined)
  }

  /** Takes the store over: raises the writer epoch and starts watching leases and timers. */
  async open(): Promise<this> {
    const epoch = await this.#store.get(metaKey('epoch'))
    const id = await this.#store.get(metaKey('id'))
    this.epoch = (epoch === undefined ? 0 : Buffer.from(epoch).readUInt32BE(0)) + 1
    this.storeId = id === undefined ? sha256Hex(`${process.pid} ${this.#now()} ${performance.now()} ${Math.random()}`).slice(0, 16) : Buffer.from(id).toString()
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeUInt32BE(this.epoch, 0)
    await this.#store.write([{ key: metaKey('epoch'), value: bytes }, { key: metaKey('id'), value: Buffer.from(this.storeId) }], { sync: true })
    this.#sweeper = setInterval(() => void this.#sweep(), 100)
    this.#sweeper.unref()
    return this
  }

  /** Waits for what is queued, then lets go of the store. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweeper)
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(waiter.grants)
    while (this.#committing !== undefined) await this.#committing
    this.#witness?.close()
    await this.#store.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // ---- append ----

  /** See proto/kymo/v1/journal.proto. Never throws for a bad request: the decision says why. */
  async append(request: Partial<Request<'append'>>): Promise<AppendReply> {
    let problem: string | undefined
    try {
      problem = checkRequest(request) ?? (await this.#checkBlobs(request))
    } catch (error) {
      problem = messageOf(error)
    }
    if (problem !== undefined) return refusal(Decision.REFUSED, problem)
    const runBytes = Uint8Array.from(request.run_id ?? [])
    const run = hex(runBytes)
    return this.#submit(run, (group) => {
      const state = this.#runs.get(run)
      if (request.create) return this.#decideCreate(group, state, runBytes, request)
      if (state === undefined) return refusal(Decision.REFUSED, `no run ${formatRunId(runBytes)} in this store`)
      return this.#decide(group, state, request)
    })
  }

  async #submit(run: string, decide: (group: Group) => AppendReply): Promise<AppendReply> {
    if (this.#closed) return refusal(Decision.UNAVAILABLE, 'the store is closing')
    if (this.#queue.length >= this.#maxQueue) return refusal(Decision.BUSY, `${this.#queue.length} appends are waiting: try again`)
    if (!this.#runs.has(run)) await this.#load(run).catch((error: unknown) => this.#onProblem(messageOf(error)))
    return new Promise((resolve) => {
      this.#queue.push({ run, decide, resolve })
      this.#committing ??= this.#commitAll()
    })
  }

  async #commitAll(): Promise<void> {
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const jobs = this.#queue.splice(0, 512)
      const group: Group = { operations: [], touched: new Map(), records: new Map(), inline: new Map(), granted: [] }
      const replies = jobs.map((job) => {
        try {
          return job.decide(group)
        } catch (error) {
          // A half-staged run is dropped and read again, so that no decision rests on it.
          this.#runs.delete(job.run)
          return refusal(Decision.REFUSED, messageOf(error))
        }
      })
      const failure = await this.#write(group)
      if (failure === undefined) {
        for (const grant of group.granted) grant()
        jobs.forEach((job, index) => job.resolve(replies[index] ?? refusal(Decision.REFUSED, 'no decision')))
        for (const [run, records] of group.records) this.#onCommit(run, records)
      } else {
        for (const run of group.touched.keys()) this.#runs.delete(run)
        for (const job of jobs) this.#runs.delete(job.run)
        await Promise.all(jobs.map(async (job) => {
          await this.#load(job.run).catch(() => undefined)
          job.resolve(refusal(Decision.UNAVAILABLE, failure))
        }))
      }
    }
    this.#committing = undefined
  }

  /** Undefined when durable, else a sentence. After a failed write LevelDB's log may end in half a record, so the store is opened anew. */
  async #write(group: Group): Promise<string | undefined> {
    if (group.operations.length === 0) return undefined
    try {
      if (this.#broken !== undefined) {
        await this.#store.reopen()
        this.#broken = undefined
        this.#onProblem('the store can be written again')
      }
      for (const [hash, data] of group.inline) group.operations.push({ key: blobKey(unhex(hash)), value: data })
      for (const state of group.touched.values()) group.operations.push({ key: headKey(state.runBytes), value: encodeHead(state) })
      await this.#store.write(group.operations, { sync: true })
      for (const state of group.touched.values()) this.#witness?.record(state.run, state.seq, state.hash)
      for (const hash of group.inline.keys()) this.#remember(hash)
      return undefined
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
      const text = `the store cannot write (${messageOf(cause)}): nothing was recorded. Free some disk space; Kymo tries again by itself`
      if (this.#broken === undefined) this.#onProblem(text)
      this.#broken = text
      return text
    }
  }

  #decideCreate(group: Group, state: RunState | undefined, runBytes: Uint8Array, request: Partial<Request<'append'>>): AppendReply {
    const events = request.events ?? []
    const first = events[0]
    if (first?.type !== 'run.started') return refusal(Decision.REFUSED, 'a run begins with run.started')
    if (events.some((event) => event.from !== 'user')) return refusal(Decision.REFUSED, 'a run is created by the user')
    if (state !== undefined) return this.#repeated(state, 0, events)
    const created = newRunState(runBytes)
    this.#runs.set(created.run, created)
    return this.#stage(group, created, events, request.blobs)
  }

  #decide(group: Group, state: RunState, request: Partial<Request<'append'>>): AppendReply {
    const events = request.events ?? []
    if (state.damage !== undefined) return refusal(Decision.DAMAGED, damageText(state))
    if (request.reaction) return this.#decideReaction(group, state, request.reaction, events, request.blobs)
    if (request.outcome) return this.#decideOutcome(group, state, request.outcome, events, request.blobs)
    const known = state.ids.get(hex(events[0]?.event_id ?? new Uint8Array()))
    if (known !== undefined) return this.#repeated(state, known, events)
    if (state.sealed) return refusal(Decision.SEALED, `run ${formatRunId(state.runBytes)} is finished`)
    const foreign = events.find((event) => !EXTERNAL.has(event.type) || event.from !== 'user')
    if (foreign !== undefined) return refusal(Decision.REFUSED, `${foreign.type} from ${foreign.from} is not an external event`)
    return this.#stage(group, state, events, request.blobs)
  }

  #decideReaction(group: Group, state: RunState, { actor, cause_seq: cause }: kymo.v1.journal.Reaction, events: NewEvent[], blobs: Request<'append'>['blobs'] = []): AppendReply {
    const before = state.reactions.get(cause)
    if (before !== undefined) return this.#repeated(state, before, events)
    if (state.sealed) return refusal(Decision.SEALED, `run ${formatRunId(state.runBytes)} is finished`)
    const oldest = state.inbox.get(actor)?.[0]
    if (oldest !== cause) return refusal(Decision.WRONG_EXPECTED, `the oldest event that ${actor} has not stepped is ${oldest ?? 'none'}, not ${cause}`)
    const head = events[0]
    if (head === undefined || (head.type !== 'actor.stepped' && head.type !== 'actor.faulted')) return refusal(Decision.REFUSED, 'a reaction begins with actor.stepped or actor.faulted')
    const claimed = decodeWire(head.type, head.payload)
    if (claimed['actor'] !== actor || claimed['cause_seq'] !== cause) return refusal(Decision.REFUSED, `the reaction's first event speaks of ${String(claimed['actor'])} and seq ${String(claimed['cause_seq'])}`)
    const runId = formatRunId(state.runBytes)
    for (const [index, event] of events.entries()) {
      if (event.from !== actor) return refusal(Decision.REFUSED, `${event.type} is from ${event.from}, not from ${actor}`)
      if (NOT_FROM_ACTORS.has(event.type)) return refusal(Decision.REFUSED, `${event.type} cannot be part of a reaction`)
      if (index > 0 && (event.type === 'actor.stepped' || event.type === 'actor.faulted')) return refusal(Decision.REFUSED, 'one reaction steps one actor once')
      if (hex(event.event_id) !== outputId(runId, hex(event.cause_id), actor, index)) return refusal(Decision.REFUSED, `the id of output ${index} is not derived from its cause`)
    }
    return this.#stage(group, state, events, blobs)
  }

  #decideOutcome(group: Group, state: RunState, request: kymo.v1.journal.Outcome, events: NewEvent[], blobs: Request<'append'>['blobs'] = []): AppendReply {
    const id = hex(request.effect_id)
    const event = events[0]
    if (events.length !== 1 || event === undefined || (event.type !== 'effect.succeeded' && event.type !== 'effect.failed')) return refusal(Decision.REFUSED, 'an outcome is one effect.succeeded or effect.failed')
    const before = state.ids.get(hex(event.event_id))
    if (before !== undefined) return this.#repeated(state, before, events)
    if (state.sealed) return refusal(Decision.SEALED, `run ${formatRunId(state.runBytes)} is finished`)
    const effect = state.effects.get(id)
    if (effect === undefined) return refusal(Decision.FENCED, `effect ${id.slice(0, 12)} has an outcome already`)
    if (!effect.started || effect.attempt !== request.attempt || effect.fence !== request.fence) {
      return refusal(Decision.FENCED, `attempt ${request.attempt} of effect ${id.slice(0, 12)} is not the current one`)
    }
    const payload = decodeWire(event.type, event.payload)
    if (payload['effect'] !== id || payload['kind'] !== effect.kind || payload['call'] !== effect.call || event.to !== effect.requester || event.from !== 'runner') {
      return refusal(Decision.REFUSED, `the outcome does not fit effect ${id.slice(0, 12)} (${effect.kind} of ${effect.requester})`)
    }
    if (hex(event.event_id) !== outcomeId(formatRunId(state.runBytes), id, request.attempt)) return refusal(Decision.REFUSED, 'the id of the outcome is not derived from its effect and attempt')
    return this.#stage(group, state, events, blobs, { attempt: effect.attempt, fence: effect.fence })
  }

  /** The same request again: answered with its original positions once compared with what was stored. */
  #repeated(state: RunState, first: number, events: readonly NewEvent[]): AppendReply {
    const stored = this.#recent.get(`${state.run}/${first}`)
    const digest = batchDigest(events)
    if (stored !== undefined && stored !== digest) return refusal(Decision.CORRUPT_IDEMPOTENCY, `seq ${first} holds another reaction to the same cause: two versions of one actor are at work, or it is not deterministic`)
    return AppendReply.create({ decision: Decision.IDEMPOTENT, first_seq: first, count: events.length, recorded_at_ms: state.at, head_hash: state.hash, head_seq: state.seq, reason: stored === undefined ? 'compare' : '' })
  }

  /** digests of recent batches by run and first seq; older ones are compared by the host, which reads them */
  readonly #recent = new Map<string, string>()

  #stage(group: Group, state: RunState, events: readonly NewEvent[], blobs: Request<'append'>['blobs'] = [], effect = { attempt: 0, fence: 0 }): AppendReply {
    const first = state.seq + 1
    for (const blob of blobs) group.inline.set(hex(blob.hash), blob.data)
    for (const event of events) this.#write1(group, state, event, effect)
    const key = `${state.run}/${first}`
    this.#recent.set(key, batchDigest(events))
    if (this.#recent.size > 20_000) for (const old of [...this.#recent.keys()].slice(0, 5_000)) this.#recent.delete(old)
    this.#settleCancelled(group, state)
    this.#grant(group, state)
    return AppendReply.create({ decision: Decision.OK, first_seq: first, count: events.length, recorded_at_ms: state.at, head_hash: state.hash, head_seq: state.seq })
  }

  #write1(group: Group, state: RunState, event: NewEvent, { attempt, fence }: { attempt: number; fence: number }): void {
    const envelope: Envelope = {
      format: ENVELOPE_FORMAT, run_id: state.runBytes, seq: state.seq + 1, event_id: event.event_id, type: event.type, schema_version: event.schema_version,
      from: event.from, to: event.to, prev_to: isActor(event.to) ? (state.lastTo.get(event.to) ?? -1) : -1, cause_id: event.cause_id, correlation_id: event.correlation_id,
      attempt, fence, recorded_at_ms: Math.max(state.at, this.#now()), writer_epoch: this.epoch, prev_hash: state.hash, blobs: event.blobs, payload: event.payload,
    }
    const bytes = Envelope.encode(envelope).finish()
    if (bytes.length > MAX_RECORD) throw new KymoError('KYMO_OVERSIZED', `${event.type} takes ${bytes.length} bytes; a record may take ${MAX_RECORD}, and texts go by hash`)
    applyRecord(state, envelope, recordHashBytes(bytes))
    group.operations.push({ key: eventKey(state.runBytes, envelope.seq), value: bytes })
    group.touched.set(state.run, state)
    const records = group.records.get(state.run)
    const record = { seq: envelope.seq, to: event.to, type: event.type, bytes }
    if (records === undefined) group.records.set(state.run, [record])
    else records.push(record)
  }

  /** Appends a fact of the journal's own: a grant, a lost lease, a timer. */
  #own<T extends EventType>(group: Group, state: RunState, type: T, payload: EventPayloads[T], about: { id: string; to?: string; cause: string; effect?: string; attempt?: number; fence?: number }): void {
    this.#write1(group, state, {
      event_id: unhex(about.id), type, schema_version: schemaVersion(type), from: 'journal', to: about.to ?? '', cause_id: unhex(about.cause),
      correlation_id: about.effect === undefined ? new Uint8Array() : unhex(about.effect), blobs: [], payload: encodeEvent(type, payload),
    }, { attempt: about.attempt ?? 0, fence: about.fence ?? 0 })
  }

  // ---- effects: claims, leases, cancellation ----

  /** Grants open effects, waiting up to wait_ms for one. A grant is an effect.started record, durable before it is told. */
  async claim(request: Partial<Request<'claim'>>): Promise<Reply<'claim'>> {
    const session = hex(request.session ?? new Uint8Array())
    this.#touch(session, request.holder ?? null)
    const run = hex(request.run_id ?? new Uint8Array())
    const grants = await new Promise<kymo.v1.journal.Grant[]>((resolve) => {
      let done = false
      const waiter: Waiter = {
        session, holder: request.holder ?? null, kinds: new Set(request.kinds ?? []), run, apart: request.apart ?? false, slots: Math.max(1, request.slots ?? 1), grants: [],
        resolve: (value) => {
          if (done) return
          done = true
          this.#waiters = this.#waiters.filter((other) => other !== waiter)
          resolve(value)
        },
      }
      this.#waiters.push(waiter)
      setTimeout(() => waiter.resolve(waiter.grants), Math.min(30_000, request.wait_ms ?? 0)).unref()
      for (const state of this.#runs.values()) if (this.#fits(waiter, state) && offered(state).length > 0) void this.#submit(state.run, (group) => this.#grantNow(group, state.run))
    })
    return { decision: Decision.OK, reason: '', grants }
  }

  #fits(waiter: Waiter, state: RunState): boolean {
    if (state.sealed || state.damage !== undefined) return false
    return waiter.apart ? this.#apart.has(state.run) : waiter.run === state.run
  }

  /** True when this waiter's process serves that kind of effect of that run. */
  #serves(waiter: Waiter, state: RunState, effect: OpenEffect): boolean {
    if (!waiter.kinds.has(effect.kind)) return false
    const isApart = this.#apart.get(state.run)?.has(RUNNER_OF[effect.kind] ?? '') ?? false
    return waiter.apart === isApart
  }

  #grantNow(group: Group, run: string): AppendReply {
    const state = this.#runs.get(run)
    if (state !== undefined && !state.sealed && state.damage === undefined) this.#grant(group, state)
    return AppendReply.create({ decision: Decision.OK })
  }

  #grant(group: Group, state: RunState): void {
    if (state.sealed || this.#waiters.length === 0) return
    for (const effect of offered(state)) {
      const waiter = this.#waiters.find((one) => one.grants.length < one.slots && this.#fits(one, state) && this.#serves(one, state, effect))
      if (waiter === undefined) continue
      const attempt = effect.attempt + 1
      const fence = state.seq + 1
      const { host = '', pid = 0, boot_id = '', started_ticks = 0 } = waiter.holder ?? {}
      this.#own(group, state, 'effect.started', { effect: effect.id, kind: effect.kind, clock: { worker: waiter.session, host, pid, boot_id, started_ticks } },
        { id: sha256Hex('kymo.started\0', state.run, effect.id, String(attempt)), cause: effect.id, effect: effect.id, attempt, fence })
      const grant = Grant.create({ run_id: state.runBytes, effect_id: unhex(effect.id), attempt, fence, record: new Uint8Array(), lease_ms: this.#leaseMs })
      const { requestedSeq } = effect
      waiter.grants.push(grant)
      group.granted.push(() => {
        void this.#recordAt(state, requestedSeq).then((record) => {
          grant.record = record ?? new Uint8Array()
          waiter.resolve(waiter.grants)
        })
      })
    }
  }

  #recordAt(state: RunState, seq: number): Promise<Uint8Array | undefined> {
    return this.#store.get(eventKey(state.runBytes, seq))
  }

  /** A cancelled effect that nobody runs has its outcome at once. */
  #settleCancelled(group: Group, state: RunState): void {
    if (state.sealed) return
    for (const effect of [...state.effects.values()]) {
      if (!effect.cancelRequested) continue
      if (effect.started) {
        const pending = this.#cancels.get(effect.worker) ?? []
        if (!pending.some((held) => hex(held.effect_id) === effect.id)) pending.push(heldOf(state, effect))
        this.#cancels.set(effect.worker, pending)
        continue
      }
      this.#fail(group, state, effect, 'user', 'cancelled', 'cancelled before it started')
    }
  }

  #fail(group: Group, state: RunState, effect: OpenEffect, source: string, code: string, message: string): void {
    this.#own(group, state, 'effect.failed', { effect: effect.id, kind: effect.kind, call: effect.call, error: { source, code, message }, retryable: false },
      { id: outcomeId(formatRunId(state.runBytes), effect.id, effect.attempt + 1_000_000), to: effect.requester, cause: effect.id, effect: effect.id, attempt: effect.attempt, fence: effect.fence })
  }

  /** Keeps a session's leases; tells which of them it lost and which are to be cancelled. */
  async heartbeat(request: Partial<Request<'heartbeat'>>): Promise<Reply<'heartbeat'>> {
    const session = hex(request.session ?? new Uint8Array())
    this.#touch(session, request.holder ?? null)
    const lost: Held[] = []
    for (const held of request.holding ?? []) {
      const run = hex(held.run_id)
      const state = this.#runs.get(run) ?? (await this.#load(run))
      const effect = state?.effects.get(hex(held.effect_id))
      if (effect === undefined || !effect.started || effect.fence !== held.fence) lost.push(held)
    }
    for (const bytes of request.serving ?? []) {
      const run = hex(bytes)
      await this.#load(run)
      const other = this.#server(run)
      if (other === undefined || other === session) this.#sessions.get(session)?.serving.add(run)
      await this.#store.write([{ key: servedKey(bytes), value: Buffer.from(String(this.#now())) }], { sync: false }).catch(() => undefined)
    }
    const cancelled = this.#cancels.get(session) ?? []
    this.#cancels.delete(session)
    return { decision: Decision.OK, reason: '', lost, cancelled }
  }

  /** A worker that stops gives back what it holds: those attempts are lost now, not when a lease ends. */
  async release(request: Partial<Request<'release'>>): Promise<Reply<'release'>> {
    for (const held of request.holding ?? []) {
      const run = hex(held.run_id)
      const reply = await this.#submit(run, (group) => {
        const state = this.#runs.get(run)
        const effect = state?.effects.get(hex(held.effect_id))
        if (state !== undefined && !state.sealed && effect?.started === true && effect.fence === held.fence) this.#lose(group, state, effect, request.reason ?? 'released')
        return AppendReply.create({ decision: Decision.OK })
      })
      if (reply.decision !== Decision.OK) return { decision: reply.decision, reason: reply.reason }
    }
    return { decision: Decision.OK, reason: '' }
  }

  #lose(group: Group, state: RunState, effect: OpenEffect, reason: string): void {
    this.#own(group, state, 'effect.lost', { effect: effect.id, kind: effect.kind, reason },
      { id: sha256Hex('kymo.lost\0', state.run, effect.id, String(effect.attempt)), cause: effect.id, effect: effect.id, attempt: effect.attempt, fence: effect.fence })
    if (effect.cancelRequested) this.#fail(group, state, effect, 'user', 'cancelled', 'cancelled, and its worker is gone')
    else if (effect.attempt >= effect.maxAttempts) this.#fail(group, state, effect, 'system', 'lost', `all ${effect.attempt} attempts were lost, the last because ${reason}`)
    else this.#grant(group, state)
  }

  #alive(session: string): boolean {
    const known = this.#sessions.get(session)
    if (known === undefined) return performance.now() - this.#openedAt < this.#leaseMs
    return !isGone(known.holder) && performance.now() - known.heard < this.#leaseMs
  }

  #touch(session: string, holder: Holder | null): void {
    if (session === '') return
    const known = this.#sessions.get(session)
    if (known === undefined) this.#sessions.set(session, { holder, heard: performance.now(), serving: new Set(), client: true })
    else {
      known.heard = performance.now()
      known.holder = holder ?? known.holder
    }
  }

  /** Ends leases whose worker is gone and fires timers that are due, in runs that are served. */
  async #sweep(): Promise<void> {
    if (this.#closed || this.#broken !== undefined && this.#queue.length > 0) return
    for (const [id, session] of this.#sessions) if (!this.#alive(id)) { this.#sessions.delete(id); if (session.serving.size > 0) this.#onProblem(`${session.holder?.what ?? 'a client'} (pid ${session.holder?.pid ?? '?'}) is gone`) }
    for (const state of [...this.#runs.values()]) {
      if (state.sealed || state.damage !== undefined) continue
      const served = this.#server(state.run) !== undefined
      const now = this.#now()
      const lost = [...state.effects.values()].some((effect) => effect.started && this.#workerGone(state, effect))
      const due = served && [...state.timers.values()].some((timer) => timer.deadline <= now)
      if (!lost && !due) continue
      await this.#submit(state.run, (group) => {
        const current = this.#runs.get(state.run)
        if (current === undefined || current.sealed) return AppendReply.create({ decision: Decision.OK })
        for (const effect of [...current.effects.values()]) if (effect.started && this.#workerGone(current, effect)) this.#lose(group, current, effect, 'its worker is gone')
        if (served) this.#fire(group, current, now)
        return AppendReply.create({ decision: Decision.OK })
      })
    }
  }

  readonly #workers = new Map<string, Holder>()

  #workerGone(state: RunState, effect: OpenEffect): boolean {
    if (this.#sessions.has(effect.worker)) return !this.#alive(effect.worker)
    const holder = this.#workers.get(`${state.run}/${effect.fence}`)
    return isGone(holder) || !this.#alive(effect.worker)
  }

  #fire(group: Group, state: RunState, now: number): void {
    for (const timer of [...state.timers.values()].sort((a, b) => a.deadline - b.deadline || (a.id < b.id ? -1 : 1))) {
      if (timer.deadline > now || state.spent.has(timer.id)) continue
      this.#own(group, state, 'timer.fired', { name: timer.name, armed_id: timer.id }, { id: sha256Hex('kymo.fired\0', timer.id), to: timer.actor, cause: timer.id })
    }
  }

  // ---- serving a run ----

  #server(run: string): string | undefined {
    for (const [id, session] of this.#sessions) if (session.serving.has(run) && this.#alive(id)) return id
    return undefined
  }

  /** Takes a run to serve it. Downtime since it was last served becomes run.resumed before any timer can fire. */
  async attach(request: Partial<Request<'attach'>>): Promise<Reply<'attach'>> {
    const reply = (decision: Decision, reason: string): Reply<'attach'> => ({ decision, reason, gap_ms: 0, run: null, held_by: null, lease_ms: this.#leaseMs })
    const bytes = Uint8Array.from(request.run_id ?? [])
    const run = hex(bytes)
    const session = hex(request.session ?? new Uint8Array())
    this.#touch(session, request.holder ?? null)
    const state = await this.#load(run)
    if (state === undefined) return reply(Decision.REFUSED, `no run ${formatRunId(bytes)} in this store`)
    if (state.damage !== undefined) return reply(Decision.DAMAGED, damageText(state))
    const other = this.#server(run)
    if (other !== undefined && other !== session) {
      const by = this.#sessions.get(other)?.holder ?? null
      return { ...reply(Decision.FENCED, `run ${formatRunId(bytes)} is being served by pid ${by?.pid ?? '?'} on ${by?.host ?? '?'} (${by?.what ?? 'kymo'}); follow it with "kymo trace", or stop that process first`), held_by: by }
    }
    this.#apart.set(run, new Set(request.apart ?? []))
    const again = other === session
    this.#sessions.get(session)?.serving.add(run)
    let gap = 0
    if (!again && !state.sealed && state.seq > 0) {
      const served = await this.#store.get(servedKey(bytes))
      const last = Math.max(state.at, served === undefined ? 0 : Number(Buffer.from(served).toString()))
      gap = Math.max(0, this.#now() - last)
      const resumed = await this.#submit(run, (group) => {
        const current = this.#runs.get(run)
        const id = sha256Hex('kymo.resumed\0', run, session)
        if (current === undefined || current.sealed || current.ids.has(id)) return AppendReply.create({ decision: Decision.OK })
        this.#own(group, current, 'run.resumed', { gap_ms: gap, reason: request.holder?.what ?? '' }, { id, cause: '' })
        return AppendReply.create({ decision: Decision.OK })
      })
      if (resumed.decision !== Decision.OK) {
        this.#sessions.get(session)?.serving.delete(run)
        return reply(resumed.decision, resumed.reason)
      }
    }
    void this.#submit(run, (group) => this.#grantNow(group, run))
    return { ...reply(Decision.OK, ''), gap_ms: gap, run: this.#row(this.#runs.get(run) ?? state) }
  }

  async detach(request: Partial<Request<'detach'>>): Promise<Reply<'detach'>> {
    const bytes = Uint8Array.from(request.run_id ?? [])
    this.#sessions.get(hex(request.session ?? new Uint8Array()))?.serving.delete(hex(bytes))
    await this.#store.write([{ key: servedKey(bytes), value: Buffer.from(String(this.#now())) }], { sync: false }).catch(() => undefined)
    return { decision: Decision.OK, reason: '' }
  }

  // ---- reading ----

  async read(request: Partial<Request<'read'>>): Promise<Reply<'read'>> {
    const bytes = Uint8Array.from(request.run_id ?? [])
    const from = request.from_seq ?? 0
    const limit = Math.min(PAGE, request.limit || PAGE)
    const maxBytes = request.max_bytes || 512 * 1024
    const state = this.#runs.get(hex(bytes))
    const row = await this.#store.get(headKey(bytes))
    if (row === undefined) return { decision: Decision.REFUSED, reason: `no run ${formatRunId16(bytes)} in this store`, records: [], next_seq: 0, head_seq: 0, head_hash: new Uint8Array(), sealed: false }
    const head = decodeHead(row)
    const found = await this.#store.range({ gte: eventKey(bytes, from), lt: eventKey(bytes, 0xffffffff), limit })
    const records: Uint8Array[] = []
    let total = 0
    for (const [, value] of found) {
      if (records.length > 0 && total + value.length > maxBytes) break
      records.push(value)
      total += value.length
    }
    return { decision: Decision.OK, reason: state?.damage === undefined ? '' : damageText(state), records, next_seq: from + records.length, head_seq: head.seq, head_hash: head.hash, sealed: head.sealed }
  }

  /** Events that an actor (and its instances) has not stepped yet, oldest first. An empty prefix means every actor. */
  async inbox(request: Partial<Request<'inbox'>>): Promise<Reply<'inbox'>> {
    const run = hex(request.run_id ?? new Uint8Array())
    const state = await this.#load(run)
    if (state === undefined) return { decision: Decision.REFUSED, reason: 'no such run in this store', records: [], head_seq: 0, sealed: false }
    const prefix = request.actor_prefix ?? ''
    const seqs = [...state.inbox].filter(([actor]) => prefix === '' || actor === prefix || actor.startsWith(`${prefix}/`)).flatMap(([, list]) => list)
    seqs.sort((a, b) => a - b)
    const records = await Promise.all(seqs.slice(0, request.limit || 100).map((seq) => this.#recordAt(state, seq)))
    return { decision: Decision.OK, reason: '', records: records.filter((record) => record !== undefined), head_seq: state.seq, sealed: state.sealed }
  }

  async list(request: Partial<Request<'list'>>): Promise<Reply<'list'>> {
    const only = request.run_id !== undefined && request.run_id.length === 16 ? request.run_id : undefined
    const rows = only === undefined ? await this.#store.range({ ...heads, limit: 1_000_000 }) : await this.#headRow(only)
    const runs = rows.map(([key, value]) => this.#rowOf(Uint8Array.from(key.subarray(1)), decodeHead(value)))
    if (only === undefined) {
      const present = new Set(runs.map((row) => hex(row.run_id)))
      for (const run of this.#witness?.runs ?? []) {
        if (present.has(run)) continue
        runs.push({ ...this.#rowOf(unhex(run), { seq: 0, hash: new Uint8Array(32), createdAt: 0, at: 0, sealed: false }), damage: 'every record of this run is gone, though the witness remembers it' })
      }
    }
    return { decision: Decision.OK, reason: '', runs }
  }

  async #headRow(run: Uint8Array): Promise<Array<[Uint8Array, Uint8Array]>> {
    const value = await this.#store.get(headKey(run))
    return value === undefined ? [] : [[headKey(run), value]]
  }

  #row(state: RunState): kymo.v1.journal.RunRow {
    return this.#rowOf(state.runBytes, state)
  }

  #rowOf(bytes: Uint8Array, head: { seq: number; hash: Uint8Array; createdAt: number; at: number; sealed: boolean }): kymo.v1.journal.RunRow {
    const run = hex(bytes)
    const server = this.#server(run)
    const state = this.#runs.get(run)
    const witnessed = this.#witness?.head(run)
    const behind = witnessed !== undefined && witnessed.seq > head.seq ? `the log ends at seq ${head.seq}, its witness at ${witnessed.seq}` : ''
    const { pid, host } = this.#sessions.get(server ?? '')?.holder ?? { pid: 0, host: '' }
    return {
      run_id: bytes, head_seq: head.seq, head_hash: head.hash, sealed: head.sealed, created_at_ms: head.createdAt, updated_at_ms: head.at,
      damage: state?.damage === undefined ? behind : damageText(state), served: server !== undefined, served_by: server === undefined ? '' : `pid ${pid} on ${host}`, apart: [...(this.#apart.get(run) ?? [])],
    }
  }

  /** Reads a whole run and checks numbering, chain, head and witness. */
  async check(request: Partial<Request<'check'>>): Promise<Reply<'check'>> {
    const bytes = Uint8Array.from(request.run_id ?? [])
    if ((await this.#store.get(headKey(bytes))) === undefined && this.#witness?.head(hex(bytes)) === undefined) return { decision: Decision.REFUSED, reason: `no run ${formatRunId16(bytes)} in this store`, ok: false, at_seq: 0, problem: '', events: 0 }
    const { state, damage } = await this.#fold(bytes)
    return { decision: Decision.OK, reason: '', ok: damage === undefined, at_seq: damage?.seq ?? 0, problem: damage?.problem ?? '', events: state.seq + 1 }
  }

  /** State of a run, folded from its records and checked, when it is first touched. Undefined when there is no such run. */
  async #load(run: string): Promise<RunState | undefined> {
    const known = this.#runs.get(run)
    if (known !== undefined) return known
    const loading = this.#loading.get(run) ?? this.#loadOnce(run).finally(() => this.#loading.delete(run))
    this.#loading.set(run, loading)
    return loading
  }

  async #loadOnce(run: string): Promise<RunState | undefined> {
    const bytes = unhex(run)
    if (bytes.length !== 16) return undefined
    const row = await this.#store.get(headKey(bytes))
    if (row === undefined && this.#witness?.head(run) === undefined) return undefined
    const { state, damage } = await this.#fold(bytes)
    state.damage = damage
    if (damage !== undefined) this.#onProblem(damageText(state))
    const raced = this.#runs.get(run)
    if (raced !== undefined) return raced
    this.#runs.set(run, state)
    return state
  }

  async #fold(bytes: Uint8Array): Promise<{ state: RunState; damage: { seq: number; problem: string } | undefined }> {
    const state = newRunState(bytes)
    const row = await this.#store.get(headKey(bytes))
    const head = row === undefined ? undefined : decodeHead(row)
    const witnessed = this.#witness?.head(state.run)
    const damaged = (seq: number, problem: string) => ({ state, damage: { seq, problem } })
    for (let from = 0; ; ) {
      const page = await this.#store.range({ gte: eventKey(bytes, from), lt: eventKey(bytes, 0xffffffff), limit: PAGE })
      for (const [key, value] of page) {
        const seq = Buffer.from(key).readUInt32BE(17)
        const expected = state.seq + 1
        if (seq !== expected) return damaged(expected, `record ${expected} is missing (the next one is ${seq})`)
        let envelope: Envelope
        try {
          envelope = Envelope.decode(value)
          if (envelope.seq !== seq) return damaged(seq, `the record at ${seq} calls itself ${envelope.seq}`)
          if (!sameBytes(envelope.prev_hash, state.hash)) return damaged(seq === 0 ? 0 : seq - 1, `record ${seq - 1} does not hash to what record ${seq} names as its predecessor`)
          applyRecord(state, envelope, recordHashBytes(value))
        } catch (error) {
          return damaged(seq, `record ${seq} does not decode (${messageOf(error)})`)
        }
        if (envelope.type === 'effect.started') this.#workers.set(`${state.run}/${envelope.fence}`, workerOf(envelope))
        if (witnessed !== undefined && witnessed.seq === seq && witnessed.hash !== hex(state.hash)) return damaged(seq, `record ${seq} is not the one that the witness saw`)
      }
      if (page.length < PAGE) break
      from += page.length
    }
    if (head !== undefined && (head.seq !== state.seq || !sameBytes(head.hash, state.hash))) return damaged(Math.min(head.seq, state.seq + 1), `the log ends at seq ${state.seq}, though its head says ${head.seq}`)
    if (witnessed !== undefined && witnessed.seq > state.seq) return damaged(state.seq + 1, `the log ends at seq ${state.seq}, though ${witnessed.seq} was acknowledged: its tail is lost`)
    return { state, damage: undefined }
  }

  // ---- blobs and caches ----

  #remember(hash: string): void {
    if (this.#known.size > 200_000) this.#known.clear()
    this.#known.add(hash)
  }

  async #hasBlob(hash: string): Promise<boolean> {
    if (this.#known.has(hash)) return true
    const found = this.#hasFile(hash) || (await this.#store.get(blobKey(unhex(hash)))) !== undefined
    if (found) this.#remember(hash)
    return found
  }

  /** Contract 5: what a record names was durable before it, or comes with it. */
  async #checkBlobs(request: Partial<Request<'append'>>): Promise<string | undefined> {
    const inline = new Set<string>()
    for (const { hash, data } of request.blobs ?? []) {
      if (data.length > SMALL_BLOB) return `an inline blob takes ${data.length} bytes; at most ${SMALL_BLOB} may come with an event`
      if (sha256Hex(data) !== hex(hash)) return `inline blob ${hex(hash)} does not match its name`
      inline.add(hex(hash))
    }
    for (const event of request.events ?? []) {
      for (const { hash } of event.blobs) {
        const name = hex(hash)
        if (!inline.has(name) && !(await this.#hasBlob(name))) return `${event.type} names blob ${name}, which the store does not hold`
      }
    }
    return undefined
  }

  async blobHas(request: Partial<Request<'blobHas'>>): Promise<Reply<'blobHas'>> {
    return { decision: Decision.OK, reason: '', found: await Promise.all((request.hashes ?? []).map((hash) => this.#hasBlob(hex(hash)))) }
  }

  /** Small blobs only; src/blobs takes the large ones. */
  async putSmall(hash: string, data: Uint8Array): Promise<void> {
    if (await this.#hasBlob(hash)) return
    const reply = await this.#submit('', (group) => {
      group.inline.set(hash, data)
      group.operations.push({ key: blobKey(unhex(hash)), value: data })
      return AppendReply.create({ decision: Decision.OK })
    })
    if (reply.decision !== Decision.OK) throw new KymoError('KYMO_STORE_UNAVAILABLE', reply.reason)
  }

  async getSmall(hash: string): Promise<Uint8Array | undefined> {
    return this.#store.get(blobKey(unhex(hash)))
  }

  async viewPut(request: Partial<Request<'viewPut'>>): Promise<Reply<'viewPut'>> {
    await this.#store.write([{ key: viewKey(request.run_id ?? new Uint8Array(16), request.name ?? ''), value: request.data ?? new Uint8Array() }], { sync: false })
    return { decision: Decision.OK, reason: '' }
  }

  async viewGet(request: Partial<Request<'viewGet'>>): Promise<Reply<'viewGet'>> {
    const data = await this.#store.get(viewKey(request.run_id ?? new Uint8Array(16), request.name ?? ''))
    return { decision: Decision.OK, reason: '', found: data !== undefined, data: data ?? new Uint8Array() }
  }

  // ---- clients ----

  async hello(request: Partial<Request<'hello'>>): Promise<Reply<'hello'>> {
    const session = hex(request.session ?? new Uint8Array())
    if (request.leaving === true) this.#sessions.delete(session)
    else this.#touch(session, request.holder ?? null)
    return { decision: Decision.OK, reason: '', store: this.storeId, version: '', epoch: this.epoch, pid: process.pid, directory: '', clients: this.clients, runs_served: this.served }
  }

  get clients(): number {
    return [...this.#sessions.keys()].filter((id) => this.#alive(id)).length
  }

  get served(): number {
    return [...this.#sessions.values()].reduce((sum, session) => sum + session.serving.size, 0)
  }

  get queued(): number {
    return this.#queue.length
  }
}

/** Who executes an effect: the runner of a kind lives with this actor. */
const RUNNER_OF: Readonly<Record<string, string>> = { file: 'environment', human: 'environment', execution: 'executor', completion: 'llm-tool', grading: 'evaluator' }

const EXTERNAL = new Set(['run.cancel_requested', 'message.rejected', 'action.requested'])
const NOT_FROM_ACTORS = new Set(['run.started', 'run.resumed', 'run.cancel_requested', 'effect.started', 'effect.succeeded', 'effect.failed', 'effect.lost', 'timer.fired', 'message.rejected'])

const offered = (state: RunState): OpenEffect[] => [...state.effects.values()].filter((effect) => !effect.started && !effect.cancelRequested)

const heldOf = (state: RunState, effect: OpenEffect): Held => ({ run_id: state.runBytes, effect_id: unhex(effect.id), attempt: effect.attempt, fence: effect.fence })

const workerOf = (envelope: Envelope): Holder => {
  const clock = decodeWire('effect.started', envelope.payload)['clock'] as Partial<Holder> | null
  return { host: clock?.host ?? '', boot_id: clock?.boot_id ?? '', pid: clock?.pid ?? 0, started_ticks: clock?.started_ticks ?? 0, what: '' }
}

const damageText = (state: RunState): string =>
  `run ${formatRunId(state.runBytes)} is damaged at seq ${state.damage?.seq ?? '?'}: ${state.damage?.problem ?? ''}. Nothing was repaired; "kymo verify" shows what still holds, a bundle can be imported into a new store`

const formatRunId16 = (bytes: Uint8Array): string => (bytes.length === 16 ? formatRunId(bytes) : hex(bytes))

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index])

const batchDigest = (events: readonly NewEvent[]): string => sha256Hex(...events.flatMap((event) => [event.event_id, event.type, event.payload]))

/** Everything about an append that can be judged without the run's state. */
function checkRequest(request: Partial<Request<'append'>>): string | undefined {
  const events = request.events ?? []
  if (request.run_id?.length !== 16) return 'a run id has 16 bytes'
  const kinds = [request.create, request.reaction, request.outcome, request.external].filter(Boolean)
  if (kinds.length !== 1) return 'an append is a creation, a reaction, an outcome or an external event'
  if (events.length === 0 || events.length > MAX_EVENTS) return `an append holds 1 to ${MAX_EVENTS} events, not ${events.length}`
  for (const event of events) {
    if (!isEventType(event.type)) return `unknown event type "${event.type.slice(0, 60)}"`
    if (event.event_id.length !== 32) return 'an event id has 32 bytes'
    if (event.cause_id.length !== 0 && event.cause_id.length !== 32) return 'a cause id has 32 bytes or none'
    if (event.correlation_id.length !== 0 && event.correlation_id.length !== 32) return 'a correlation id has 32 bytes or none'
    if (event.schema_version !== schemaVersion(event.type)) return `${event.type} is written at schema version ${schemaVersion(event.type)}, not ${event.schema_version}`
    if (!isAddress(event.from) || !isAddress(event.to)) return `"${event.from.slice(0, 40)}" to "${event.to.slice(0, 40)}": no such actors`
    if (event.payload.length > MAX_RECORD) return `${event.type} takes ${event.payload.length} bytes; a record may take ${MAX_RECORD}, and texts go by hash`
    for (const blob of event.blobs) if (blob.hash.length !== 32 || blob.kind < 1 || blob.kind > 4) return `${event.type} names a blob that is none`
    try {
      decodeWire(event.type, event.payload)
    } catch (error) {
      return `the payload of ${event.type} does not decode (${messageOf(error)})`
    }
  }
  return undefined
}
