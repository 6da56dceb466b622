import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { KymoError } from '../../schemas/errors.ts'
import { decodeWire, isEventType } from '../../schemas/codec.ts'
import { hex, unhex } from '../../schemas/hash.ts'
import { CachedBlobs, StoreBlobs } from '../../src/blobs/index.ts'
import type { BlobStore } from '../../src/blobs/index.ts'
import type { StoreConnection } from '../../src/bus/index.ts'
import { Decision, thisHolder } from '../../src/journal/index.ts'
import type { Holder, Journal, Reply, Request } from '../../src/journal/index.ts'
import type { LocalStore } from './local-store.ts'
import { never } from './scalpel.ts'

type Operation = 'append' | 'read' | 'inbox' | 'list' | 'attach' | 'detach' | 'claim' | 'heartbeat' | 'release' | 'blobHas' | 'viewPut' | 'viewGet' | 'check' | 'import' | 'hello'
type Label<O extends Operation> = (request: Partial<Request<O>>, reply?: Reply<O>) => string | undefined

/** A client of a LocalStore: what `kymo run` holds in its hand. Once dead, nothing that it asked for is answered. */
export class LocalClient implements StoreConnection {
  readonly session: Uint8Array = randomBytes(16)
  readonly holder: Holder
  readonly directory: string | undefined
  readonly blobs: CachedBlobs
  readonly storeId = 'local'
  readonly endpoint = { url: '', token: '' }
  readonly #world: LocalStore
  /** A process that lives as long as this client would: the journal asks the system whether a worker is gone. */
  readonly #body: ChildProcess
  readonly #offs = new Set<() => void>()
  /** resolves when this client dies */
  readonly ended: Promise<'dead'>
  #end: () => void = () => undefined
  dead = false

