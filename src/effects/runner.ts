import { setTimeout as sleep } from 'node:timers/promises'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import { KymoError, isKymoError, messageOf } from '../../schemas/errors.ts'
import { hex, sha256Hex, unhex } from '../../schemas/hash.ts'
import { BLOB_KIND, decodeRecord, formatRunId, outcomeId, parseRunId } from '../../schemas/record.ts'
import type { BlobName, RecordedEvent } from '../../schemas/record.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { Decision, SMALL_BLOB, decisionName } from '../journal/index.ts'
import type { Reply, Request } from '../journal/index.ts'
import type { StoreConnection } from '../bus/index.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import type { CarryOut } from '../host/index.ts'
import type { EffectHandler, Held, Settled } from './attempt.ts'

export interface RunnerOptions {
  client: StoreConnection
  /** effects of one run, or of every run that leaves these kinds to processes apart */
  scope: { run: Uint8Array } | { apart: true }
  /** how many attempts of a kind at once */
  kinds: Readonly<Record<string, { handle: EffectHandler; slots: number }>>
  /** runs that this process serves: its heartbeat keeps their timers going */
  serving?: () => Uint8Array[]
  onFatal: (error: unknown) => void
  /** records an outcome; a host in the same process adds what its actors answer to it */
  record?: (outcome: Partial<Request<'append'>>) => Promise<Reply<'append'>>
  /** called at the named points of an attempt; tests let a process die there */
  atPoint?: (point: string) => void
}

/** A grant that is owed comes within a moment, or is lost. */
const OWED_MS = 10_000
const OWED_PAUSE_MS = 20
const EARLY = 256
/** How long a record may wait for what is computed along with it. */
const AT_ONCE_MS = 50
/** Blobs that come with an outcome, in all; NATS takes 1 MiB a message. */
const INLINE_LIMIT = 512 * 1024

interface Active { held: Held; abort: AbortController; released: boolean; done: Promise<void> }

/** Claims effects, carries them out, and records what came of each. Holds a lease on every attempt by its heartbeat. */
export class Runner {
  readonly #options: RunnerOptions
  readonly #active = new Map<string, Active>()
  readonly #loops: Promise<void>[] = []
  readonly #heart: NodeJS.Timeout
  #stopping = false
  #beating = false
  #heard = performance.now()

  constructor(options: RunnerOptions) {
    this.#options = options
    for (const kind of Object.keys(options.kinds)) this.#loops.push(this.#claimLoop(kind))
    this.#heart = setInterval(() => void this.beat(), 1000)
    void this.beat()
  }

