import { randomBytes } from 'node:crypto'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import { hex, unhex } from '../../schemas/hash.ts'
import { kymo } from '../../schemas/generated/messages.js'
import { attach, detach } from './attach.ts'
import { createBlobIndex } from './blob-index.ts'
import type { BlobIndex } from './blob-index.ts'
import { checkRequest } from './check-request.ts'
import type { Checked, Draft } from './check-request.ts'
import { createClaims, nextAttempt, stageStart } from './claims.ts'
import { createCommitQueue, refusal } from './commit-queue.ts'
import { decide } from './decide.ts'
import { Decision } from './decision.ts'
import { stage, stageBlobs } from './group.ts'
import type { CommittedRecord, Group, Writer } from './group.ts'
import type { Reply, Request } from './journal-port.ts'
import { blobKey, metaKey, viewKey } from './keys.ts'
import type { KeyValueStore } from './key-value-store.ts'
import { FORESEEN_MS } from './limits.ts'
import { settleCancelled } from './leases.ts'
import { createImports } from './import-run.ts'
import type { Imports } from './import-run.ts'
import { createLoadedRuns } from './loaded-runs.ts'
import type { LoadedRun } from './loaded-runs.ts'
import type { Parts } from './parts.ts'
import { check, inbox, list, read } from './reading.ts'
import { answerRepeated } from './repeated.ts'
import { newRunState } from './run-state.ts'
import type { RunState } from './run-state.ts'
import { createSessions } from './sessions.ts'
import { createStoreGuard } from './store-guard.ts'
import { forgetIdle, sweep, watch } from './sweep.ts'
import type { Witness } from './witness.ts'
import { claim, heartbeat, leave, offer, release } from './workers.ts'

const { AppendReply } = kymo.v1.journal
type AppendReply = kymo.v1.journal.AppendReply
type Grant = kymo.v1.journal.Grant

const SWEEP_MS = 100
const HOUSEKEEPING_MS = 1000
const IDLE_MS = 60_000
const NOBODY: ReadonlySet<string> = new Set()

export interface JournalOptions {
  store: KeyValueStore
  witness?: Witness
  /** milliseconds since 1970 */
  now?: () => number
  /** a lease ends when its session was silent for this long */
  leaseMs?: number
  maxQueue?: number
  /** a run that nobody serves or asks for leaves the memory after this, milliseconds */
  forgetAfterMs?: number
  /** large blobs are files: src/blobs says whether one is there */
  hasFile?: (hash: string) => boolean
  /** called after each commit, in order; `apart`: actors that the run leaves to processes of their own */
  onCommit?: (run: string, records: readonly CommittedRecord[], apart: ReadonlySet<string>) => void
  onProblem?: (message: string) => void
}

