import { hex } from '../../schemas/hash.ts'
import { decodeRecordLazily, parseRunId } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { KymoError } from '../../schemas/errors.ts'
import { Decision } from '../journal/index.ts'
import type { StoreConnection } from './store-client.ts'

/** A hint comes within a few milliseconds or not at all. */
const HINT_MS = 40

export interface FollowOptions {
  client: StoreConnection
  /** run id as a UUID */
  runId: string
  fromSeq: number
  /** called in order, without gaps or repeats; awaited before the next one */
  onEvent: (event: AnyEvent) => void | Promise<void>
  onError: (error: unknown) => void
  /** read the journal after this much silence, milliseconds */
  pollMs?: number
}

/**
 * A run's records in order. What is published is a hint: a gap, a silence or a reconnection makes the follower read the journal,
 * so that no lost message is missed for longer than a second.
 */
export class Follower {
  readonly #options: FollowOptions
  readonly #run: Uint8Array
  readonly #unsubscribe: () => void
  readonly #poll: NodeJS.Timeout
  #next: number
  /** hash of the record before, once one was seen */
  #last = ''
  #waiting: AnyEvent[] = []
  #draining = false
  #behind = false
  #closed = false
  #heard = performance.now()

  constructor(options: FollowOptions) {
    this.#options = options
    this.#run = parseRunId(options.runId)
    this.#next = options.fromSeq
    this.#unsubscribe = options.client.onEvents(hex(this.#run), (bytes) => this.#hint(bytes))
    const pollMs = options.pollMs ?? 1000
    this.#poll = setInterval(() => {
      if (performance.now() - this.#heard < pollMs) return
      this.#behind = true
      void this.#drain()
    }, Math.min(250, pollMs))
    this.#poll.unref()
  }

  /** seq that comes next */
  get next(): number {
    return this.#next
  }

  #hint(bytes: Uint8Array): void {
    this.#heard = performance.now()
    try {
      const event = decodeRecordLazily(Uint8Array.from(bytes))
      if (event.runId !== this.#options.runId || event.seq < this.#next) return
      this.#waiting.push(event)
    } catch {
      // What does not decode is no record; the journal has the truth.
      this.#behind = true
    }
    void this.#drain()
  }

  /** There is a record of this number: if it was not heard of soon, its hint was lost and the journal is read. */
  expect(seq: number): void {
    if (this.#next > seq || this.#closed) return
    setTimeout(() => {
      if (this.#next <= seq && !this.#closed) void this.catchUp()
    }, HINT_MS).unref()
  }

  /** Reads the journal now. */
  async catchUp(): Promise<void> {
    this.#behind = true
    await this.#drain()
  }

  async #drain(): Promise<void> {
    if (this.#draining || this.#closed) return
    this.#draining = true
    try {
      while (!this.#closed) {
        const event = this.#waiting.shift()
        if (event !== undefined) {
          if (event.seq < this.#next) continue
          // A hint that does not follow from the record before is none: the journal is asked.
          if (event.seq === this.#next && (this.#last === '' || event.prevHash === this.#last)) {
            this.#next = event.seq + 1
            this.#last = event.hash
            await this.#options.onEvent(event)
            continue
          }
          this.#behind = true
        }
        if (!this.#behind) return
        this.#behind = false
        await this.#read()
      }
    } catch (error) {
      if (!this.#closed) this.#options.onError(error)
    } finally {
      this.#draining = false
    }
  }

  async #read(): Promise<void> {
    for (;;) {
      const reply = await this.#options.client.read({ run_id: this.#run, from_seq: this.#next })
      this.#heard = performance.now()
      if (reply.decision !== Decision.OK) throw new KymoError('KYMO_RUN_UNREADABLE', reply.reason)
      for (const bytes of reply.records) {
        if (this.#closed) return
        const event = decodeRecordLazily(Uint8Array.from(bytes))
        if (event.seq !== this.#next) throw new KymoError('KYMO_RUN_DAMAGED', `run ${this.#options.runId} is damaged at seq ${this.#next}: that record is missing. "kymo verify" says more`)
        if (this.#last !== '' && event.prevHash !== this.#last) throw new KymoError('KYMO_RUN_DAMAGED', `run ${this.#options.runId} is damaged at seq ${this.#next - 1}: the record after it names another one. "kymo verify" says more`)
        this.#next++
        this.#last = event.hash
        await this.#options.onEvent(event)
      }
      if (reply.records.length === 0 || this.#next > reply.head_seq) return
    }
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#poll)
    this.#unsubscribe()
  }
}
