import { connect } from '@nats-io/transport-node'
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import { KymoError, messageOf } from '../../schemas/errors.ts'

export interface Endpoint { url: string; token: string }

/** A message as a handler sees it; `reply` answers a request. */
export interface Incoming { subject: string; data: Uint8Array; reply: (data: Uint8Array) => void }

interface Listener { subject: string; queue: string | undefined; handle: (message: Incoming) => void; current: Subscription | undefined }

/** A NATS connection that outlives its server: it reconnects for ever, and can be moved to another address with its subscriptions. */
export class Bus {
  #connection: NatsConnection
  #endpoint: Endpoint
  readonly #listeners = new Set<Listener>()
  readonly #name: string
  readonly #reconnected = new Set<() => void>()
  #moving: Promise<void> | undefined

  private constructor(connection: NatsConnection, endpoint: Endpoint, name: string) {
    this.#connection = connection
    void this.#follow(connection)
    this.#endpoint = endpoint
    this.#name = name
  }

  /** Throws KYMO_NATS_UNREACHABLE with the address and what to do. */
  static async connect(endpoint: Endpoint, name = 'kymo', timeoutMs = 2000): Promise<Bus> {
    return new Bus(await open(endpoint, name, timeoutMs), endpoint, name)
  }

  get endpoint(): Endpoint {
    return this.#endpoint
  }

  /** Connects elsewhere; subscriptions come along. */
  async move(endpoint: Endpoint): Promise<void> {
    this.#moving ??= this.#move(endpoint).finally(() => { this.#moving = undefined })
    return this.#moving
  }

  async #move(endpoint: Endpoint): Promise<void> {
    if (endpoint.url === this.#endpoint.url && endpoint.token === this.#endpoint.token && !this.#connection.isClosed()) return
    const old = this.#connection
    this.#connection = await open(endpoint, this.#name, 2000)
    this.#endpoint = endpoint
    void this.#follow(this.#connection)
    for (const listener of this.#listeners) this.#listen(listener)
    await old.close().catch(() => undefined)
  }

  /** Called when the server was away and is there again: what was asked of it meanwhile may be lost. */
  onReconnect(handle: () => void): void {
    this.#reconnected.add(handle)
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) if (type === 'reconnect') for (const handle of this.#reconnected) handle()
  }

  publish(subject: string, data: Uint8Array): void {
    // A hint that cannot be sent is a hint that is lost: whoever waits for it reads the journal.
    if (!this.#connection.isClosed()) try { this.#connection.publish(subject, data) } catch { /* as above */ }
  }

  /** Largest message that the server takes. */
  get maxPayload(): number {
    return this.#connection.info?.max_payload ?? 2 ** 20
  }

  /** While the server is away the request waits for it, up to the time-out. Throws KYMO_OVERSIZED for what no server of this kind takes. */
  async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (data.length > this.maxPayload - HEADROOM) {
      throw new KymoError('KYMO_OVERSIZED', `a request of ${data.length} bytes does not fit into one NATS message of ${this.maxPayload}: texts go by hash, and large blobs in pieces`)
    }
    const reply = await this.#connection.request(subject, data, { timeout: timeoutMs })
    return reply.data
  }

  /** Returns what ends the subscription. */
  subscribe(subject: string, handle: (message: Incoming) => void, queue?: string): () => void {
    const listener: Listener = { subject, queue, handle, current: undefined }
    this.#listeners.add(listener)
    this.#listen(listener)
    return () => {
      this.#listeners.delete(listener)
      listener.current?.unsubscribe()
    }
  }

  #listen(listener: Listener): void {
    listener.current = this.#connection.subscribe(listener.subject, {
      ...(listener.queue === undefined ? {} : { queue: listener.queue }),
      callback: (error: Error | null, message: Msg) => {
        if (error === null) listener.handle({ subject: message.subject, data: message.data, reply: (data) => this.#respond(message, data) })
      },
    })
  }

  /** An answer that cannot be sent is like one that was lost: whoever waits asks again. */
  #respond(message: Msg, data: Uint8Array): void {
    try {
      message.respond(data)
    } catch {
      // as above
    }
  }

  /** Waits until what was published has reached the server, but not for a server that is away. */
  async flush(): Promise<void> {
    const { promise: patience, resolve } = withResolvers()
    const timer = setTimeout(resolve, FLUSH_MS)
    await Promise.race([this.#connection.flush().catch(() => undefined), patience])
    clearTimeout(timer)
  }

  async close(): Promise<void> {
    await this.#connection.close().catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Room for the subject and headers of a message. */
const HEADROOM = 4096
const FLUSH_MS = 1000

const withResolvers = (): { promise: Promise<void>; resolve: () => void } => {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => { resolve = done })
  return { promise, resolve }
}

async function open({ url, token }: Endpoint, name: string, timeout: number): Promise<NatsConnection> {
  try {
    const connection = await connect({
      servers: url, ...(token === '' ? {} : { token }), name, timeout, maxReconnectAttempts: -1, reconnectTimeWait: 100, reconnectJitter: 50, pingInterval: 10_000, noAsyncTraces: true,
    })
    void connection.closed()
    return connection
  } catch (cause) {
    throw new KymoError('KYMO_NATS_UNREACHABLE', `no NATS at ${url} (${messageOf(cause)}): check the address, or leave --nats out and let Kymo start its own`, { cause })
  }
}
