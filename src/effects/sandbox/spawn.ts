import { randomUUID } from 'node:crypto'
import type { Duplex, Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { KymoError } from '../../../schemas/errors.ts'
import { processGroup } from './process-group.ts'
import { isAlive, processStat, processTree, processesMarked } from './process-table.ts'
import type { Sandbox, SandboxedCommand } from './sandbox.ts'

/** How the command ended. `lost`: the sandbox itself was killed from outside, so nobody knows. */
export interface SandboxedExit { exitCode: number; signal: string; lost: boolean; setUpFailed: boolean }

/** A running command. Whoever spawns it must call `end`, after which nothing of it is alive. */
export interface SandboxedChild {
  pid: number
  stdin: Writable | null
  stdout: Readable
  stderr: Readable
  /** The command's descriptor 3, both ways, if it was asked for. */
  channel: Duplex | null
  /** Numbers of the processes that are the command's own; where nothing but their parents tells, not those whose parents have ended. */
  members(): number[]
  /** Settles when the command ends, though a daemon may still hold its pipes. */
  exited: Promise<SandboxedExit>
  /** Kills the command at once, with SIGKILL. */
  kill(): void
  /** Kills whatever is left and waits for it; false if something could not be killed within ten seconds. `also`: numbers known to belong to it. */
  end(also?: () => number[]): Promise<boolean>
}

const SIGNAL_NAMES = ['', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGKILL', 'SIGUSR1', 'SIGSEGV', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGTERM',
  'SIGSTKFLT', 'SIGCHLD', 'SIGCONT', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGXCPU', 'SIGXFSZ', 'SIGVTALRM', 'SIGPROF', 'SIGWINCH', 'SIGIO', 'SIGPWR', 'SIGSYS']

const MARKER = 'KYMO_EXECUTION'

const quietly = (act: () => void): void => { try { act() } catch { /* it is gone already */ } }
const killPid = (pid: number): void => quietly(() => process.kill(pid, 'SIGKILL'))

// A killed harness takes bwrap with it; without a sandbox, ending what runs when we end is the best one can do.
const running = new Set<() => void>()
process.on('exit', () => { for (const kill of running) kill() })

/** File, arguments and whole environment with which another process (a grader) starts a sandboxed command itself; needs no extra descriptors. */
export function sandboxArgv(sandbox: Sandbox, command: SandboxedCommand): { file: string; args: string[]; env: Record<string, string>; cwd: string } {
  const { file, args, env, cwd } = sandbox.wrap(command)
  return { file, args, env, cwd }
}

/** bwrap's status lines: first the number of its inner process 1, later, if it could set up, the command's exit code. */
function readStatus(stream: Readable, onInner: (pid: number) => void): { exitCode(): number | undefined; ended: Promise<void> } {
  let text = ''
  let exitCode: number | undefined
  const ended = new Promise<void>((resolve) => { stream.once('close', resolve).once('error', () => resolve()) })
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const inner = /"child-pid"\s*:\s*(\d+)/.exec(text)
    if (inner !== null) onInner(Number(inner[1]))
    const exit = /"exit-code"\s*:\s*(\d+)/.exec(text)
    if (exit !== null) exitCode = Number(exit[1])
  })
  return { exitCode: () => exitCode, ended }
}

/**
 * Starts a command in the sandbox, in a process group of its own, with pipes. Must be called from the main thread: a sandbox dies with the
 * thread that started it. Throws KYMO_SPAWN_FAILED if the program cannot be started.
 */
