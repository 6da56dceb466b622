import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { KymoError } from '../../../schemas/errors.ts'
import { processesNaming, watchTree } from '../sandbox/index.ts'
import type { ScriptLimits, WatchedLimit } from '../sandbox/index.ts'

const MAX_REPLY_BYTES = 4 * 2 ** 20
const GRACE_MS = 3000
/** What the evaluator itself may take, on top of what a script may: it is trusted, its workers are not. */
const OWN_MEMORY_BYTES = 1024 * 2 ** 20
const OWN_PROCESSES = 16

/**
 * Starts a trusted evaluator, hands it the request and gives what it prints, or which limit its workers passed together.
 * When this returns, the evaluator and its workers are dead.
 * Throws KYMO_GRADER if it fails or passes the deadline, KYMO_CANCELLED when `signal` fires.
 */
export async function runEvaluator({ python, launcher, evaluator, request, env, cwd, directory, limits, deadlineMs, signal }: {
  python: string
  launcher: string
  evaluator: string
  request: Record<string, unknown>
  env: Record<string, string>
  cwd: string
  /** holds everything that workers can write on disk */
  directory: string
  limits: ScriptLimits
  deadlineMs: number
  signal?: AbortSignal
}): Promise<{ text: string } | { passed: WatchedLimit }> {
  if (signal?.aborted) throw cancelled()
  const child = execa(python, ['-I', '-B', launcher, evaluator], {
    cwd, env, extendEnv: false, detached: true, reject: false, cleanup: true, maxBuffer: MAX_REPLY_BYTES, stripFinalNewline: false,
    stdin: 'pipe', stdout: 'pipe', stderr: 'pipe',
  })
  child.stdin.on('error', () => undefined)
  // The pipe stays open: its end tells the evaluator that nobody waits any more.
  child.stdin.write(`${JSON.stringify({ ...request, lifeline: true })}\n`)
  let late = false
  let passed: WatchedLimit | undefined
  const timers: NodeJS.Timeout[] = []
  // First politely, so that it can end workers that live in sessions of their own; then its whole group by force.
  const stop = (): void => {
    signalGroup(child.pid, 'SIGTERM')
    timers.push(setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE_MS))
  }
  timers.push(setTimeout(() => { late = true; stop() }, deadlineMs))
  signal?.addEventListener('abort', stop, { once: true })
  const watch = watchTree({
    root: child.pid ?? 0, directory, onLimit: (limit) => { passed ??= limit; stop() },
    limits: { ...limits, memoryBytes: limits.memoryBytes + OWN_MEMORY_BYTES, processes: limits.processes + OWN_PROCESSES },
  })
  try {
    const result = await child
    if (signal?.aborted) throw cancelled()
    if (passed !== undefined) return { passed }
    if (late) throw new KymoError('KYMO_GRADER', `the evaluator ${evaluator} did not end within ${deadlineMs / 1000} s. If the machine is busy try again, otherwise raise grading.total_seconds in the task's manifest`)
    if (result.failed) {
      const said = result.stderr.trim().split('\n').slice(-12).join('\n') || result.shortMessage
      throw new KymoError('KYMO_GRADER', `the evaluator ${evaluator} failed, which is not the submission's fault: ${said}`)
    }
    return { text: result.stdout }
  } finally {
    for (const timer of timers) clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
    signalGroup(child.pid, 'SIGKILL')
    await endAll(() => [...watch.survivors(), ...processesNaming(directory)])
    watch.stop()
  }
}

/** Kills what is left until nothing is: a worker may have been starting while the evaluator died, and dying takes a moment too. */
async function endAll(left: () => number[]): Promise<void> {
  const deadline = performance.now() + 5000
  for (let pids = left(); pids.length > 0 && performance.now() < deadline; pids = left()) {
    for (const pid of pids) kill(pid, 'SIGKILL')
    await sleep(10)
  }
}

const cancelled = (): KymoError => new KymoError('KYMO_CANCELLED', 'the grading was cancelled; it starts anew when the run is resumed')

function signalGroup(pid: number | undefined, name: 'SIGTERM' | 'SIGKILL'): void {
  if (pid !== undefined) kill(-pid, name)
}

function kill(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch { /* it has gone already */ }
}