  async #claimLoop(kind: string): Promise<void> {
    const { client, scope, kinds } = this.#options
    const { slots } = kinds[kind] ?? { slots: 0 }
    while (!this.#stopping) {
      const mine = [...this.#active.values()].filter((active) => active.held.effect_id.length > 0 && this.#kindOf.get(active) === kind)
      const owed = this.#stillOwed(kind)
      if (mine.length + owed >= slots) {
        await Promise.race([...mine.map((active) => active.done), ...(owed > 0 ? [sleep(OWED_PAUSE_MS)] : [])])
        continue
      }
      try {
        const reply = await client.claim({ kinds: [kind], slots: slots - mine.length - owed, wait_ms: 20_000, ...('run' in scope ? { run_id: scope.run } : { apart: true }) })
        this.#owes(kind, reply.taken)
        for (const grant of reply.grants) this.#begin(grant)
      } catch (error) {
        if (this.#stopping) return
        this.#options.onFatal(error)
        // A run's own process ends with it; a process apart waits for the store to come back.
        if ('run' in scope) return
        await sleep(1000)
      }
    }
  }
  readonly #kindOf = new Map<Active, string>()

  /**
   * Effects that took a slot of a claim and whose grants come with the reply to an append: the slot is not free while that reply is on its
   * way. By kind, with the moment that they were heard of; a grant that does not come is given up by the journal, since no heartbeat lists it.
   */
  readonly #owed = new Map<string, Map<string, number>>()
  /** effects that were begun by a reply before the claim said so */
  readonly #early = new Set<string>()

  #owes(kind: string, taken: readonly Uint8Array[]): void {
    const owed = this.#owed.get(kind) ?? new Map<string, number>()
    this.#owed.set(kind, owed)
    for (const effect of taken.map((id) => hex(id))) if (!this.#early.delete(effect)) owed.set(effect, performance.now())
  }

  #cameWithReply({ effect_id }: kymo.v1.journal.Grant): void {
    const effect = hex(effect_id)
    for (const owed of this.#owed.values()) if (owed.delete(effect)) return
    this.#early.add(effect)
    const [oldest] = this.#early
    if (this.#early.size > EARLY && oldest !== undefined) this.#early.delete(oldest)
  }

  #stillOwed(kind: string): number {
    const owed = this.#owed.get(kind) ?? new Map<string, number>()
    for (const [effect, since] of owed) if (performance.now() - since > OWED_MS) owed.delete(effect)
    return owed.size
  }

  #begin(grant: kymo.v1.journal.Grant): void {
    const event = decodeRecord(Uint8Array.from(grant.record)) as RecordedEvent<'effect.requested'>
    const { kind } = event.payload
    const { handle } = this.#options.kinds[kind] ?? {}
    const held: Held = { run_id: Uint8Array.from(grant.run_id), effect_id: Uint8Array.from(grant.effect_id), attempt: grant.attempt, fence: grant.fence }
    const key = `${hex(held.effect_id)}/${held.fence}`
    if (this.#active.has(key) || handle === undefined) return
    if (this.#stopping) {
      void this.#options.client.release({ holding: [held], reason: 'the process was stopped' }).catch(() => undefined)
      return
    }
    const active: Active = { held, abort: new AbortController(), released: false, done: Promise.resolve() }
    this.#active.set(key, active)
    this.#kindOf.set(active, kind)
    active.done = this.#carryOut(handle, event, active).catch((error: unknown) => { if (!this.#stopping) this.#options.onFatal(error) }).finally(() => {
      this.#active.delete(key)
      this.#kindOf.delete(active)
    })
  }

  async #carryOut(handle: EffectHandler, event: RecordedEvent<'effect.requested'>, active: Active): Promise<void> {
    const runId = formatRunId(active.held.run_id)
    const { settled, inline } = await this.#attempt(handle, event, runId, active.held.attempt, active.abort.signal)
    if (active.released) return
    await this.#record(event, runId, active, settled, inline)
  }

  /**
   * Carries a file action out that is not on record yet: it reads and writes nothing but blobs by their hash, so that whoever does it once
   * more does the same. What goes wrong or takes long (a large file), and every other kind, waits for its grant: what is to be recorded before it,
   * such as a model's answer, must not wait with it.
   */
  readonly carryOutNow: CarryOut = async (event) => {
    const { handle } = this.#options.kinds['file'] ?? {}
    if (event.payload.kind !== 'file' || handle === undefined || this.#stopping) return undefined
    const late = new AbortController()
    const done = this.#attempt(handle, event, event.runId, 1, late.signal).catch(() => undefined)
    const first = await within(AT_ONCE_MS, done)
    if (first === undefined) late.abort()
    if (first === undefined || !first.settled.ok) return undefined
    return { event: outcomeEvent(event, event.runId, 1, first.settled), blobs: [...first.inline].map(([hash, data]) => ({ hash, kind: 'bytes', data })) }
  }

  /** Makes ready what an effect will need that is about to be recorded. */
  readonly prepare = (event: RecordedEvent<'effect.requested'>): void => this.#options.kinds[event.payload.kind]?.handle.prepare?.(event)

  async #attempt(handle: EffectHandler, event: RecordedEvent<'effect.requested'>, runId: string, attempt: number, signal: AbortSignal): Promise<{ settled: Settled; inline: Map<string, Uint8Array> }> {
    const { client, atPoint } = this.#options
    atPoint?.(`effect-start ${event.payload.kind}`)
    let settled: Settled
    const inline = new Map<string, Uint8Array>()
    let inlineBytes = 0
    const put = async (bytes: Uint8Array): Promise<string> => {
      if (bytes.length > SMALL_BLOB || inlineBytes + bytes.length > INLINE_LIMIT) return client.blobs.put(bytes)
      const hash = sha256Hex(bytes)
      inline.set(hash, bytes)
      inlineBytes += bytes.length
      // The actor that waits for the outcome reads it next.
      client.blobs.remember(hash, bytes)
      return hash
    }
    try {
      settled = await handle({
        client, runId, effectId: event.id, request: event.payload, event, attempt, signal, put,
        output: (stream, chunk) => client.publishOutput({ run_id: parseRunId(runId), effect_id: unhex(event.id), stream, data: chunk.subarray(0, 256 * 1024), at_ms: Date.now() }),
      })
    } catch (error) {
      // The store being away is no outcome of the effect: the attempt stays open and is lost or repeated.
      if (isKymoError(error, 'KYMO_STORE_UNREACHABLE') || isKymoError(error, 'KYMO_STORE_UNAVAILABLE')) throw error
      const code = error instanceof KymoError ? error.code.toLowerCase() : 'internal'
      settled = code === 'kymo_cancelled' ? { ok: false, error: { source: 'user', code: 'cancelled', message: 'cancelled' } } : { ok: false, error: { source: 'system', code, message: messageOf(error).toWellFormed().slice(0, 4000) } }
    }
    atPoint?.(`effect-end ${event.payload.kind}`)
    return { settled, inline }
  }

  async #record(event: RecordedEvent<'effect.requested'>, runId: string, { held }: Active, settled: Settled, inline: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const { kind } = event.payload
    const outcome = outcomeEvent(event, runId, held.attempt, settled)
    // An attempt that failed half-way may have kept what its failure does not name.
    const needed = settled.ok ? undefined : new Set(outcome.blobs.map(({ hash }) => hex(hash)))
    const { client, record = (request) => client.append(request) } = this.#options
    const reply = await record({
      run_id: held.run_id,
      outcome: { effect_id: held.effect_id, attempt: held.attempt, fence: held.fence },
      blobs: [...inline].filter(([hash]) => needed?.has(hash) ?? true).map(([hash, data]) => ({ hash: unhex(hash), data })),
      events: [outcome],
      // What comes of it is often the next effect: a model's answer, its next question.
      session: client.session, takes_grants: true,
    })
    for (const grant of reply.grants) {
      this.#begin(grant)
      this.#cameWithReply(grant)
    }
    switch (reply.decision) {
      case Decision.OK:
      case Decision.IDEMPOTENT:
      // Another attempt holds the effect, or the run is over: this outcome does not count.
      case Decision.FENCED:
      case Decision.SEALED: return
      default: throw new KymoError('KYMO_OUTCOME_REFUSED', `the journal refused the outcome of ${kind} in run ${runId} (${decisionName(reply.decision)}): ${reply.reason}`)
    }
  }

  /** Tells the journal what is held; stops what it took back or what was cancelled. */
  async beat(): Promise<void> {
    if (this.#beating) return
    this.#beating = true
    try {
      const held = [...this.#active.values()].map((active) => active.held)
      const reply = await this.#options.client.heartbeat({ holding: held, serving: this.#options.serving?.() ?? [] })
      this.#heard = performance.now()
      for (const lost of reply.lost) this.#drop(lost)
      for (const cancelled of reply.cancelled) this.cancel(hex(cancelled.effect_id))
    } catch {
      // On another machine a second attempt may begin once the lease has ended: this one must be dead before that.
      if (this.#options.client.directory === undefined && performance.now() - this.#heard > 6_000) for (const { held } of this.#active.values()) this.#drop(held)
    } finally {
      this.#beating = false
    }
  }

  #drop(lost: Held): void {
    const active = this.#active.get(`${hex(lost.effect_id)}/${lost.fence}`)
    if (active === undefined) return
    active.released = true
    active.abort.abort()
  }

  /** Ends an effect early; its outcome says so. */
  cancel(effectId: string): void {
    for (const [key, active] of this.#active) if (key.startsWith(`${effectId}/`)) active.abort.abort()
  }

  /** Stops what runs, waits for it to be dead, and gives the attempts back, so that whoever goes on need not wait for a lease to end. */
  async stop(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    clearInterval(this.#heart)
    const active = [...this.#active.values()]
    for (const one of active) {
      one.released = true
      one.abort.abort()
    }
    await Promise.all(active.map((one) => one.done))
    if (active.length > 0) await this.#options.client.release({ holding: active.map((one) => one.held), reason: 'the process was stopped' }).catch(() => undefined)
  }
}

/** What is done by then, undefined for what is not. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), ms) })
  const first = await Promise.race([work, late])
  clearTimeout(timer)
  return first
}

/** An attempt's outcome as the journal takes it. Which effect: the correlation id says it. */
function outcomeEvent(event: RecordedEvent<'effect.requested'>, runId: string, attempt: number, settled: Settled): kymo.v1.journal.NewEvent {
  const { kind, call } = event.payload
  const about = { effect: '', kind, call }
  const type = settled.ok ? 'effect.succeeded' : 'effect.failed'
  const payload = settled.ok ? { ...about, ...settled.outcome } : failure(about, settled)
  const blobs = merge(blobsNamed(type, payload), settled.ok ? (settled.named ?? []) : [])
  return {
    event_id: unhex(outcomeId(runId, event.id, attempt)), type, schema_version: schemaVersion(type), from: 'runner', to: event.from, cause_id: unhex(event.id), correlation_id: unhex(event.id),
    blobs: blobs.map(({ hash, kind: blobKind, bytes }) => ({ hash: unhex(hash), kind: BLOB_KIND[blobKind], bytes })), payload: encodeEvent(type as never, payload as never),
  }
}

function failure(about: { effect: string; kind: string; call: number }, settled: Extract<Settled, { ok: false }>): EventPayloads['effect.failed'] {
  const { error, retryable = false, clock, raw, retry_after_ms, parameter, request } = settled
  return {
    ...about, error, retryable, ...(clock === undefined ? {} : { clock }), ...(raw === undefined ? {} : { raw }), ...(retry_after_ms === undefined ? {} : { retry_after_ms }), ...(parameter === undefined ? {} : { parameter }),
    ...(request === undefined ? {} : { request }),
  }
}

const merge = (a: BlobName[], b: BlobName[]): BlobName[] => [...a, ...b.filter((blob) => !a.some((known) => known.hash === blob.hash && known.kind === blob.kind))]
