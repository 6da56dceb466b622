import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { KymoError } from '../../../schemas/errors.ts'
import { captureEnds } from './capture.ts'
import type { Captured } from './capture.ts'
import { scriptArguments, startedCommand } from './command-line.ts'
import { scriptEnvironment } from './environment.ts'
import type { ScriptLimits } from './limits.ts'
import { layerDirectory } from './mount-points.ts'
import type { ScriptLayer } from './mount-points.ts'
import { WORKSPACE } from './sandbox.ts'
import type { Sandbox, SandboxMount } from './sandbox.ts'
import { spawnSandboxed } from './spawn.ts'
import { watchTree } from './watch.ts'
import type { WatchedLimit } from './watch.ts'

export type ExitReason = 'exited' | 'signalled' | 'timed_out' | 'out_of_memory' | 'output_limit' | 'cancelled' | 'lost'
export type OutputStream = 'stdout' | 'stderr'

/** An interpreter and the host folders it needs to be seen in. */
export interface Interpreter { executable: string; prefixes: string[] }

export interface ScriptRun {
  sandbox: Sandbox
  interpreter: Interpreter
  /** A path inside the workspace. */
  script: string
  args?: readonly string[]
  /** Host directory that the script sees, and changes, as /workspace. */
  directory: string
  layers?: readonly ScriptLayer[]
  /** What else of the host it sees, such as the socket of its services. */
  mounts?: readonly SandboxMount[]
  limits: ScriptLimits
  /** On top of the fixed environment; nothing else of ours gets in. */
  env?: Record<string, string>
  network?: boolean
  signal?: AbortSignal
  /** Bytes as they arrive; characters may be cut between two calls. */
  onOutput?: (stream: OutputStream, chunk: Uint8Array) => void
  /** Directory for the whole of stdout and stderr (stdout.log, stderr.log), up to the output limit. */
  spool: string
}

export interface ScriptOutcome {
  reason: ExitReason
  /** 128 + n after signal n. */
  exitCode: number
  /** Name of the signal that ended it, or ''. */
  signal: string
  stdout: Captured
  stderr: Captured
  wallMs: number
  /** As of the last look at the process tree: up to 200 ms short. */
  cpuMs: number
  maxRssBytes: number
  /** The command as the agent reads it, the same on every machine. */
  started: string
}

/** How long output may trail a script that has ended while a daemon of it holds the pipe. */
const GRACE_MS = 500

type Stop = 'timed_out' | 'out_of_memory' | 'output_limit' | 'cancelled' | 'processes' | 'disk'

const STOP_OF: Record<WatchedLimit, Stop> = { memory: 'out_of_memory', processes: 'processes', disk: 'disk' }

/**
 * Runs a script in the sandbox until it ends or passes a limit. When this returns, nothing of it is alive.
 * An odd end is an outcome, not an error. Throws KYMO_SANDBOX_FAILED when the sandbox could not be set up, KYMO_BAD_SCRIPT, KYMO_BAD_LAYER.
 */
