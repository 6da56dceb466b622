import { opendir, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive, processStat, processTree, proportionalBytes, residentBytes } from './process-table.ts'
import type { ScriptLimits } from './limits.ts'

export type WatchedLimit = 'memory' | 'processes' | 'disk'

export interface Usage { cpuMs: number; maxRssBytes: number }

export interface Watch {
  /** Ends the watch. CPU time is as of the last look, so up to 200 ms short. */
  stop(): Usage
  /** Every process seen and still alive, reparented ones too. */
  survivors(): number[]
}

const POLL_MS = 200
const FIRST_LOOKS_MS = [10, 30, 70, 130]
const DISK_EVERY_MS = 1000

/** Sum of file sizes on disk; what vanishes meanwhile counts nothing. */
export async function diskBytes(directory: string, most = Number.POSITIVE_INFINITY): Promise<number> {
  let total = 0
  try {
    for await (const entry of await opendir(directory)) {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) total += await diskBytes(path, most - total)
      else total += await lstat(path).then((stat) => stat.blocks * 512, () => 0)
      if (total > most) break
    }
  } catch { /* removed while we looked */ }
  return total
}

/** Memory of these processes, shared pages divided among them; of one that may not be asked its resident memory, of one that has ended none. */
const exactBytes = (pids: readonly number[]): number => pids.reduce((sum, pid) => {
  const own = proportionalBytes(pid)
  if (own !== undefined) return sum + own
  const state = processStat(pid)?.state ?? 'X'
  return state === 'Z' || state === 'X' ? sum : sum + residentBytes(pid).now
}, 0)

/**
 * Looks at a process tree five times a second (more often at its start) and says once when it passes a limit.
 * Memory: the cheap sum first, which counts shared pages twice, and only beyond the limit the exact one.
 */
export function watchTree({ root, limits, directory, onLimit }: { root: number; limits: ScriptLimits; directory?: string; onLimit: (limit: WatchedLimit) => void }): Watch {
  const seen = new Map<number, { pid: number; start: string; cpuMs: number }>()
  let maxRssBytes = 0
  let looks = 0
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let diskTimer: NodeJS.Timeout | undefined

  const remember = (pid: number): boolean => {
    const stat = processStat(pid)
    if (stat === undefined || stat.state === 'Z') return false
    seen.set(pid, { pid, start: stat.start, cpuMs: stat.cpuMs })
    return true
  }

  const look = (): void => {
    const roots = [root, ...[...seen.values()].filter((process) => process.pid !== root && isAlive(process)).map((process) => process.pid)]
    const tree = processTree(roots, limits.processes * 4 + 64).filter(remember)
    const resident = tree.map(residentBytes)
    const now = resident.reduce((sum, one) => sum + one.now, 0)
    maxRssBytes = Math.max(maxRssBytes, now > limits.memoryBytes ? 0 : now, ...resident.map((one) => one.peak))
    // The sandbox' own two processes do not count.
    if (tree.length > limits.processes + 2) onLimit('processes')
    if (now <= limits.memoryBytes) return
    const exact = exactBytes(tree)
    // Processes that end while they are counted leave their shared pages to those counted after them: what is too much is looked at again.
    const used = exact > limits.memoryBytes ? Math.min(exact, exactBytes(tree)) : exact
    maxRssBytes = Math.max(maxRssBytes, used)
    if (used > limits.memoryBytes) onLimit('memory')
  }

  const schedule = (): void => {
    timer = setTimeout(() => {
      if (stopped) return
      look()
      schedule()
    }, FIRST_LOOKS_MS[looks++] ?? POLL_MS)
  }

  const scheduleDisk = (folder: string): void => {
    diskTimer = setTimeout(() => {
      void diskBytes(folder, limits.diskBytes).then((used) => {
        if (stopped) return
        if (used > limits.diskBytes) onLimit('disk')
        else scheduleDisk(folder)
      })
    }, DISK_EVERY_MS)
  }

  schedule()
  if (directory !== undefined) scheduleDisk(directory)

  return {
    stop() {
      stopped = true
      clearTimeout(timer)
      clearTimeout(diskTimer)
      return { cpuMs: [...seen.values()].reduce((sum, process) => sum + process.cpuMs, 0), maxRssBytes }
    },
    survivors: () => [...seen.values()].filter(isAlive).map((process) => process.pid),
  }
}