export function spawnSandboxed(sandbox: Sandbox, command: SandboxedCommand, { stdin = 'ignore', channel = false }: { stdin?: 'pipe' | 'ignore'; channel?: boolean } = {}): SandboxedChild {
  const inside = sandbox.name === 'bwrap'
  const marker = `${MARKER}=${randomUUID()}`
  const statusFd = channel ? 4 : 3
  const wrapped = sandbox.wrap(inside ? command : { ...command, env: { ...command.env, [MARKER]: marker.slice(MARKER.length + 1) } }, inside ? { statusFd } : {})
  const group = processGroup(command.limits.processes)
  const [file = '', ...args] = [...(group?.enter ?? []), wrapped.file, ...wrapped.args]
  const child = execa(file, args, {
    cwd: wrapped.cwd, env: wrapped.env, extendEnv: false, detached: true, buffer: false, reject: false, cleanup: false,
    stdio: [stdin, 'pipe', 'pipe', ...(channel ? ['pipe' as const] : []), inside ? 'pipe' : 'ignore'],
  })
  void child.catch(() => undefined)
  const { pid, stdout, stderr } = child
  if (pid === undefined || !stdout || !stderr) {
    group?.remove()
    throw new KymoError('KYMO_SPAWN_FAILED', `${wrapped.file} could not be started; check that it exists and that you may run it.`)
  }
  const channelStream = channel ? (child.stdio[3] as unknown as Duplex) : null
  for (const stream of [child.stdin, stdout, stderr, channelStream]) stream?.on('error', () => undefined)

  let inner: { pid: number; start: string } | undefined
  let ended = false
  let killed = false
  const own = { pid, start: processStat(pid)?.start ?? '' }
  const kill = (): void => {
    killed = true
    // Inner process 1 first: bwrap then reaps it and leaves, so that its exit means that all are dead.
    if (inner !== undefined) killPid(inner.pid)
    else if (!inside && !ended) quietly(() => process.kill(-pid, 'SIGKILL'))
  }
  running.add(kill)

  const statusStream = child.stdio[statusFd] as Readable | null | undefined
  const status = inside && statusStream ? readStatus(statusStream, (innerPid) => {
    inner ??= { pid: innerPid, start: processStat(innerPid)?.start ?? '' }
    if (killed) killPid(innerPid)
  }) : undefined

  const exited = new Promise<SandboxedExit>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true
      void (status?.ended ?? Promise.resolve()).then(() => resolve(describeExit({ code, signal, reported: status?.exitCode(), inside, killed })))
    })
  })

  const members = (): number[] => {
    const known = group?.members() ?? []
    if (!inside) return [...new Set([...processTree([pid]), ...known, ...processesMarked(marker)])].filter(alive)
    const tree = inner === undefined ? [] : processTree([inner.pid])
    return [...new Set([...tree, ...known])].filter((one) => one !== pid && one !== inner?.pid && alive(one))
  }

  const end = async (also: () => number[] = () => []): Promise<boolean> => {
    const deadline = Date.now() + 10_000
    const left = (): number[] => {
      const members = group?.members() ?? []
      if (inside) return [...(inner !== undefined && isAlive(inner) ? [inner.pid] : []), ...(isAlive(own) ? [pid] : []), ...members]
      quietly(() => process.kill(-pid, 'SIGKILL'))
      return [...new Set([...members, ...also(), ...processesMarked(marker)])]
    }
    kill()
    let clean = true
    for (let pids = left(), wait = 1; pids.some(alive); pids = left(), wait = Math.min(wait * 2, 20)) {
      if (Date.now() > deadline) { clean = false; break }
      // bwrap itself is left to reap; it is killed only if its inner process is unknown or gone.
      for (const one of pids) if (!(one === pid && inside && inner !== undefined && isAlive(inner))) killPid(one)
      await sleep(wait)
    }
    running.delete(kill)
    for (const stream of [child.stdin, stdout, stderr, channelStream]) stream?.destroy()
    group?.remove()
    return clean
  }

  return { pid, stdin: child.stdin, stdout, stderr, channel: channelStream, members, exited, kill, end }
}

const alive = (pid: number): boolean => {
  const stat = processStat(pid)
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X'
}

function describeExit({ code, signal, reported, inside, killed }: { code: number | null; signal: string | null; reported: number | undefined; inside: boolean; killed: boolean }): SandboxedExit {
  const number = code ?? 128 + Math.max(0, SIGNAL_NAMES.indexOf(signal ?? ''))
  if (!inside) return { exitCode: number, signal: signal ?? '', lost: false, setUpFailed: false }
  const exitCode = reported ?? number
  // bwrap tells a death by signal only as 128 + n.
  const name = exitCode > 128 ? SIGNAL_NAMES[exitCode - 128] ?? '' : ''
  return { exitCode, signal: name, lost: reported === undefined && signal !== null && !killed, setUpFailed: reported === undefined && signal === null && !killed }
}
