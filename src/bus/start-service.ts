import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import { Bus } from './bus.ts'
import { readEndpoint } from './endpoint.ts'
import type { EndpointFile } from './endpoint.ts'
import { makeFolder } from './make-folder.ts'
import { requestSubject } from './subjects.ts'
import { kymo } from '../../schemas/generated/messages.js'

const failurePath = (directory: string): string => join(directory, 'service.failed')

/** Tells whoever started this service why it could not serve. */
export function recordServiceFailure(directory: string, error: unknown): void {
  const code = error instanceof KymoError ? error.code : 'KYMO_STORE_UNAVAILABLE'
  try {
    makeFolder(directory)
    writeFileSync(failurePath(directory), JSON.stringify({ pid: process.pid, code, message: messageOf(error) }))
  } catch {
    // the starter reports that the service ended
  }
}

/** The `kymo` command of this very installation, found from a source, from dist/ and from a bundle alike. */
const launcher = (from: string = dirname(fileURLToPath(import.meta.url))): string => {
  const found = join(from, 'deploy/kymo')
  if (existsSync(found)) return found
  if (dirname(from) === from) throw new KymoError('KYMO_INSTALLATION', 'the folder that Kymo is installed in cannot be found: its deploy/kymo is missing. Install Kymo again')
  return launcher(dirname(from))
}

/** True when the service behind an endpoint answers. */
export async function answers(bus: Bus, store: string, timeoutMs: number): Promise<boolean> {
  try {
    const reply = await bus.request(requestSubject(store, 'hello'), kymo.v1.journal.HelloRequest.encode({}).finish(), timeoutMs)
    return kymo.v1.journal.HelloReply.decode(reply).store === store
  } catch {
    return false
  }
}

/**
 * Finds the service of the store at `directory`, starting it in the background when there is none or it died.
 * Throws KYMO_STORE_DAMAGED, KYMO_NATS_MISSING, ... with the service's own words.
 */
export async function ensureService(directory: string, { waitMs = 15_000, autostart = true }: { waitMs?: number; autostart?: boolean } = {}): Promise<{ endpoint: EndpointFile; bus: Bus; started: boolean }> {
  const store = resolve(directory)
  const found = await tryEndpoint(store)
  if (found !== undefined) return { ...found, started: false }
  const back = await awaitLiving(store)
  if (back !== undefined) return { ...back, started: false }
  if (!autostart) throw new KymoError('KYMO_STORE_UNREACHABLE', `no service answers for the store at ${store}`)
  const deadline = performance.now() + waitMs
  let launched = launch(store)
  let locked = 0
  while (performance.now() < deadline) {
    await new Promise((done) => setTimeout(done, 10))
    const up = await tryEndpoint(store)
    if (up !== undefined) return { ...up, started: true }
    if (launched.exit() === undefined) continue
    const failure = readFailure(store, launched.pid)
    if (failure !== undefined && failure.code !== 'KYMO_STORE_LOCKED') throw new KymoError(failure.code, failure.message)
    // Somebody else is starting it, or a service is just ending: both settle soon.
    if (++locked > 20) throw new KymoError('KYMO_STORE_LOCKED', failure?.message ?? `the service of ${store} ended at once; see ${join(store, 'service.log')}`)
    await new Promise((done) => setTimeout(done, 100))
    const again = await tryEndpoint(store)
    if (again !== undefined) return { ...again, started: true }
    launched = launch(store)
  }
  throw new KymoError('KYMO_STORE_UNREACHABLE', `the service of the store at ${store} did not answer within ${waitMs / 1000} s; see ${join(store, 'service.log')}, and "kymo doctor"`)
}

/** True while there is a process of this number. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** A service whose nats-server was killed is back in a moment: while its process is there, no other one could take the store. */
async function awaitLiving(directory: string): Promise<{ endpoint: EndpointFile; bus: Bus } | undefined> {
  for (let waited = 0; waited < LIVING_MS; waited += 100) {
    const endpoint = readEndpoint(directory)
    if (endpoint === undefined || !isThere(endpoint.pid) || !isService(endpoint.pid)) return undefined
    await new Promise((done) => setTimeout(done, 100))
    const found = await tryEndpoint(directory)
    if (found !== undefined) return found
  }
  return undefined
}

const LIVING_MS = 3000

/** Process numbers are used again, so a look at what runs under it. */
const isService = (pid: number): boolean => {
  try {
    return pid === process.pid || readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('serve')
  } catch {
    return false
  }
}

async function tryEndpoint(directory: string): Promise<{ endpoint: EndpointFile; bus: Bus } | undefined> {
  const endpoint = readEndpoint(directory)
  if (endpoint === undefined) return undefined
  let bus: Bus
  try {
    bus = await Bus.connect(endpoint, 'kymo', 1000)
  } catch {
    return undefined
  }
  if (await answers(bus, endpoint.store, 1000)) return { endpoint, bus }
  await bus.close()
  return undefined
}

/** As in deploy/kymo: V8's own threads are not to keep a run's other processes waiting. */
const ONE_HELPER = '--v8-pool-size=1'

function launch(directory: string): { pid: number; exit: () => number | undefined } {
  try {
    makeFolder(directory)
    rmSync(failurePath(directory), { force: true })
    const log = openSync(join(directory, 'service.log'), 'a')
    let code: number | undefined
    const child = spawn(process.execPath, [ONE_HELPER, launcher(), 'serve', '--store', directory, '--background'], { detached: true, stdio: ['ignore', log, log], env: serviceEnvironment(), cwd: '/' })
    child.once('exit', (status) => { code = status ?? 1 })
    child.once('error', () => { code = 1 })
    child.unref()
    closeSync(log)
    return { pid: child.pid ?? 0, exit: () => code }
  } catch (cause) {
    throw new KymoError('KYMO_STORE_UNAVAILABLE', `the store at ${directory} cannot be used (${messageOf(cause)}): choose another place with --store`, { cause })
  }
}

/** The service needs no keys, so it gets none. */
const serviceEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(PATH|HOME|LANG|LC_.*|TMPDIR|USER|LOGNAME|NATS_SERVER|NODE_.*|KYMO_.*)$/.test(name)))

function readFailure(directory: string, pid: number): { code: string; message: string } | undefined {
  try {
    const value = JSON.parse(readFileSync(failurePath(directory), 'utf8')) as { pid: number; code: string; message: string }
    return value.pid === pid ? value : undefined
  } catch {
    return undefined
  }
}
