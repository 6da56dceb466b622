import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { childrenOf } from './process-table.ts'

const send = (pid: number, signal: 'SIGSTOP' | 'SIGCONT'): void => { try { process.kill(pid, signal) } catch { /* it is gone */ } }

/** True when no thread of the process can run any more: all are stopped, or it is dead. */
function isStill(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
      return 'TtZX'.includes(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '')
    })
  } catch { return true }
}

/**
 * Stops processes until none of them runs, those that they start meanwhile included. False when one is still not at rest after
 * `patienceMs`: it waits in the kernel for a disk, for instance.
 */
export async function stopProcesses(list: () => number[], patienceMs = 2000): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  const stopped = new Set<number>()
  for (let wait = 0; ; wait = Math.min(wait + 1, 10)) {
    const pids = list()
    const fresh = pids.filter((pid) => !stopped.has(pid))
    for (const pid of fresh) {
      send(pid, 'SIGSTOP')
      stopped.add(pid)
    }
    // One look without anybody new, after all were still, shows that nobody was left to start another.
    if (fresh.length === 0 && pids.every(isStill)) return true
    if (performance.now() > deadline) return false
    await sleep(wait)
    // Who waits for a child to begin its program (vfork) cannot be stopped before that child has done so.
    if (fresh.length === 0) {
      for (const child of pids.filter((pid) => !isStill(pid)).flatMap(childrenOf)) {
        send(child, 'SIGCONT')
        stopped.delete(child)
      }
    }
  }
}

export function continueProcesses(pids: readonly number[]): void {
  for (const pid of pids) send(pid, 'SIGCONT')
}
