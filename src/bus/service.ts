import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import { hex, sha256Hex } from '../../schemas/hash.ts'
import { kymo } from '../../schemas/generated/messages.js'
import type { Codec } from '../../schemas/generated/messages.js'
import { Decision, Journal, OPERATIONS, SMALL_BLOB, Witness, openLevelStore } from '../journal/index.ts'
import type { JournalPort, KeyValueStore, OperationName, Reply, Request } from '../journal/index.ts'
import { FileBlobs } from '../blobs/index.ts'
import { Bus } from './bus.ts'
import { readEndpoint, writeEndpoint } from './endpoint.ts'
import { startNatsServer } from './nats-server.ts'
import type { NatsServer } from './nats-server.ts'
import { discoverSubject, eventSubject, requestSubject } from './subjects.ts'

export interface ServiceOptions {
  directory: string
  /** use this NATS instead of starting the store's own */
  nats?: { url: string; token: string }
  /** leave by itself this long after the last client, milliseconds; 0: never */
  idleMs?: number
  leaseMs?: number
  /** tests: another store than LevelDB, dropped publishes, a clock */
  store?: KeyValueStore
  dropPublish?: () => boolean
  onProblem?: (message: string) => void
  onLeave?: () => void
}

export interface Service extends AsyncDisposable {
  readonly journal: Journal
  readonly storeId: string
  readonly endpoint: { url: string; token: string }
  readonly natsPid: () => number
  close(): Promise<void>
}

const messages = kymo.v1.journal as unknown as Record<string, Codec<Record<string, unknown>>>
const CHUNK = 512 * 1024

/** The one process that serves a store: its journal, its blobs and its nats-server. Throws KYMO_STORE_LOCKED when there is one already. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const directory = resolve(options.directory)
  const problem = options.onProblem ?? (() => undefined)
  makeStore(directory)
  const store = options.store ?? (await openLevelStore(join(directory, 'log')))
  const files = new FileBlobs(join(directory, 'blobs'))
  let bus: Bus | undefined
  const journal = new Journal({
    store,
    witness: new Witness(join(directory, 'witness')),
    hasFile: (hash) => files.has(hash),
    ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
    onProblem: problem,
    onCommit: (run, records) => {
      for (const { to, bytes } of records) if (options.dropPublish?.() !== true) bus?.publish(eventSubject(run, to), bytes)
    },
  })
  let nats: NatsServer | undefined
  try {
    await journal.open()
    const before = readEndpoint(directory)
    if (options.nats === undefined) {
      const port = before === undefined ? undefined : Number(new URL(before.url).port) || undefined
      nats = await startNatsServer({ directory, token: before?.token ?? randomBytes(24).toString('base64url'), ...(port === undefined ? {} : { port }), onProblem: problem })
    }
    const endpoint = options.nats ?? { url: nats?.url ?? '', token: nats?.token ?? '' }
    bus = await Bus.connect(endpoint, 'kymo serve', 5000)
    return await serve({ options, directory, journal, files, bus, nats, endpoint, problem })
  } catch (error) {
    await nats?.close()
    await bus?.close()
    await journal.close()
    throw error
  }
}

/** A store is made once; a folder with other things in it is not taken for one. */
function makeStore(directory: string): void {
  const marker = join(directory, 'store.json')
  try {
    mkdirSync(directory, { recursive: true })
    if (!existsSync(marker)) writeFileSync(marker, `${JSON.stringify({ format: 1 })}\n`)
  } catch (cause) {
    throw new KymoError('KYMO_STORE_UNAVAILABLE', `the store at ${directory} cannot be made (${messageOf(cause)}): choose another place with --store`, { cause })
  }
}

interface Parts { options: ServiceOptions; directory: string; journal: Journal; files: FileBlobs; bus: Bus; nats: NatsServer | undefined; endpoint: { url: string; token: string }; problem: (message: string) => void }

async function serve({ options, directory, journal, files, bus, nats, endpoint, problem }: Parts): Promise<Service> {
  const rejected = join(directory, 'rejected.jsonl')
  let closed: Promise<void> | undefined
  let idleSince = performance.now()

  const close = (): Promise<void> => {
    closed ??= (async () => {
      clearInterval(idle)
      await journal.close()
      await bus.flush()
      await bus.close()
      await nats?.close()
    })()
    return closed
  }

  const port: JournalPort = {
    ...bound(journal),
    ...blobOperations(journal, files),
    hello: async (request) => ({ ...(await journal.hello(request)), directory }),
    down: async () => {
      const { clients } = journal
      setTimeout(() => { void close().then(() => options.onLeave?.()) }, 20)
      return { decision: Decision.OK, reason: '', clients }
    },
  }

  /** A message that does not decode changes nothing; what came, and why it was refused, is written down. */
  const reject = (subject: string, data: Uint8Array, reason: string): void => {
    try {
      if (existsSync(rejected) && statSync(rejected).size > 8 * 2 ** 20) return
      appendFileSync(rejected, `${JSON.stringify({ at: new Date().toISOString(), subject, bytes: data.length, sha256: sha256Hex(data), reason })}\n`)
    } catch (error) {
      problem(`a message on ${subject} was refused (${reason}), and that could not be written down: ${messageOf(error)}`)
    }
  }

  for (const operation of Object.keys(OPERATIONS) as OperationName[]) {
    const [requestName, replyName] = OPERATIONS[operation]
    const subject = requestSubject(journal.storeId, operation)
    bus.subscribe(subject, (message) => {
      idleSince = performance.now()
      void answer(port, operation, message.data).then((reply) => {
        if (reply['decision'] === Decision.REFUSED && typeof reply['malformed'] === 'string') reject(subject, message.data, reply['malformed'])
        const bytes = messages[replyName]?.encode(reply).finish() ?? new Uint8Array()
        message.reply(bytes)
      }).catch((error: unknown) => problem(`answering ${operation}: ${messageOf(error)}`))
    })
    void requestName
  }
  bus.subscribe(discoverSubject, (message) => message.reply(Buffer.from(journal.storeId)))

  const idle = setInterval(() => {
    if (journal.clients > 0 || journal.queued > 0) idleSince = performance.now()
    else if ((options.idleMs ?? 0) > 0 && performance.now() - idleSince > (options.idleMs ?? 0)) void close().then(() => options.onLeave?.())
  }, 250)
  idle.unref()

  await bus.flush()
  writeEndpoint(directory, { ...endpoint, store: journal.storeId, pid: process.pid, started: new Date().toISOString() })
  return { journal, storeId: journal.storeId, endpoint, natsPid: () => nats?.pid() ?? 0, close, [Symbol.asyncDispose]: close }
}

