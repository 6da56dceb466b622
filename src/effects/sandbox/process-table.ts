import { readFileSync, readdirSync } from 'node:fs'

/** What /proc says of one process. `start` tells a process from a later one with the same number. */
export interface ProcessStat { pid: number; state: string; group: number; cpuMs: number; start: string }

/** Clock ticks per second as /proc reports them: 100 on every Linux that Node runs on. */
const TICK_MS = 10

const read = (path: string): string | undefined => {
  try { return readFileSync(path, 'utf8') } catch { return undefined }
}

/** Undefined when it is gone, or where there is no /proc. */
export function processStat(pid: number): ProcessStat | undefined {
  const text = read(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The name may hold spaces and brackets: fields count from the last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { pid, state: fields[0] ?? '', group: Number(fields[2]), cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, start: fields[19] ?? '' }
}

export const isAlive = (known: { pid: number; start: string }): boolean => {
  const now = processStat(known.pid)
  return now !== undefined && now.start === known.start && now.state !== 'Z' && now.state !== 'X'
}

/** The processes that it started itself and that are not reaped. */
export function childrenOf(pid: number): number[] {
  let threads: string[]
  try { threads = readdirSync(`/proc/${pid}/task`) } catch { return [] }
  return threads.flatMap((thread) => (read(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter((word) => word !== '').map(Number))
}

/** The processes and all that descend from them, orphans excepted. At most `most`, so that a fork bomb cannot hold us up. */
export function processTree(roots: Iterable<number>, most = 4096): number[] {
  const found = new Set(roots)
  for (const pid of found) {
    if (found.size >= most) break
    for (const child of childrenOf(pid)) found.add(child)
  }
  return [...found]
}

const kilobytes = (text: string | undefined, field: string): number => {
  const match = text === undefined ? null : new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)
  return match === null ? 0 : Number(match[1]) * 1024
}

/** Resident memory now and at its peak; pages shared with a parent count in both. */
export function residentBytes(pid: number): { now: number; peak: number } {
  const status = read(`/proc/${pid}/status`)
  return { now: kilobytes(status, 'VmRSS'), peak: kilobytes(status, 'VmHWM') }
}

/** Resident memory with shared pages divided among their users: exact for a tree, and dearer to ask for. Undefined if not allowed. */
export function proportionalBytes(pid: number): number | undefined {
  const text = read(`/proc/${pid}/smaps_rollup`)
  return text === undefined ? undefined : kilobytes(text, 'Pss')
}

const everyPid = (): number[] => {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
  } catch { return [] }
}

/** Every process whose start environment holds `NAME=value`, whoever its parent is by now. None where there is no /proc. */
export const processesMarked = (marker: string): number[] => everyPid().filter((pid) => (read(`/proc/${pid}/environ`) ?? '').split('\0').includes(marker))

/** Every other process on whose command line a text stands: a folder that only they were given. */
export const processesNaming = (text: string): number[] => everyPid().filter((pid) => pid !== process.pid && (read(`/proc/${pid}/cmdline`) ?? '').includes(text))

/** CPU time of processes so far; those that are gone count nothing. */
export const cpuMsOf = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + (processStat(pid)?.cpuMs ?? 0), 0)