export async function runScript({ sandbox, interpreter, script, args = [], directory, layers = [], mounts = [], limits, env = {}, network = false, signal, onOutput, spool }: ScriptRun): Promise<ScriptOutcome> {
  const argv = [interpreter.executable, ...scriptArguments(script, args)]
  const started = startedCommand(script, args)
  if (signal?.aborted) return { reason: 'cancelled', exitCode: 137, signal: 'SIGKILL', stdout: captureEnds().finish(), stderr: captureEnds().finish(), wallMs: 0, cpuMs: 0, maxRssBytes: 0, started }
  mkdirSync(spool, { recursive: true })
  const scratch = sandbox.name === 'none' ? mkdtempSync(join(tmpdir(), 'kymo-script-')) : undefined
  const layered = layerDirectory(sandbox, directory, layers)
  const began = performance.now()
  try {
    const fixed = scriptEnvironment({ executable: interpreter.executable, ...(scratch === undefined ? {} : { home: scratch, tmp: scratch }) })
    const child = spawnSandboxed(sandbox, { argv, cwd: WORKSPACE, env: { ...fixed, ...env }, mounts: [...interpreterMounts(interpreter), ...layered.mounts, ...mounts], limits, network })
    let stop: Stop | undefined
    const stopFor = (why: Stop): void => {
      stop ??= why
      child.kill()
    }
    const cancel = (): void => stopFor('cancelled')
    const timer = setTimeout(() => stopFor('timed_out'), limits.wallMs)
    const watch = watchTree({ root: child.pid, limits, directory, onLimit: (limit) => stopFor(STOP_OF[limit]) })
    signal?.addEventListener('abort', cancel, { once: true })
    // Telemetry may be lost; it must not disturb the script.
    const tell = (name: OutputStream, chunk: Uint8Array): void => { try { onOutput?.(name, chunk) } catch { /* the listener's own trouble */ } }
    const collect = (name: OutputStream): Promise<Captured> =>
      collectOutput(child[name], { file: join(spool, `${name}.log`), limit: limits.outputBytes, onChunk: (chunk) => tell(name, chunk), onLimit: () => stopFor('output_limit') })
    const outputs = Promise.all([collect('stdout'), collect('stderr')])
    const exit = await child.exited
    clearTimeout(timer)
    signal?.removeEventListener('abort', cancel)
    const usage = watch.stop()
    await Promise.race([outputs, sleep(GRACE_MS, undefined, { ref: false })])
    const wallMs = performance.now() - began
    const clean = await child.end(watch.survivors)
    const [stdout, stderr] = await outputs
    if (exit.setUpFailed && stop === undefined) {
      throw new KymoError('KYMO_SANDBOX_FAILED', `The sandbox could not be set up for ${script}: ${Buffer.from(stderr.bytes).toString().trim() || `exit code ${exit.exitCode}`}. Run \`kymo doctor\`.`)
    }
    if (!clean) throw new KymoError('KYMO_SANDBOX_FAILED', `Processes of ${script} could not be killed within ten seconds; look for them with ps before you go on.`)
    return { ...ending(exit, stop), stdout, stderr: withNotice(stderr, stop, limits), wallMs, ...usage, started }
  } finally {
    layered.release()
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true })
  }
}

/** The interpreter's folders, each at its own place. */
export const interpreterMounts = (interpreter: Interpreter): SandboxMount[] => interpreter.prefixes.map((path) => ({ source: path, target: path, writable: false }))

function ending(exit: { exitCode: number; signal: string; lost: boolean }, stop: Stop | undefined): { reason: ExitReason; exitCode: number; signal: string } {
  if (stop === 'processes' || stop === 'disk') return { reason: 'signalled', exitCode: 137, signal: 'SIGKILL' }
  if (stop !== undefined) return { reason: stop, exitCode: 137, signal: 'SIGKILL' }
  if (exit.lost) return { reason: 'lost', exitCode: exit.exitCode, signal: exit.signal }
  return { reason: exit.signal === '' ? 'exited' : 'signalled', exitCode: exit.exitCode, signal: exit.signal }
}

/** Two limits have no exit reason of their own: say in stderr why the script was killed. */
function withNotice(stderr: Captured, stop: Stop | undefined, limits: ScriptLimits): Captured {
  const notice = stop === 'processes' ? `more than ${limits.processes} processes at once` : stop === 'disk' ? `more than ${limits.diskBytes} bytes in the workspace` : ''
  if (notice === '') return stderr
  return { ...stderr, bytes: new Uint8Array(Buffer.concat([stderr.bytes, Buffer.from(`\n[killed: ${notice}]\n`)])) }
}

/** Reads one stream to its end: both ends in memory, the whole in a file, at most `limit` bytes of it. A slow disk slows the script, not us. */
async function collectOutput(stream: Readable, { file, limit, onChunk, onLimit }: { file: string; limit: number; onChunk: (chunk: Uint8Array) => void; onLimit: () => void }): Promise<Captured> {
  const capture = captureEnds()
  const log = createWriteStream(file)
  let logFailed = false
  log.on('error', () => { logFailed = true })
  let left = limit
  try {
    for await (const data of stream as AsyncIterable<Uint8Array>) {
      const chunk = data.subarray(0, left)
      left -= chunk.length
      if (chunk.length > 0) {
        capture.push(chunk)
        onChunk(chunk)
        if (!logFailed) await new Promise<void>((resolve) => { if (log.write(chunk, () => resolve())) resolve() })
      }
      if (chunk.length < data.length) onLimit()
    }
  } catch { /* the pipe was closed under us: what came is kept */ }
  await new Promise<void>((resolve) => { log.end(() => resolve()).once('close', resolve) })
  return capture.finish()
}
