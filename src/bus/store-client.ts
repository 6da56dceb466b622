import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { KymoError, isKymoError, messageOf } from '../../schemas/errors.ts'
import { hex } from '../../schemas/hash.ts'
import { kymo } from '../../schemas/generated/messages.js'
import { Decision, OPERATIONS, thisHolder } from '../journal/index.ts'
import type { Holder, JournalPort, OperationName, Reply, Request } from '../journal/index.ts'
import { CachedBlobs, FileBlobs, StoreBlobs } from '../blobs/index.ts'
import { codecOf } from './answer.ts'
import { Bus } from './bus.ts'
import { patientBlobs } from './patient-blobs.ts'
import { remoteBlobs, smallBlobs } from './remote-blobs.ts'
import { ensureService, isThere } from './start-service.ts'
import { discoverSubject, outputSubject, requestSubject, runEvents } from './subjects.ts'

export interface ConnectOptions {
  /** the store's folder on this machine; its service is started when there is none */
  directory?: string
  /** or a NATS address behind which a store's service listens */
  nats?: { url: string; token: string; store?: string }
  /** what this process is, for people: "kymo run" */
  what: string
  autostart?: boolean
  /** told once per trouble, and once when it is over */
  onNotice?: (message: string) => void
  /** how long a call may be repeated while the service is away, milliseconds */
  patienceMs?: number
}

/** How long a call is repeated while the store cannot be reached or written. */
const PATIENCE_MS = 120_000
const WATCH_MS = 250
/** A long poll is asked again this often, so that one whose answer was lost costs no more. */
const CLAIM_MS = 5000
/** Waiting does not help against these. */
const FINAL = new Set(['KYMO_STORE_DAMAGED', 'KYMO_NATS_MISSING', 'KYMO_NATS_OLD', 'KYMO_INSTALLATION'])
const TIMEOUT: Partial<Record<OperationName, number>> = { check: 120_000, import: 120_000, list: 20_000, attach: 20_000 }

/**
 * A store as its clients use it. Every call is repeated with the same ids while the service or NATS is away (the service is
 * started again when its folder is on this machine), so a lost answer and a restart are not noticed by the caller.
 */
export class StoreClient implements JournalPort {
  readonly session: Uint8Array = randomBytes(16)
  readonly holder: Holder
  readonly directory: string | undefined
  readonly blobs: CachedBlobs
  storeId: string
  #bus: Bus
  #recovering: Promise<void> | undefined
  #troubled = false
  #closed = false
  readonly #options: ConnectOptions
  readonly #heart: NodeJS.Timeout
  readonly #watch: NodeJS.Timeout
  /** requests under way: how to give each of them up */
  readonly #pending = new Set<(reason: Error) => void>()
  /** process that serves the store, where its folder is on this machine */
  #servicePid = 0