/**
 * The one writer of a store. Appends are queued, decided one after the other, and written as one durable batch;
 * an answer is given only after the batch and the witness are written.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #parts: Parts
  readonly #blobs: BlobIndex
  readonly #imports: Imports
  #sweeper: NodeJS.Timeout | undefined
  #housekeeper: NodeJS.Timeout | undefined
  #sweeping = false
  #closed: Promise<void> | undefined
  epoch = 0
  storeId = ''

  constructor(options: JournalOptions) {
    this.#options = options
    const { store, witness, leaseMs = 10_000, maxQueue = 4096, onProblem = () => undefined } = options
    const writer: Writer = { now: options.now ?? Date.now, epoch: () => this.epoch }
    const guard = createStoreGuard(store, onProblem)
    const sessions = createSessions(leaseMs)
    const runs = createLoadedRuns({ store, witness, guard, onProblem, onLoaded: (run) => this.#loaded(run) })
    const commits = createCommitQueue({ store, witness, runs, guard, maxQueue, onProblem, onDurable: (group) => this.#durable(group) })
    this.#parts = { store, witness, writer, leaseMs, runs, sessions, claims: createClaims({ sessions, writer, leaseMs }), commits, watched: new Set(), unlisted: new Map() }
    this.#blobs = createBlobIndex(store, options.hasFile ?? (() => false))
    this.#imports = createImports({ store, commits, hasBlob: (hash) => this.#blobs.has(hash) })
  }

  /** Takes the store over: raises the writer epoch and starts watching leases and timers. Throws KYMO_STORE_UNAVAILABLE when it cannot be written. */
  async open(): Promise<this> {
    const { store } = this.#parts
    const epoch = await store.get(metaKey('epoch'))
    const id = await store.get(metaKey('id'))
    this.epoch = (epoch === undefined ? 0 : Buffer.from(epoch).readUInt32BE(0)) + 1
    this.storeId = id === undefined ? randomBytes(8).toString('hex') : Buffer.from(id).toString()
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeUInt32BE(this.epoch, 0)
    try {
      await store.write([{ key: metaKey('epoch'), value: bytes }, { key: metaKey('id'), value: Buffer.from(this.storeId) }], { sync: true })
    } catch (cause) {
      const reason = messageOf(cause instanceof Error && cause.cause !== undefined ? cause.cause : cause)
      throw new KymoError('KYMO_STORE_UNAVAILABLE', `the store cannot be written (${reason}): free some disk space, or choose another place with --store`, { cause })
    }
    if ((this.#parts.witness?.damaged ?? 0) > 0) this.#options.onProblem?.(`the witness file is damaged for ${this.#parts.witness?.damaged} runs: a tail that they lose before their next event would not be noticed`)
    this.#sweeper = setInterval(() => void this.#sweep(), SWEEP_MS)
    this.#housekeeper = setInterval(() => this.#keepHouse(), HOUSEKEEPING_MS)
    this.#sweeper.unref()
    this.#housekeeper.unref()
    return this
  }

  /** Waits for what is queued, answers those who wait for work, then lets go of the store. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      clearInterval(this.#sweeper)
      clearInterval(this.#housekeeper)
      this.#parts.claims.drop()
      await this.#parts.commits.close()
      this.#parts.claims.drop()
      this.#parts.witness?.close()
      await this.#parts.store.close()
    })()
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #loaded(run: LoadedRun): void {
    if (run.state === undefined) return
    watch(this.#parts, run.state)
    if (this.#parts.claims.isWanted(run)) offer(this.#parts, run)
  }

  #durable(group: Group): void {
    this.#blobs.remember(group.inline.keys())
    for (const state of group.touched.values()) watch(this.#parts, state)
    for (const [run, records] of group.records) this.#options.onCommit?.(run, records, this.#parts.runs.get(run)?.serving?.apart ?? NOBODY)
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping || this.#closed !== undefined) return
    this.#sweeping = true
    try {
      await sweep(this.#parts)
    } catch (error) {
      this.#options.onProblem?.(`looking after leases and timers failed: ${messageOf(error)}`)
    } finally {
      this.#sweeping = false
    }
  }

  #keepHouse(): void {
    for (const { holder } of this.#parts.sessions.prune()) if (holder !== null) this.#options.onProblem?.(`${holder.what || 'a client'} (pid ${holder.pid} on ${holder.host}) is gone`)
    forgetIdle(this.#parts, this.#options.forgetAfterMs ?? IDLE_MS)
    void this.#parts.commits.flush()
  }

  /** See proto/kymo/v1/journal.proto. Never throws for a bad request: the decision says why. */
  async append(request: Partial<Request<'append'>>): Promise<AppendReply> {
    const checked = checkRequest(request)
    if (typeof checked === 'string') return refusal(Decision.REFUSED, checked)
    let blobs: kymo.v1.journal.InlineBlob[] | string
    try {
      blobs = await this.#blobs.check(request)
    } catch (error) {
      return refusal(Decision.UNAVAILABLE, messageOf(error))
    }
    if (typeof blobs === 'string') return refusal(Decision.REFUSED, blobs)
    const inline = blobs
    const events = [...checked.drafts, ...checked.foreseen.flatMap(({ drafts }) => drafts)]
    const size = events.reduce((sum, { event }) => sum + event.payload.length + 512, 0) + inline.reduce((sum, { data }) => sum + data.length, 0)
    return this.#parts.commits.submit(hex(request.run_id ?? new Uint8Array()), (group, run) => this.#take(group, run, request, checked, inline), size)
  }

  #take(group: Group, run: LoadedRun, request: Partial<Request<'append'>>, { drafts, foreseen }: Checked, blobs: readonly kymo.v1.journal.InlineBlob[]): AppendReply | (() => Promise<AppendReply>) {
    const verdict = decide(run.state, request, drafts)
    if (verdict.kind === 'refuse') return refusal(verdict.decision, verdict.reason)
    const { claims, writer, store } = this.#parts
    const state = (run.state ??= newRunState(Uint8Array.from(request.run_id ?? [])))
    const teller = request.takes_grants === true ? hex(request.session ?? new Uint8Array()) : undefined
    if (verdict.kind === 'known') {
      const granted = teller === undefined ? [] : claims.grantedSince(state, verdict.first, teller)
      return () => answerRepeated(store, state, verdict.first, { drafts, foreseen, grants: () => this.#stillOpen(state.run, granted) })
    }
    const first = state.seq + 1
    stageBlobs(group, blobs)
    const moment = foreseen.length === 0 ? undefined : assumedMoment(request.at_ms ?? 0, state, writer)
    const clock: Writer = moment === undefined ? writer : { ...writer, now: () => moment }
    const take = (taken: readonly Draft[], attempt: number, fence: number): void => {
      for (const draft of taken) stage(group, state, clock, draft, attempt, fence)
      if (taken.some(({ type }) => type === 'effect.cancel_requested')) settleCancelled(group, state, clock)
    }
    take(drafts, verdict.attempt, verdict.fence)
    let consequences = 0
    // What was foreseen for another moment, or for another place in the log, is not what the actor would answer.
    for (const { of, drafts: more } of moment === undefined ? [] : foreseen) {
      if ('effect' in of) {
        const granted = this.#startForeseen(group, run, state, clock, of.effect, more, hex(request.session ?? new Uint8Array()))
        if (granted === undefined) break
        take(more, granted.attempt, granted.fence)
      } else if (decide(state, { reaction: of.reaction }, more).kind === 'take') take(more, 0, 0)
      else break
      consequences++
    }
    const grants = claims.grant(group, run, state, teller)
    return AppendReply.create({ decision: Decision.OK, first_seq: first, count: drafts.length, recorded_at_ms: state.at, head_hash: state.hash, head_seq: state.seq, consequences, grants })
  }

  /** Of what was granted, what has no outcome by now: an attempt that ended in the meantime must not be told again. */
  #stillOpen(run: string, grants: readonly Grant[]): Grant[] {
    const effects = this.#parts.runs.get(run)?.state?.effects
    return grants.filter(({ effect_id, fence }) => effects?.get(hex(effect_id))?.fence === fence)
  }

  /** Grants an effect to the session that carried it out already, if the outcome is one that this attempt can have. */
  #startForeseen(group: Group, run: LoadedRun, state: RunState, clock: Writer, id: string, outcome: readonly Draft[], session: string): { attempt: number; fence: number } | undefined {
    const { claims, sessions } = this.#parts
    const effect = state.effects.get(id)
    if (effect === undefined || !claims.mayStart(run, effect) || !sessions.isAlive(session)) return undefined
    const { attempt, fence } = nextAttempt(state, effect)
    const started = { ...state, effects: new Map([[id, { ...effect, started: true, attempt, fence }]]) }
    if (decide(started, { outcome: { effect_id: unhex(id), attempt, fence } }, outcome).kind !== 'take') return undefined
    stageStart(group, state, clock, effect, { session, holder: sessions.holderOf(session) })
    return { attempt, fence }
  }

  claim = (request: Partial<Request<'claim'>>): Promise<Reply<'claim'>> =>
    this.#closed === undefined ? claim(this.#parts, request) : Promise.resolve({ decision: Decision.UNAVAILABLE, reason: 'the store is closing', grants: [], taken: [] })

  /** Answers all claims that wait with what they have: nothing. */
  dropClaims(): void {
    this.#parts.claims.drop()
  }

  heartbeat = (request: Partial<Request<'heartbeat'>>): Promise<Reply<'heartbeat'>> => orUnavailable(heartbeat(this.#parts, request), { lost: [], cancelled: [] })
  release = (request: Partial<Request<'release'>>): Promise<Reply<'release'>> => orUnavailable(release(this.#parts, request), {})
  attach = (request: Partial<Request<'attach'>>): Promise<Reply<'attach'>> => attach(this.#parts, request)
  detach = (request: Partial<Request<'detach'>>): Promise<Reply<'detach'>> => orUnavailable(detach(this.#parts, request), {})
  read = (request: Partial<Request<'read'>>): Promise<Reply<'read'>> =>
    orUnavailable(read(this.#parts, request), { records: [], next_seq: request.from_seq ?? 0, head_seq: 0, head_hash: new Uint8Array(), sealed: false })
  inbox = (request: Partial<Request<'inbox'>>): Promise<Reply<'inbox'>> => orUnavailable(inbox(this.#parts, request), { records: [], head_seq: 0, sealed: false })
  list = (request: Partial<Request<'list'>>): Promise<Reply<'list'>> => orUnavailable(list(this.#parts, request), { runs: [] })
  check = (request: Partial<Request<'check'>>): Promise<Reply<'check'>> => orUnavailable(check(this.#parts, request), { ok: false, at_seq: 0, problem: '', events: 0 })

  import = (request: Partial<Request<'import'>>): Promise<Reply<'import'>> => orUnavailable(this.#imports.take(request), { received: 0 })

  async blobHas(request: Partial<Request<'blobHas'>>): Promise<Reply<'blobHas'>> {
    return { decision: Decision.OK, reason: '', found: await Promise.all((request.hashes ?? []).map((hash) => this.#blobs.has(hex(hash)))) }
  }

  /** Small blobs only; src/blobs takes the large ones. */
  putSmall(hash: string, data: Uint8Array): Promise<void> {
    return this.#blobs.put(this.#parts.commits, hash, data)
  }

  async getSmall(hash: string): Promise<Uint8Array | undefined> {
    return this.#parts.store.get(blobKey(Buffer.from(hash, 'hex')))
  }

  /** Views are caches: they are written along with the next commit, and one that is lost is made again. */
  async viewPut(request: Partial<Request<'viewPut'>>): Promise<Reply<'viewPut'>> {
    if (request.run_id?.length !== 16) return { decision: Decision.REFUSED, reason: 'a run id has 16 bytes' }
    this.#parts.commits.later(viewKey(request.run_id, request.name ?? ''), Uint8Array.from(request.data ?? []))
    return { decision: Decision.OK, reason: '' }
  }

  async viewGet(request: Partial<Request<'viewGet'>>): Promise<Reply<'viewGet'>> {
    if (request.run_id?.length !== 16) return { decision: Decision.REFUSED, reason: 'a run id has 16 bytes', found: false, data: new Uint8Array() }
    const key = viewKey(request.run_id, request.name ?? '')
    const data = this.#parts.commits.pending(key) ?? (await this.#parts.store.get(key))
    return { decision: Decision.OK, reason: '', found: data !== undefined, data: data ?? new Uint8Array() }
  }

  async hello(request: Partial<Request<'hello'>>): Promise<Reply<'hello'>> {
    const session = hex(request.session ?? new Uint8Array())
    const reply = (decision: Decision, reason: string): Reply<'hello'> => ({
      decision, reason, store: this.storeId, version: '', epoch: this.epoch, pid: process.pid, directory: '', clients: this.clients, runs_served: this.served,
    })
    if (session !== '' && session.length !== 32) return reply(Decision.REFUSED, 'a session id has 16 bytes')
    if (request.leaving === true) leave(this.#parts, session)
    else if (session !== '') this.#parts.sessions.heard(session, request.holder ?? null)
    return reply(Decision.OK, '')
  }

  /** True while this session gives signs of life. */
  isAlive(session: string): boolean {
    return this.#parts.sessions.isAlive(session)
  }

  get clients(): number {
    return this.#parts.sessions.alive
  }

  get served(): number {
    return [...this.#parts.runs.values()].filter(({ serving }) => serving?.confirmed === true && this.#parts.sessions.isAlive(serving.session)).length
  }

  get queued(): number {
    return this.#parts.commits.length
  }
}

/** The moment that foreseen reactions assume, if these events can carry it: time does not run backwards, nor ahead of the journal's clock. */
const assumedMoment = (at: number, state: RunState, writer: Writer): number | undefined => {
  const now = writer.now()
  return at >= state.at && at <= now && now - at <= FORESEEN_MS ? at : undefined
}

/** While a store cannot be read its answer is a decision, not an error. */
const orUnavailable = <T extends { decision: Decision; reason: string }>(reply: Promise<T>, none: Omit<T, 'decision' | 'reason'>): Promise<T> =>
  reply.catch((error: unknown) => ({ ...none, decision: Decision.UNAVAILABLE, reason: messageOf(error) }) as T)
