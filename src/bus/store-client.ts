import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { open } from 'node:fs/promises'
import { KymoError, isKymoError, messageOf } from '../../schemas/errors.ts'
import { hex, sha256Hex, unhex } from '../../schemas/hash.ts'
import { kymo } from '../../schemas/generated/messages.js'
import type { Codec } from '../../schemas/generated/messages.js'
import { Decision, OPERATIONS, SMALL_BLOB, thisHolder } from '../journal/index.ts'
import type { Holder, JournalPort, OperationName, Reply, Request } from '../journal/index.ts'
import { CachedBlobs, FileBlobs, StoreBlobs, blobMissing, checkBlob } from '../blobs/index.ts'
import type { BlobStore, SmallBlobs } from '../blobs/index.ts'
import { Bus } from './bus.ts'
import { ensureService } from './start-service.ts'
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

const codecs = kymo.v1.journal as unknown as Record<string, Codec<Record<string, unknown>>>
const CHUNK = 512 * 1024
const TIMEOUT: Partial<Record<OperationName, number>> = { check: 120_000, list: 20_000, attach: 20_000 }

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

  private constructor(options: ConnectOptions, bus: Bus, storeId: string) {
    this.#options = options
    this.#bus = bus
    this.storeId = storeId
    this.directory = options.directory
    this.holder = thisHolder(options.what)
    const small: SmallBlobs = {
      put: async (hash, bytes) => { await this.#expectOk(this.blobPut({ hash: unhex(hash), total_bytes: bytes.length, offset: 0, data: bytes })) },
      get: async (hash) => {
        const reply = await this.#expectOk(this.blobGet({ hash: unhex(hash), offset: 0 }))
        return reply.found ? Uint8Array.from(reply.data) : undefined
      },
      has: async (hashes) => (await this.#expectOk(this.blobHas({ hashes: hashes.map(unhex) }))).found,
    }
    this.blobs = new CachedBlobs(options.directory === undefined ? this.#remoteBlobs(small) : new StoreBlobs(small, new FileBlobs(join(options.directory, 'blobs'))))
    this.#heart = setInterval(() => void this.#beat(), 2000)
    this.#heart.unref()
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
      client = new StoreClient(options, bus, endpoint.store)
    } else throw new KymoError('KYMO_STORE_UNREACHABLE', 'a store is a folder (--store) or a NATS address (--nats)')
    await client.hello({})
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
    const data = codecs[requestName]?.encode(request as Record<string, unknown>).finish() ?? new Uint8Array()
    const reply = await this.#bus.request(requestSubject(this.storeId, operation), data, timeout)
    return codecs[replyName]?.decode(reply) as unknown as Reply<O>
  }

  async #call<O extends OperationName>(operation: O, request: Partial<Request<O>>, timeout = TIMEOUT[operation] ?? 5000): Promise<Reply<O>> {
    const deadline = performance.now() + (this.#options.patienceMs ?? 120_000)
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
        await this.#bus.move(endpoint)
      } catch (error) {
        this.#trouble(messageOf(error))
        if (isKymoError(error, 'KYMO_STORE_DAMAGED') || isKymoError(error, 'KYMO_NATS_MISSING')) throw error
      }
    })().finally(() => { this.#recovering = undefined })
    return this.#recovering
  }

  async #expectOk<T extends { decision: number; reason: string }>(reply: Promise<T>): Promise<T> {
    const got = await reply
    if (got.decision !== Decision.OK) throw new KymoError('KYMO_STORE_UNAVAILABLE', got.reason)
    return got
  }

  append = (request: Partial<Request<'append'>>) => this.#call('append', request)
  read = (request: Partial<Request<'read'>>) => this.#call('read', request)
  inbox = (request: Partial<Request<'inbox'>>) => this.#call('inbox', request)
  list = (request: Partial<Request<'list'>>) => this.#call('list', request)
  attach = (request: Partial<Request<'attach'>>) => this.#call('attach', { session: this.session, holder: this.holder, ...request })
  detach = (request: Partial<Request<'detach'>>) => this.#call('detach', { session: this.session, ...request })
  claim = (request: Partial<Request<'claim'>>) => this.#call('claim', { session: this.session, holder: this.holder, ...request }, (request.wait_ms ?? 0) + 5000)
  heartbeat = (request: Partial<Request<'heartbeat'>>) => this.#call('heartbeat', { session: this.session, holder: this.holder, ...request })
  release = (request: Partial<Request<'release'>>) => this.#call('release', { session: this.session, ...request })
  blobPut = (request: Partial<Request<'blobPut'>>) => this.#call('blobPut', request)
  blobGet = (request: Partial<Request<'blobGet'>>) => this.#call('blobGet', request)
  blobHas = (request: Partial<Request<'blobHas'>>) => this.#call('blobHas', request)
  viewPut = (request: Partial<Request<'viewPut'>>) => this.#call('viewPut', request)
  viewGet = (request: Partial<Request<'viewGet'>>) => this.#call('viewGet', request)
  check = (request: Partial<Request<'check'>>) => this.#call('check', request)
  hello = (request: Partial<Request<'hello'>>) => this.#call('hello', { session: this.session, holder: this.holder, ...request })
  down = (request: Partial<Request<'down'>>) => this.#once('down', request, 5000)

  /** Every committed record of a run, as a hint: some may be missing, so a listener also reads the journal. */
  onEvents(run: string, handle: (record: Uint8Array) => void): () => void {
    return this.#bus.subscribe(runEvents(run), (message) => handle(message.data))
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

  #remoteBlobs(small: SmallBlobs): BlobStore {
    const put = async (bytes: Uint8Array): Promise<string> => {
      const hash = sha256Hex(bytes)
      if (bytes.length <= SMALL_BLOB) await small.put(hash, bytes)
      else {
        const upload = randomBytes(16)
        for (let offset = 0; offset < bytes.length; offset += CHUNK) {
          await this.#expectOk(this.blobPut({ hash: unhex(hash), total_bytes: bytes.length, offset, data: bytes.subarray(offset, offset + CHUNK), upload }))
        }
      }
      return hash
    }
    const get = async (hash: string): Promise<Uint8Array> => {
      const parts: Uint8Array[] = []
      for (let offset = 0, total = 1; offset < total; ) {
        const reply = await this.#expectOk(this.blobGet({ hash: unhex(hash), offset }))
        if (!reply.found) throw blobMissing(hash)
        parts.push(Uint8Array.from(reply.data))
        total = reply.total_bytes
        offset += reply.data.length
        if (reply.data.length === 0) break
      }
      return checkBlob(hash, Buffer.concat(parts))
    }
    const readAll = async (path: string): Promise<Uint8Array> => {
      const file = await open(path, 'r')
      try {
        return await file.readFile()
      } finally {
        await file.close()
      }
    }
    return {
      put, get,
      putFile: async (path) => {
        const bytes = await readAll(path)
        return { hash: await put(bytes), size: bytes.length }
      },
      getToFile: async (hash, path, mode) => {
        const file = await open(path, 'wx', mode)
        try {
          await file.writeFile(await get(hash))
        } finally {
          await file.close()
        }
      },
      has: (hashes) => small.has(hashes),
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    clearInterval(this.#heart)
    await this.#once('hello', { session: this.session, leaving: true }, 500).catch(() => undefined)
    this.#closed = true
    await this.#bus.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** What hosts and runners need of a store: a StoreClient, or a journal in the same process. */
export type StoreConnection = Pick<StoreClient, keyof StoreClient>