  private constructor(options: ConnectOptions, bus: Bus, storeId: string, servicePid = 0) {
    this.#servicePid = servicePid
    this.#options = options
    this.#bus = bus
    this.storeId = storeId
    this.directory = options.directory
    this.holder = thisHolder(options.what)
    this.blobs = new CachedBlobs(options.directory === undefined ? remoteBlobs(this) : patientBlobs(new StoreBlobs(smallBlobs(this), new FileBlobs(join(options.directory, 'blobs'))), {
      patienceMs: options.patienceMs ?? PATIENCE_MS, onNotice: (message) => options.onNotice?.(message),
    }))
    this.#heart = setInterval(() => void this.#beat(), 2000)
    this.#watch = setInterval(() => this.#look(), WATCH_MS)
    this.#heart.unref()
    this.#watch.unref()
    bus.onReconnect(() => this.#giveUp('NATS was away'))
  }

  static async connect(options: ConnectOptions): Promise<StoreClient> {
    let client: StoreClient
    if (options.nats !== undefined) {
      const bus = await Bus.connect(options.nats, options.what)
      try {
        const store = options.nats.store ?? Buffer.from(await bus.request(discoverSubject, new Uint8Array(), 3000)).toString()
        client = new StoreClient(options, bus, store)
      } catch (cause) {
        await bus.close()
        throw new KymoError('KYMO_STORE_UNREACHABLE', `no store's service answers on ${options.nats.url}: start one there with "kymo serve --nats ${options.nats.url}"`, { cause })
      }
    } else if (options.directory !== undefined) {
      const { endpoint, bus } = await ensureService(options.directory, { autostart: options.autostart ?? true })
      client = new StoreClient(options, bus, endpoint.store, endpoint.pid)
    } else throw new KymoError('KYMO_STORE_UNREACHABLE', 'a store is a folder (--store) or a NATS address (--nats)')
    try {
      await client.hello({})
    } catch (error) {
      await client.close()
      throw error
    }
    return client
  }

  get endpoint(): { url: string; token: string } {
    return this.#bus.endpoint
  }

  async #beat(): Promise<void> {
    if (this.#closed || this.#recovering !== undefined) return
    await this.#once('hello', { session: this.session, holder: this.holder }, 3000).catch(() => undefined)
  }

  async #once<O extends OperationName>(operation: O, request: Partial<Request<O>>, timeout: number): Promise<Reply<O>> {
    const [requestName, replyName] = OPERATIONS[operation]
    const data = codecOf(requestName).encode(request as Record<string, unknown>).finish()
    let giveUp: (reason: Error) => void = () => undefined
    const givenUp = new Promise<never>((_, reject) => { giveUp = reject })
    this.#pending.add(giveUp)
    try {
      const reply = await Promise.race([this.#bus.request(requestSubject(this.storeId, operation), data, timeout), givenUp])
      return codecOf(replyName).decode(reply) as unknown as Reply<O>
    } finally {
      this.#pending.delete(giveUp)
    }
  }

  /** A service that died does not answer what it was asked: those requests are repeated now, not when they time out. */
  #look(): void {
    if (this.#pending.size === 0 || this.#servicePid === 0 || isThere(this.#servicePid)) return
    this.#servicePid = 0
    this.#giveUp('the service ended')
  }

  #giveUp(reason: string): void {
    for (const giveUp of this.#pending) giveUp(new Error(reason))
  }

  async #call<O extends OperationName>(operation: O, request: Partial<Request<O>>, timeout = TIMEOUT[operation] ?? 5000): Promise<Reply<O>> {
    const deadline = performance.now() + (this.#options.patienceMs ?? PATIENCE_MS)
    let last = ''
    for (let pause = 20; ; pause = Math.min(1000, pause * 2)) {
      if (this.#closed) throw new KymoError('KYMO_STORE_UNREACHABLE', 'the connection to the store is closed')
      try {
        const reply = await this.#once(operation, request, timeout)
        const { decision, reason } = reply as { decision: number; reason: string }
        if (decision !== Decision.BUSY && decision !== Decision.UNAVAILABLE) {
          this.#calm()
          return reply
        }
        last = reason
        this.#trouble(reason)
      } catch (error) {
        if (this.#closed || isKymoError(error, 'KYMO_OVERSIZED')) throw error
        last = messageOf(error)
        await this.#recover()
      }
      if (performance.now() > deadline) throw new KymoError('KYMO_STORE_UNREACHABLE', `the store does not answer (${last}); what was recorded is safe, go on later with "kymo resume"`)
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  #trouble(message: string): void {
    if (this.#troubled) return
    this.#troubled = true
    this.#options.onNotice?.(message)
  }

  #calm(): void {
    if (!this.#troubled) return
    this.#troubled = false
    this.#options.onNotice?.('the store answers again')
  }

  /** Finds the service again, starting it if need be; waits quietly when it cannot be had yet. */
  async #recover(): Promise<void> {
    const { directory } = this.#options
    if (directory === undefined) {
      this.#trouble(`the store's service behind ${this.#bus.endpoint.url} does not answer; waiting for it`)
      return
    }
    this.#recovering ??= (async () => {
      try {
        const { endpoint, bus, started } = await ensureService(directory, { autostart: this.#options.autostart ?? true })
        await bus.close()
        if (started) this.#trouble(`the store's service had ended and was started again`)
        this.storeId = endpoint.store
        this.#servicePid = endpoint.pid
        await this.#bus.move(endpoint)
      } catch (error) {
        this.#trouble(messageOf(error))
        if (isKymoError(error) && FINAL.has(error.code)) throw error
      }
    })().finally(() => { this.#recovering = undefined })
    return this.#recovering
  }

  /** The journal's clock as far as it is known here, milliseconds since 1970. */
  now(): number {
    return Date.now()
  }

  append = (request: Partial<Request<'append'>>) => this.#call('append', request)
  read = (request: Partial<Request<'read'>>) => this.#call('read', request)
  inbox = (request: Partial<Request<'inbox'>>) => this.#call('inbox', request)
  list = (request: Partial<Request<'list'>>) => this.#call('list', request)
  attach = (request: Partial<Request<'attach'>>) => this.#call('attach', { session: this.session, holder: this.holder, ...request })
  detach = (request: Partial<Request<'detach'>>) => this.#call('detach', { session: this.session, ...request })
  heartbeat = (request: Partial<Request<'heartbeat'>>) => this.#call('heartbeat', { session: this.session, holder: this.holder, ...request })
  release = (request: Partial<Request<'release'>>) => this.#call('release', { session: this.session, ...request })
  blobPut = (request: Partial<Request<'blobPut'>>) => this.#call('blobPut', request)
  blobGet = (request: Partial<Request<'blobGet'>>) => this.#call('blobGet', request)
  blobHas = (request: Partial<Request<'blobHas'>>) => this.#call('blobHas', request)
  viewPut = (request: Partial<Request<'viewPut'>>) => this.#call('viewPut', request)
  viewGet = (request: Partial<Request<'viewGet'>>) => this.#call('viewGet', request)
  check = (request: Partial<Request<'check'>>) => this.#call('check', request)
  import = (request: Partial<Request<'import'>>) => this.#call('import', request)
  /** A request that waits is answered within its wait_ms: ask again with the same ticket as long as it is worth it. */
  gate = (request: Partial<Request<'gate'>>) => this.#call('gate', { session: this.session, holder: this.holder, ...request }, (request.acquire?.wait_ms ?? 0) + 2000)
  hello = (request: Partial<Request<'hello'>>) => this.#call('hello', { session: this.session, holder: this.holder, ...request })
  down = (request: Partial<Request<'down'>>) => this.#once('down', { ...request, reason: request.reason || this.#options.what }, 5000)

  /** Waits for work as long as asked, or until a slot was taken by a grant that came with the reply to an append; each request to the store is a short one. */
  async claim(request: Partial<Request<'claim'>>): Promise<Reply<'claim'>> {
    const until = performance.now() + (request.wait_ms ?? 0)
    for (;;) {
      const wait = Math.max(0, Math.min(CLAIM_MS, until - performance.now()))
      const reply = await this.#call('claim', { session: this.session, holder: this.holder, ...request, wait_ms: Math.round(wait) }, wait + 2000)
      if (reply.grants.length > 0 || reply.taken.length > 0 || reply.decision !== Decision.OK || performance.now() >= until) return reply
    }
  }

  /** Every committed record of a run, as a hint: some may be missing, so a listener also reads the journal. */
  onEvents(run: string, handle: (record: Uint8Array) => void): () => void {
    return this.#bus.subscribe(runEvents(run), ({ data }) => {
      let records: Uint8Array[]
      try {
        ({ records } = kymo.v1.journal.Committed.decode(data))
      } catch {
        // No record either: whoever listens reads the journal.
        records = [data]
      }
      for (const record of records) handle(record)
    })
  }

  subscribe(subject: string, handle: (subject: string, data: Uint8Array) => void): () => void {
    return this.#bus.subscribe(subject, (message) => handle(message.subject, message.data))
  }

  /** Live output of a script, droppable. */
  publishOutput(output: kymo.v1.journal.Output): void {
    this.#bus.publish(outputSubject(hex(output.run_id)), kymo.v1.journal.Output.encode(output).finish())
  }

  onOutput(run: string, handle: (output: kymo.v1.journal.Output) => void): () => void {
    return this.#bus.subscribe(outputSubject(run), (message) => {
      try {
        handle(kymo.v1.journal.Output.decode(message.data))
      } catch {
        // telemetry that does not decode is dropped like telemetry that did not arrive
      }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    // First of all nothing more is asked, or a claim that is answered by the goodbye would be taken for a sign of life.
    this.#closed = true
    clearInterval(this.#heart)
    clearInterval(this.#watch)
    this.#giveUp('the connection to the store is closed')
    await this.#once('hello', { session: this.session, leaving: true }, 500).catch(() => undefined)
    await this.#bus.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** What hosts and runners need of a store: a StoreClient, or a journal in the same process. */
export type StoreConnection = Pick<StoreClient, keyof StoreClient>
