import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FileBlobs } from '../../src/blobs/index.ts'
import { Journal, MemoryStore, Witness } from '../../src/journal/index.ts'
import type { KeyValueStore } from '../../src/journal/index.ts'
import { LocalClient } from './local-client.ts'
import { Died, Scalpel, never } from './scalpel.ts'
import type { Victim } from './scalpel.ts'

const CLOCK_SPEED = 50

/**
 * A store, its service and its clients in this process, in which each can die alone: the service loses its Journal (what was written stays in
 * the MemoryStore), a client loses everything. Clients behave as StoreClient does: a call whose answer did not come is repeated to the next service.
 */
export class LocalStore {
  readonly scalpel: Scalpel
  readonly folder: string
  readonly rows = new MemoryStore()
  readonly files: FileBlobs
  readonly problems: string[] = []
  /** what was acknowledged: seq -> hash of the record there */
  readonly acknowledged = new Map<number, string>()
  readonly listeners = new Set<(record: Uint8Array) => void>()
  readonly clients = new Set<LocalClient>()
  /** tests: true for publications that get lost */
  drop: (published: number) => boolean = () => false
  published = 0
  /** tests: what a client takes the journal's clock for */
  clientClock: (now: number) => number = (now) => now
  services = 0
  #service: LocalService | undefined
  readonly #from = Date.now()

  giveUp: () => void = () => undefined
  readonly givenUp: Promise<'stuck'> = new Promise((resolve) => { this.giveUp = () => resolve('stuck') })

  constructor(folder: string, target?: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    this.files = new FileBlobs(join(folder, 'blobs'))
    this.scalpel = new Scalpel(target)
  }

  /** Faster than the wall clock, so that a back-off of a second does not take one. */
  now = (): number => Math.floor(this.#from + (Date.now() - this.#from) * CLOCK_SPEED)

  /** Passes a point; true when the victim has just died there. */
  cuts(victim: Victim, label: string): boolean {
    if (!this.scalpel.cuts(victim, label)) return false
    this.kill(victim)
    return true
  }

  kill(victim: Victim): void {
    if (victim === 'client') for (const client of [...this.clients]) client.die()
    else {
      this.#service?.die()
      this.#service = undefined
    }
  }

  /** The service that answers now; a new one begins where the last one's store stands. */
  async service(): Promise<LocalService> {
    for (;;) {
      if (this.#service === undefined) {
        this.services++
        this.#service = new LocalService(this)
      }
      const service = this.#service
      await Promise.race([service.opened, service.ended])
      if (!service.dead) return service
    }
  }

  connect(): LocalClient {
    const client = new LocalClient(this)
    this.clients.add(client)
    return client
  }

  close(): void {
    this.kill('client')
    this.kill('service')
  }
}

export class LocalService {
  readonly journal: Journal
  readonly opened: Promise<unknown>
  /** resolves when the service dies */
  readonly ended: Promise<undefined>
  dead = false
  #muted = false
  readonly #end: () => void

  constructor(world: LocalStore) {
    let end: () => void = () => undefined
    this.ended = new Promise((resolve) => { end = () => resolve(undefined) })
    this.#end = end
    const { rows } = world
    const alive = <T>(work: Promise<T>): Promise<T> => (this.dead ? never : work.then((value) => (this.dead ? never : value)))
    const store: KeyValueStore = {
      get: (key) => alive(rows.get(key)),
      range: (options) => alive(rows.range(options)),
      write: async (operations, { sync }) => {
        if (this.dead || (sync && world.cuts('service', 'before the batch'))) return never
        await rows.write(operations)
        if (this.dead || (sync && world.cuts('service', 'between batch and witness'))) return never
      },
      reopen: async () => undefined,
      close: async () => undefined,
    }
    const witness = new WatchedWitness(join(world.folder, 'witness'), () => { if (this.dead || world.cuts('service', 'between witness and answer')) throw new Died() })
    this.journal = new Journal({
      store, witness, now: world.now, hasFile: (hash) => world.files.has(hash),
      onProblem: (message) => { if (!this.dead) world.problems.push(message) },
      onCommit: (_run, records) => { for (const { type, bytes } of records) this.#publish(world, type, bytes) },
    })
    this.opened = this.journal.open()
  }

  #publish(world: LocalStore, type: string, bytes: Uint8Array): void {
    if (this.dead || this.#muted) return
    if (world.scalpel.cuts('service', `before publishing ${type}`)) {
      // The answer is out already: this death must not take it back.
      this.#muted = true
      setImmediate(() => world.kill('service'))
      return
    }
    if (world.drop(++world.published)) return
    for (const listener of [...world.listeners]) listener(bytes)
  }

  die(): void {
    this.dead = true
    this.#end()
    void this.journal.close().catch(() => undefined)
  }
}

class WatchedWitness extends Witness {
  readonly #after: () => void

  constructor(path: string, after: () => void) {
    super(path)
    this.#after = after
  }

  override record(heads: Parameters<Witness['record']>[0]): void {
    super.record(heads)
    this.#after()
  }
}
