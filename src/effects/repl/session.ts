import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KymoError } from '../../../schemas/errors.ts'
import { WORKSPACE, continueProcesses, cpuMsOf, interpreterMounts, layerDirectory, scriptEnvironment, spawnSandboxed, stopProcesses, watchTree } from '../sandbox/index.ts'
import type { Captured, Interpreter, OutputStream, Sandbox, SandboxedChild, SandboxMount, SandboxedExit, ScriptLayer, ScriptLimits, WatchedLimit } from '../sandbox/index.ts'
import { packageRoot } from '../tasks/index.ts'
import { encodeFrame, replyReader } from './frames.ts'
import type { Reply } from './frames.ts'
import { endMark, markedOutput } from './marked-output.ts'

/** How a command ended. `killed`: it did not heed an interrupt or passed a limit that has no word of its own. `exited`: the interpreter itself ended. */
export type ReplReason = 'finished' | 'raised' | 'interrupted' | 'timed_out' | 'killed' | 'protocol_error' | 'output_limit' | 'out_of_memory' | 'exited'

export interface ReplResult {
  reason: ReplReason
  /** the session is gone, and with it every variable */
  ended: boolean
  /** 0 finished, 1 raised, 130 interrupted; the interpreter's own when it ended, 128 + n after signal n */
  exitCode: number
  /** name of the signal that ended the session, or '' */
  signal: string
  /** each stream in the order it was written, with what came late from the command before */
  stdout: Captured
  stderr: Captured
  wallMs: number
  /** as of the last look at the processes: up to 200 ms short */
  cpuMs: number
  /** since the session began */
  maxRssBytes: number
}

export interface ReplOptions {
  sandbox: Sandbox
  interpreter: Interpreter
  /** host directory that commands see, and change, as /workspace */
  directory: string
  /** the task's data, read-only in it */
  layers?: readonly ScriptLayer[]
  /** what else of the host it sees */
  mounts?: readonly SandboxMount[]
  limits: ScriptLimits
  /** on top of the fixed environment; nothing else of ours gets in */
  env?: Record<string, string>
  network?: boolean
}

export interface ReplCommand {
  /** by default the limit of a script */
  timeoutMs?: number
  /** interrupts */
  signal?: AbortSignal
  /** bytes as they arrive; characters may be cut between two calls */
  onOutput?: (stream: OutputStream, chunk: Uint8Array) => void
}

/** How long an interrupted command may take to give way. */
const GIVE_WAY_MS = 1500
/** How long the end marks may trail the reply, and output the end of the interpreter. */
const TRAIL_MS = 2000
const GRACE_MS = 500
const START_MS = 30_000
export const MAX_COMMAND_BYTES = 4 * 2 ** 20

type Stop = 'timed_out' | 'interrupted' | 'killed' | 'protocol_error' | 'output_limit' | 'out_of_memory'

interface Running { nonce: string; stop?: Stop; notice: string; settle: (how: Reply | 'gone') => void; interrupted: boolean; timer?: NodeJS.Timeout }

/**
 * A Python that keeps its variables from one command to the next, in the sandbox. Everything that runs in it is the agent's: what it says is good for
 * the agent's own observation and for nothing else. A byte out of place on its reply channel ends it.
 * Whoever opens it must close it; after `close`, or a result with `ended`, nothing of it is alive.
 */
export class ReplSession implements AsyncDisposable {
  readonly #options: ReplOptions
  readonly #child: SandboxedChild
  readonly #scratch: string | undefined
  readonly #out = markedOutput()
  readonly #err = markedOutput()
  readonly #drained: Promise<unknown>
  #exit: SandboxedExit | undefined
  #running: Running | undefined
  #stopped: number[] = []
  /** seen at an earlier command: where no sandbox holds them together, their parents may be gone */
  #seen: number[] = []
  #maxRssBytes = 0
  #ended = false
  #closing: Promise<boolean> | undefined

