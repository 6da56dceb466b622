import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { KymoError, messageOf } from '../../schemas/errors.ts'

const executable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** $NATS_SERVER, PATH, then where Debian puts it (not on an ordinary user's PATH). Throws KYMO_NATS_MISSING. */
export function findNatsServer(): string {
  const named = process.env['NATS_SERVER']
  if (named !== undefined && named !== '') {
    if (executable(named)) return named
    throw new KymoError('KYMO_NATS_MISSING', `NATS_SERVER is "${named}", which is not an executable file: correct it or unset it`)
  }
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin']
  for (const folder of folders) if (folder !== '' && executable(join(folder, 'nats-server'))) return join(folder, 'nats-server')
  throw new KymoError('KYMO_NATS_MISSING', 'nats-server was not found: install it with "apt-get install nats-server", or set NATS_SERVER to its path')
}

/** Version of a nats-server binary. Throws KYMO_NATS_OLD below 2.9, the oldest that Kymo is tested with. */
export async function natsVersion(path: string): Promise<string> {
  const text = await new Promise<string>((resolve, reject) => execFile(path, ['--version'], { encoding: 'utf8', timeout: 5000 }, (cause, stdout) => {
    if (cause === null) resolve(stdout)
    else reject(new KymoError('KYMO_NATS_MISSING', `${path} does not run (${messageOf(cause)}): install it again with "apt-get install --reinstall nats-server"`, { cause }))
  }))
  const version = /v?(\d+)\.(\d+)\.(\d+)/.exec(text)
  if (version === null || Number(version[1]) < 2 || (Number(version[1]) === 2 && Number(version[2]) < 9)) {
    throw new KymoError('KYMO_NATS_OLD', `${path} is "${text.trim()}", and Kymo needs nats-server 2.9 or newer: upgrade it, or set NATS_SERVER to a newer one`)
  }
  return version[0]
}

export interface NatsServer {
  url: string
  token: string
  pid: () => number
  close: () => Promise<void>
}

/** What one NATS message may take. Events and blobs come in small pieces; a listing of many thousand runs does not. */
const MAX_PAYLOAD = 8 * 2 ** 20

/**
 * Starts the store's own nats-server on 127.0.0.1 and starts it again, on the same port, whenever it dies.
 * The token stands in a file that only this user can read, not on a command line.
 */
export async function startNatsServer({ directory, token, port, onProblem }: { directory: string; token: string; port?: number; onProblem?: (message: string) => void }): Promise<NatsServer> {
  const binary = findNatsServer()
  // Answered while the server starts.
  const version = natsVersion(binary)
  version.catch(() => undefined)
  const config = join(directory, 'nats.conf')
  const pidFile = join(directory, 'nats.pid')
  await endOrphan(pidFile, config)
  const usePort = port !== undefined && (await isFree(port)) ? port : await freePort()
  let closing = false
  let child: ChildProcess | undefined
  let failures = 0

  const again = (why: string): void => {
    if (closing) return
    onProblem?.(`nats-server ${why}; starting it again on port ${usePort}`)
    setTimeout(() => { if (!closing) start() }, Math.min(2000, 50 * 2 ** failures++)).unref()
  }
  const start = (): void => {
    try {
      // Written each time: whoever cleans the store's folder of what he takes for rubbish does not end the service.
      writeFileSync(config, `listen: "127.0.0.1:${usePort}"\nauthorization { token: "${token}" }\nmax_payload: ${MAX_PAYLOAD}\nmax_pending: 268435456\nwrite_deadline: "10s"\n`, { mode: 0o600 })
      child = spawn(binary, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'], detached: false, env: {} })
    } catch (error) {
      return again(`cannot be started (${messageOf(error)})`)
    }
    const { pid } = child
    let tail = ''
    child.stderr?.on('data', (chunk: Buffer) => { tail = (tail + chunk.toString()).slice(-2000) })
    child.once('error', (error) => again(`cannot be started (${error.message})`))
    child.once('exit', (code, signal) => again(`ended (${signal ?? code}${code === 0 || signal !== null ? '' : `: ${tail.trim().split('\n').at(-1) ?? ''}`})`))
    if (pid === undefined) return
    try {
      writeFileSync(pidFile, String(pid))
    } catch (error) {
      onProblem?.(`cannot write ${pidFile}: ${messageOf(error)}`)
    }
    setTimeout(() => { failures = 0 }, 5000).unref()
  }
  const close = async (): Promise<void> => {
    closing = true
    const last = child
    if (last !== undefined && last.pid !== undefined && last.exitCode === null && last.signalCode === null) {
      const ended = new Promise<void>((resolve) => last.once('exit', () => resolve()))
      last.kill('SIGKILL')
      await ended
    }
    rmSync(pidFile, { force: true })
  }
  start()
  try {
    await Promise.all([version, reachable(usePort, 5000, () => child?.exitCode ?? null)])
  } catch (error) {
    await close()
    // What is no nats-server, or too old a one, cannot be reached either, and says more.
    await version
    throw error
  }
  return { url: `nats://127.0.0.1:${usePort}`, token, pid: () => child?.pid ?? 0, close }
}

/** A nats-server that outlived its killed service is recognised by its configuration file and ended, so that its port is free again. */
async function endOrphan(pidFile: string, config: string): Promise<void> {
  if (!existsSync(pidFile)) return
  const pid = Number(readFileSync(pidFile, 'utf8'))
  const isOurs = (): boolean => {
    try {
      return pid > 1 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(config)
    } catch {
      return false
    }
  }
  if (!isOurs()) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it is gone already
  }
  for (let waited = 0; waited < 1000 && isOurs(); waited += 5) await new Promise((resolve) => setTimeout(resolve, 5))
}

const isFree = (port: number): Promise<boolean> => new Promise((resolve) => {
  const probe = createServer()
  probe.once('error', () => resolve(false))
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
})

const freePort = (): Promise<number> => new Promise((resolve, reject) => {
  const probe = createServer()
  probe.once('error', reject)
  probe.listen(0, '127.0.0.1', () => {
    const address = probe.address()
    probe.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))))
  })
})

async function reachable(port: number, timeoutMs: number, exitCode: () => number | null): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) })
      socket.once('error', () => resolve(false))
    })
    if (open) return
    if (exitCode() !== null && exitCode() !== 0) break
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  throw new KymoError('KYMO_NATS_UNREACHABLE', `nats-server did not answer on 127.0.0.1:${port} within ${timeoutMs} ms`)
}