  constructor(world: LocalStore) {
    this.ended = new Promise((resolve) => { this.#end = () => resolve('dead') })
    this.#world = world
    this.directory = world.folder
    this.#body = spawn('sleep', ['600'], { stdio: 'ignore' })
    const stat = readFileSync(`/proc/${this.#body.pid ?? 0}/stat`, 'utf8')
    this.holder = { ...thisHolder('kymo run'), pid: this.#body.pid ?? 0, started_ticks: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) }
    const small = {
      put: (hash: string, bytes: Uint8Array) => this.#reach(async (journal) => { await journal.putSmall(hash, bytes); return true }).then(() => undefined),
      get: async (hash: string) => (await this.#reach(async (journal) => ({ found: await journal.getSmall(hash) }))).found,
      has: async (hashes: readonly string[]) => (await this.blobHas({ hashes: hashes.map(unhex) })).found,
    }
    this.blobs = new CachedBlobs(this.#watched(new StoreBlobs(small, world.files)))
  }

  /** Asks the service, and the next one when this one dies before it answers. */
  async #reach<T>(ask: (journal: Journal) => Promise<T>): Promise<T> {
    for (;;) {
      if (this.dead) return never
      const service = await this.#world.service()
      const answer = await Promise.race([ask(service.journal).catch((error: unknown) => { if (service.dead) return undefined; throw error }), service.ended])
      if (this.dead) return never
      if (answer !== undefined && !(service.dead && isRefusal(answer))) return answer
    }
  }

  async #call<O extends Operation>(operation: O, request: Partial<Request<O>>, label?: Label<O>): Promise<Reply<O>> {
    const before = label?.(request)
    if (before !== undefined && !this.dead && this.#world.cuts('client', `before ${before}`)) return never
    for (;;) {
      const reply = await this.#reach((journal) => (journal[operation] as unknown as (request: Partial<Request<O>>) => Promise<Reply<O>>)(request))
      const { decision } = reply as { decision: number }
      if (decision === Decision.BUSY || decision === Decision.UNAVAILABLE) {
        await new Promise((resolve) => setTimeout(resolve, 2))
        continue
      }
      const after = label?.(request, reply)
      if (after !== undefined && this.#world.cuts('client', `answer lost: ${after}`)) return never
      return reply
    }
  }

  now = (): number => this.#world.clientClock(this.#world.now())

  append = async (request: Partial<Request<'append'>>) => {
    const reply = await this.#call('append', request, labelOfAppend)
    if (reply.decision === Decision.OK) this.#world.acknowledged.set(reply.head_seq, hex(reply.head_hash))
    return reply
  }
  attach = (request: Partial<Request<'attach'>>) => this.#call('attach', { session: this.session, holder: this.holder, ...request }, () => 'attach')
  detach = (request: Partial<Request<'detach'>>) => this.#call('detach', { session: this.session, ...request }, () => 'detach')
  claim = (request: Partial<Request<'claim'>>) => this.#call('claim', { session: this.session, holder: this.holder, ...request }, (asked, reply) => (reply === undefined || reply.grants.length > 0 ? `claim of ${asked.kinds?.join() ?? ''}` : undefined))
  release = (request: Partial<Request<'release'>>) => this.#call('release', { session: this.session, ...request }, () => 'release')
  heartbeat = (request: Partial<Request<'heartbeat'>>) => this.#call('heartbeat', { session: this.session, holder: this.holder, ...request })
  read = (request: Partial<Request<'read'>>) => this.#call('read', request)
  inbox = (request: Partial<Request<'inbox'>>) => this.#call('inbox', request)
  list = (request: Partial<Request<'list'>>) => this.#call('list', request)
  blobHas = (request: Partial<Request<'blobHas'>>) => this.#call('blobHas', request)
  viewPut = (request: Partial<Request<'viewPut'>>) => this.#call('viewPut', request)
  viewGet = (request: Partial<Request<'viewGet'>>) => this.#call('viewGet', request)
  check = (request: Partial<Request<'check'>>) => this.#call('check', request)
  import = (request: Partial<Request<'import'>>) => this.#call('import', request)
  hello = (request: Partial<Request<'hello'>>) => this.#call('hello', { session: this.session, holder: this.holder, ...request })
  // Nothing here calls a provider whose limits could be met.
  gate = () => Promise.resolve({ decision: Decision.OK, reason: '', granted: true, ahead: 0, paused_ms: 0 })
  // A local client uses putSmall and the store's files, and does not end its service.
  blobPut = () => Promise.reject(new KymoError('KYMO_STORE_UNREACHABLE', 'not for local clients'))
  blobGet = () => Promise.reject(new KymoError('KYMO_STORE_UNREACHABLE', 'not for local clients'))
  down = () => Promise.reject(new KymoError('KYMO_STORE_UNREACHABLE', 'not for local clients'))

  #watched(inner: BlobStore): BlobStore {
    const around = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
      if (this.dead || this.#world.cuts('client', `before ${label}`)) return never
      const result = await work()
      return this.dead || this.#world.cuts('client', `after ${label}`) ? never : result
    }
    return {
      put: (bytes) => around('blob put', () => inner.put(bytes)), putFile: (path) => around('blob put', () => inner.putFile(path)),
      get: (hash) => inner.get(hash), getToFile: (hash, path, mode) => inner.getToFile(hash, path, mode), has: (hashes) => inner.has(hashes),
    }
  }

  onEvents(_run: string, handle: (record: Uint8Array) => void): () => void {
    const off = (): void => { this.#world.listeners.delete(handle); this.#offs.delete(off) }
    this.#world.listeners.add(handle)
    this.#offs.add(off)
    return off
  }
  subscribe(): () => void { return () => undefined }
  publishOutput(): void {}
  onOutput(): () => void { return () => undefined }

  die(): void {
    this.dead = true
    this.#end()
    this.#body.kill('SIGKILL')
    for (const off of this.#offs) off()
    this.#world.clients.delete(this)
  }

  async close(): Promise<void> {
    if (this.dead) return
    await this.hello({ leaving: true })
    this.die()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** What a dying journal answers is no answer: its socket is closed. */
const isRefusal = (answer: unknown): boolean => typeof answer === 'object' && answer !== null && 'decision' in answer && answer.decision === Decision.UNAVAILABLE

/** An append by what it says: "environment: observation.delivered+effect.requested". */
const labelOfAppend = ({ create, reaction, events = [] }: Partial<Request<'append'>>): string => {
  const types = events.map(({ type }) => type)
  if (create) return 'append of run.started'
  if (reaction) return `append by ${reaction.actor}: ${types.slice(1).join('+') || 'nothing'}`
  const [first] = events
  const kind = first !== undefined && isEventType(first.type) ? String(decodeWire(first.type, first.payload)['kind'] ?? '') : ''
  return `append of ${types.join('+')} (${kind})`
}
