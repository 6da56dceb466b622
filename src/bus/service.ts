import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import { Decision, Journal, OPERATIONS, Witness, openLevelStore } from '../journal/index.ts'
import type { JournalPort, KeyValueStore, OperationName } from '../journal/index.ts'
import { FileBlobs } from '../blobs/index.ts'
import { answer } from './answer.ts'
import { blobOperations } from './blob-operations.ts'
import { Bus } from './bus.ts'
import { readEndpoint, writeEndpoint } from './endpoint.ts'
import { gateOperation } from './gate-operation.ts'
import { makeFolder } from './make-folder.ts'
import { startNatsServer } from './nats-server.ts'
import type { NatsServer } from './nats-server.ts'
import { rejectedLog } from './rejected.ts'
import { createHints } from './hints.ts'
import { discoverSubject, requestSubject } from './subjects.ts'

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

/** The one process that serves a store: its journal, its blobs and its nats-server. Throws KYMO_STORE_LOCKED when there is one already. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const directory = resolve(options.directory)
  const problem = options.onProblem ?? (() => undefined)
  makeStore(directory)
  const store = options.store ?? (await openLevelStore(join(directory, 'log')))
  const files = new FileBlobs(join(directory, 'blobs'))
  let bus: Bus | undefined
  let witness: Witness
  try {
    await files.clearIncoming()
    witness = new Witness(join(directory, 'witness'))
  } catch (error) {
    await store.close()
    throw error
  }
  const journal = new Journal({
    store,
    witness,
    hasFile: (hash) => files.has(hash),
    ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
    onProblem: problem,
    onCommit: createHints((subject, data) => { if (options.dropPublish?.() !== true) bus?.publish(subject, data) }),
  })
  let nats: NatsServer | undefined
  // The store is ours by now, so its nats-server is too; it starts while the journal is read.
  const starting = options.nats === undefined ? startOwnNats(directory, problem) : undefined
  starting?.catch(() => undefined)
  try {
    await journal.open()
    nats = await starting
    const endpoint = options.nats ?? { url: nats?.url ?? '', token: nats?.token ?? '' }
    bus = await Bus.connect(endpoint, 'kymo serve', 5000)
    return await serve({ options, directory, journal, files, bus, nats, endpoint, problem })
  } catch (error) {
    await (await starting?.catch(() => undefined))?.close()
    await bus?.close()
    await journal.close()
    throw error
  }
}

/** On the port that clients know, and with the token that they have. */
async function startOwnNats(directory: string, onProblem: (message: string) => void): Promise<NatsServer> {
  const before = readEndpoint(directory)
  const port = before === undefined ? undefined : Number(new URL(before.url).port) || undefined
  return startNatsServer({ directory, token: before?.token ?? randomBytes(24).toString('base64url'), ...(port === undefined ? {} : { port }), onProblem })
}

/** A store is made once; a folder with other things in it is not taken for one. */
function makeStore(directory: string): void {
  const marker = join(directory, 'store.json')
  try {
    makeFolder(directory)
    if (!existsSync(marker)) writeFileSync(marker, `${JSON.stringify({ format: 1 })}\n`)
  } catch (cause) {
    throw new KymoError('KYMO_STORE_UNAVAILABLE', `the store at ${directory} cannot be made (${messageOf(cause)}): choose another place with --store`, { cause })
  }
}

interface Parts { options: ServiceOptions; directory: string; journal: Journal; files: FileBlobs; bus: Bus; nats: NatsServer | undefined; endpoint: { url: string; token: string }; problem: (message: string) => void }

async function serve({ options, directory, journal, files, bus, nats, endpoint, problem }: Parts): Promise<Service> {
  const idleMs = options.idleMs ?? 0
  const reject = rejectedLog(join(directory, 'rejected.jsonl'), problem)
  const gate = gateOperation({ isAlive: (session) => journal.isAlive(session), hear: (request) => journal.hello(request) })
  let closed: Promise<void> | undefined
  let idleSince = performance.now()

  const close = (): Promise<void> => {
    closed ??= (async () => {
      clearInterval(idle)
      gate.close()
      await journal.close()
      await bus.flush()
      await bus.close()
      await nats?.close()
    })()
    return closed
  }
  const leave = (): void => { void close().then(() => options.onLeave?.()) }

  const port: JournalPort = {
    ...bound(journal),
    ...blobOperations(journal, files),
    gate: gate.gate,
    hello: async (request) => ({ ...(await journal.hello(request)), directory }),
    down: async ({ reason = '' }) => {
      const { clients } = journal
      // An empty message, or one cut short, decodes too; nobody types "kymo down" with it.
      if (reason === '') return { decision: Decision.REFUSED, reason: 'a service that is to end is told why', clients }
      setTimeout(leave, 20)
      return { decision: Decision.OK, reason: '', clients }
    },
  }

  for (const operation of Object.keys(OPERATIONS) as OperationName[]) {
    bus.subscribe(requestSubject(journal.storeId, operation), ({ subject, data, reply }) => {
      idleSince = performance.now()
      answer(port, operation, data, bus.maxPayload - 4096).then(({ bytes, refused }) => {
        if (refused !== undefined) reject(subject, data, refused)
        reply(bytes)
      }).catch((error: unknown) => problem(`answering ${operation}: ${messageOf(error)}`))
    })
  }
  // Whoever waited for work through the server that is gone asks again; nothing is granted to him who does not hear it.
  bus.onReconnect(() => {
    journal.dropClaims()
    gate.drop()
  })
  bus.subscribe(discoverSubject, (message) => message.reply(Buffer.from(journal.storeId)))

  const idle = setInterval(() => {
    if (journal.clients > 0 || journal.queued > 0) idleSince = performance.now()
    else if (idleMs > 0 && performance.now() - idleSince > idleMs) leave()
  }, Math.min(250, Math.max(20, idleMs / 4)))
  idle.unref()

  await bus.flush()
  writeEndpoint(directory, { ...endpoint, store: journal.storeId, pid: process.pid, started: new Date().toISOString() })
  return { journal, storeId: journal.storeId, endpoint, natsPid: () => nats?.pid() ?? 0, close, [Symbol.asyncDispose]: close }
}

type Bound = Omit<JournalPort, 'blobPut' | 'blobGet' | 'gate' | 'down'>
const bound = (journal: Journal): Bound => ({
  append: (request) => journal.append(request), read: journal.read, inbox: journal.inbox, list: journal.list, attach: journal.attach, detach: journal.detach, claim: journal.claim,
  heartbeat: journal.heartbeat, release: journal.release, check: journal.check, import: journal.import, blobHas: (request) => journal.blobHas(request), viewPut: (request) => journal.viewPut(request),
  viewGet: (request) => journal.viewGet(request), hello: (request) => journal.hello(request),
})