  private constructor(options: ReplOptions) {
    const { sandbox, interpreter, directory, layers = [], mounts = [], limits, env = {}, network = false } = options
    this.#options = options
    const bare = sandbox.name === 'none'
    this.#scratch = bare ? mkdtempSync(join(tmpdir(), 'kymo-repl-')) : undefined
    const driver = '/kymo/repl.py'
    this.#child = spawnSandboxed(sandbox, {
      argv: [interpreter.executable, '-u', bare ? driverFile() : driver], cwd: WORKSPACE, network,
      // Python is to notice before we do: a MemoryError costs a command, a kill costs every variable.
      limits: { ...limits, memoryBytes: Math.floor((limits.memoryBytes / 8) * 7) },
      env: { ...scriptEnvironment({ executable: interpreter.executable, ...(this.#scratch === undefined ? {} : { home: this.#scratch, tmp: this.#scratch }) }), ...env, ...(bare ? { KYMO_REPL_BARE: '1' } : {}) },
      mounts: [...interpreterMounts(interpreter), { source: driverFile(), target: driver, writable: false }, ...layerDirectory(sandbox, directory, layers).mounts, ...mounts],
    }, { stdin: 'pipe', channel: true })
    this.#drained = Promise.all([this.#read('stdout'), this.#read('stderr')])
    this.#listen()
  }

  /** Starts an interpreter and waits until it is ready. Throws KYMO_SANDBOX_FAILED when it cannot be started. */
  static async open(options: ReplOptions): Promise<ReplSession> {
    const session = new ReplSession(options)
    const { reason, ended, stderr, exitCode } = await session.#ask({}, { timeoutMs: START_MS })
    if (!ended && reason === 'finished') return session
    await session.close()
    throw new KymoError('KYMO_SANDBOX_FAILED', `The Python REPL could not be started: ${Buffer.from(stderr.bytes).toString().trim() || `it ended with exit code ${exitCode}`}. Run \`kymo doctor\`.`)
  }

  /** True when no further command can run. */
  get ended(): boolean {
    return this.#ended || this.#exit !== undefined
  }

  /**
   * Runs a command, of any number of lines, to its end; the value of a last expression is shown. It is interrupted at its time limit, and killed when
   * it does not heed that. Never throws for what the command does. Throws KYMO_REPL_ENDED, KYMO_REPL_BUSY, KYMO_REPL_COMMAND.
   */
  async run(command: string, options: ReplCommand = {}): Promise<ReplResult> {
    if (Buffer.byteLength(command) > MAX_COMMAND_BYTES) throw new KymoError('KYMO_REPL_COMMAND', `A command may have ${MAX_COMMAND_BYTES} bytes; write longer code to a file and import it.`)
    return this.#ask({ command }, options)
  }

  /** Asks the running command to give way, as ^C does; kills the session if it has not after 1.5 s. */
  interrupt(): void {
    if (this.#running !== undefined) this.#interrupt('interrupted')
  }

  /** Stops every process of the session, so that nobody writes while its directory is scanned. False, and the session is ended, if that cannot be done. */
  async pause(): Promise<boolean> {
    if (this.ended) return true
    const pids = (): number[] => [...new Set([...this.#child.members(), ...this.#seen])]
    const quiet = await stopProcesses(pids)
    this.#stopped = pids()
    if (!quiet) await this.close()
    return quiet
  }

  /** Lets a paused session go on; `run` does it by itself. */
  resume(): void {
    continueProcesses(this.#stopped)
    this.#stopped = []
  }

  /** Kills everything that belongs to the session. False if something could not be killed within ten seconds. */
  close(): Promise<boolean> {
    this.#ended = true
    this.#closing ??= (async () => {
      this.#child.kill()
      const clean = await this.#child.end(() => this.#seen)
      if (this.#scratch !== undefined) rmSync(this.#scratch, { recursive: true, force: true })
      return clean
    })()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #ask(request: { command?: string }, { timeoutMs = this.#options.limits.wallMs, signal, onOutput }: ReplCommand): Promise<ReplResult> {
    if (this.ended) throw new KymoError('KYMO_REPL_ENDED', 'This REPL session has ended; open a new one.')
    if (this.#running !== undefined) throw new KymoError('KYMO_REPL_BUSY', 'This REPL session runs a command already; wait for its end or interrupt it.')
    const nonce = randomBytes(16).toString('hex')
    const began = performance.now()
    let settle: Running['settle'] = () => undefined
    const over = new Promise<Reply | 'gone'>((resolve) => { settle = resolve })
    const running: Running = { nonce, settle, notice: '', interrupted: false }
    this.#running = running
    // Telemetry may be lost; it must not disturb the command.
    const tell = (stream: OutputStream) => (chunk: Uint8Array): void => { try { onOutput?.(stream, chunk) } catch { /* the listener's own trouble */ } }
    this.#out.begin(endMark(nonce), tell('stdout'))
    this.#err.begin(endMark(nonce), tell('stderr'))
    const { limits, directory } = this.#options
    const before = cpuMsOf(this.#stopped)
    const watch = watchTree({ root: this.#child.pid, limits, directory, onLimit: (limit) => this.#passed(limit) })
    const timer = setTimeout(() => this.#interrupt('timed_out'), timeoutMs)
    const abort = (): void => this.#interrupt('interrupted')
    signal?.addEventListener('abort', abort, { once: true })
    this.resume()
    this.#child.stdin?.write(encodeFrame({ nonce, ...request }))
    if (signal?.aborted === true) abort()
    const how = await over
    const trailing = how === 'gone' ? this.#drained : Promise.all([this.#out.marked(), this.#err.marked()])
    const inTime = await within(trailing, how === 'gone' ? GRACE_MS : TRAIL_MS)
    clearTimeout(timer)
    clearTimeout(running.timer)
    signal?.removeEventListener('abort', abort)
    if (how !== 'gone' && (!inTime || this.#exit !== undefined)) this.#stop('protocol_error')
    const reason = reasonOf(running, how)
    if (how === 'gone' || this.#ended) await this.close()
    this.#running = undefined
    const usage = watch.stop()
    this.#seen = watch.survivors()
    this.#maxRssBytes = Math.max(this.#maxRssBytes, usage.maxRssBytes)
    return {
      reason, ended: this.ended, ...this.#numbers(reason), stdout: this.#out.finish(), stderr: withNotice(this.#err.finish(), running.notice),
      wallMs: performance.now() - began, cpuMs: Math.max(0, usage.cpuMs - before), maxRssBytes: this.#maxRssBytes,
    }
  }

  #numbers(reason: ReplReason): { exitCode: number; signal: string } {
    if (!this.ended) return { exitCode: reason === 'finished' ? 0 : reason === 'raised' ? 1 : 130, signal: '' }
    if (reason === 'exited' && this.#exit !== undefined) return { exitCode: this.#exit.exitCode, signal: this.#exit.signal }
    return { exitCode: 137, signal: 'SIGKILL' }
  }

  #interrupt(why: 'timed_out' | 'interrupted'): void {
    const running = this.#running
    if (running === undefined || running.interrupted) return
    running.interrupted = true
    running.stop ??= why
    this.#child.channel?.write(running.nonce)
    running.timer = setTimeout(() => this.#child.kill(), GIVE_WAY_MS)
  }

  #passed(limit: WatchedLimit): void {
    const { processes, diskBytes } = this.#options.limits
    if (this.#running !== undefined && limit !== 'memory') this.#running.notice = limit === 'processes' ? `more than ${processes} processes at once` : `more than ${diskBytes} bytes in the workspace`
    this.#stop(limit === 'memory' ? 'out_of_memory' : 'killed')
  }

  /** Ends the session at once. The first reason counts, but a breach of protocol beats an interrupt. */
  #stop(why: Stop): void {
    this.#ended = true
    if (this.#running !== undefined && (this.#running.stop === undefined || this.#running.interrupted)) this.#running.stop = why
    this.#child.kill()
  }

  #listen(): void {
    const read = replyReader()
    const { channel, exited } = this.#child
    channel?.on('data', (chunk: Uint8Array) => {
      for (const reply of read(chunk)) {
        const running = this.#running
        if (reply === undefined || running === undefined || reply.nonce !== running.nonce) return this.#stop('protocol_error')
        running.nonce = ''
        running.settle(reply)
      }
    })
    // Without its channel a session is of no use, whatever else still runs in it.
    channel?.once('close', () => { setTimeout(() => { if (this.#exit === undefined) this.#stop('protocol_error') }, GRACE_MS).unref() })
    void exited.then((exit) => {
      this.#exit = exit
      this.#running?.settle('gone')
    })
  }

  async #read(name: OutputStream): Promise<void> {
    const output = name === 'stdout' ? this.#out : this.#err
    try {
      for await (const chunk of this.#child[name] as AsyncIterable<Uint8Array>) {
        output.push(chunk)
        if (output.bytes() > this.#options.limits.outputBytes) this.#stop('output_limit')
      }
    } catch { /* the pipe was closed under us: what came is kept */ }
  }
}

/** Found from the sources as well as from dist/. */
const driverFile = (): string => join(packageRoot(), 'src/effects/repl/driver.py')

const within = async (work: Promise<unknown>, ms: number): Promise<boolean> => Promise.race([work.then(() => true), sleep(ms, false, { ref: false })])

function reasonOf({ stop }: Running, how: Reply | 'gone'): ReplReason {
  if (how === 'gone') return stop === 'interrupted' ? 'killed' : stop ?? 'exited'
  return stop ?? (how.end === 'raised' ? 'raised' : 'finished')
}

/** Two limits have no word of their own: the error output says what it was. */
const withNotice = (stderr: Captured, notice: string): Captured =>
  notice === '' ? stderr : { ...stderr, bytes: new Uint8Array(Buffer.concat([stderr.bytes, Buffer.from(`\n[killed: ${notice}]\n`)])) }