type Bound = Omit<JournalPort, 'blobPut' | 'blobGet' | 'down'>
const bound = (journal: Journal): Bound => ({
  append: (request) => journal.append(request), read: (request) => journal.read(request), inbox: (request) => journal.inbox(request), list: (request) => journal.list(request),
  attach: (request) => journal.attach(request), detach: (request) => journal.detach(request), claim: (request) => journal.claim(request), heartbeat: (request) => journal.heartbeat(request),
  release: (request) => journal.release(request), blobHas: (request) => journal.blobHas(request), viewPut: (request) => journal.viewPut(request), viewGet: (request) => journal.viewGet(request),
  check: (request) => journal.check(request), hello: (request) => journal.hello(request),
})

async function answer(port: JournalPort, operation: OperationName, data: Uint8Array): Promise<Record<string, unknown>> {
  const [requestName] = OPERATIONS[operation]
  let request: Record<string, unknown>
  try {
    const codec = messages[requestName]
    if (codec === undefined) throw new KymoError('KYMO_SCHEMA', `no message ${requestName}`)
    request = codec.decode(data)
  } catch (error) {
    return { decision: Decision.REFUSED, reason: `the request does not decode as ${requestName} (${messageOf(error)})`, malformed: messageOf(error) }
  }
  try {
    const call = port[operation] as unknown as (request: Record<string, unknown>) => Promise<Record<string, unknown>>
    const reply = await call(request)
    return reply['decision'] === Decision.REFUSED ? { ...reply, malformed: String(reply['reason']) } : reply
  } catch (error) {
    const unavailable = error instanceof KymoError && error.code === 'KYMO_STORE_UNAVAILABLE'
    return { decision: unavailable ? Decision.UNAVAILABLE : Decision.REFUSED, reason: messageOf(error), malformed: messageOf(error) }
  }
}

/** Large blobs come and go in chunks, for clients on other machines. */
function blobOperations(journal: Journal, files: FileBlobs): Pick<JournalPort, 'blobPut' | 'blobGet'> {
  const uploads = new Map<string, { path: string; at: number }>()
  const refused = (reason: string): Reply<'blobPut'> => ({ decision: Decision.REFUSED, reason, stored: false })
  return {
    blobPut: async (request: Partial<Request<'blobPut'>>) => {
      const { hash = new Uint8Array(), data = new Uint8Array(), total_bytes: total = 0, offset = 0, upload = new Uint8Array() } = request
      const name = hex(hash)
      if (hash.length !== 32) return refused('a blob is named by 32 bytes')
      if (total <= SMALL_BLOB) {
        if (data.length !== total || sha256Hex(data) !== name) return refused(`blob ${name} does not match its name`)
        await journal.putSmall(name, Uint8Array.from(data))
        return { decision: Decision.OK, reason: '', stored: true }
      }
      if (files.has(name)) return { decision: Decision.OK, reason: '', stored: true }
      const id = hex(upload)
      const entry = offset === 0 ? { path: await files.temporary(), at: 0 } : uploads.get(id)
      if (entry === undefined || entry.at !== offset) return refused(`upload ${id} is not at ${offset}: begin again`)
      uploads.set(id, entry)
      const file = await open(entry.path, 'a', 0o444)
      try {
        await file.writeFile(data)
        entry.at += data.length
        if (entry.at >= total) await file.sync()
      } finally {
        await file.close()
      }
      if (entry.at < total) return { decision: Decision.OK, reason: '', stored: false }
      uploads.delete(id)
      const { hash: got } = await files.putFile(entry.path)
      const { rm } = await import('node:fs/promises')
      await rm(entry.path, { force: true })
      return got === name ? { decision: Decision.OK, reason: '', stored: true } : refused(`blob ${name} does not match its name`)
    },
    blobGet: async (request: Partial<Request<'blobGet'>>) => {
      const name = hex(request.hash ?? new Uint8Array())
      const offset = request.offset ?? 0
      const small = await journal.getSmall(name)
      if (small !== undefined) return { decision: Decision.OK, reason: '', found: true, total_bytes: small.length, data: small, file: '' }
      if (!/^[0-9a-f]{64}$/.test(name) || !files.has(name)) return { decision: Decision.OK, reason: '', found: false, total_bytes: 0, data: new Uint8Array(), file: '' }
      const file = await open(files.path(name), 'r')
      try {
        const { size } = await file.stat()
        const buffer = Buffer.alloc(Math.max(0, Math.min(CHUNK, size - offset)))
        await file.read(buffer, 0, buffer.length, offset)
        return { decision: Decision.OK, reason: '', found: true, total_bytes: size, data: buffer, file: '' }
      } finally {
        await file.close()
      }
    },
  }
}

