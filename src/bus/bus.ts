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
  #moving: Promise<void> | undefined

  private constructor(connection: NatsConnection, endpoint: Endpoint, name: string) {
    this.#connection = connection
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
    for (const listener of this.#listeners) this.#listen(listener)
    await old.close().catch(() => undefined)
  }

  publish(subject: string, data: Uint8Array): void {
    // A hint that cannot be sent is a hint that is lost: whoever waits for it reads the journal.
    if (!this.#connection.isClosed()) try { this.#connection.publish(subject, data) } catch { /* as above */ }
  }

  async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
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
        if (error === null) listener.handle({ subject: message.subject, data: message.data, reply: (data) => { message.respond(data) } })
      },
    })
  }

  /** Waits until what was published has reached the server. */
  async flush(): Promise<void> {
    await this.#connection.flush().catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.#connection.close().catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
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
