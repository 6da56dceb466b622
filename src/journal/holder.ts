import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { sha256Hex } from '../../schemas/hash.ts'
import type { kymo } from '../../schemas/generated/messages.js'

export type Holder = kymo.v1.journal.Holder

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Field 22 of /proc/PID/stat: when the process started, in ticks since boot. Pids are reused; (boot, pid, start) is not. */
const startTicks = (pid: number): number => {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0) || 0
}

const pidNamespace = (): string => {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** One boot and one pid name space, in short: a container on the same machine counts other pids. Empty where there is no /proc. */
const BOOT_ID = pidNamespace() === '' ? '' : sha256Hex('kymo.boot\0', read('/proc/sys/kernel/random/boot_id').trim(), ' ', pidNamespace()).slice(0, 16)

/** This process, so that a journal on the same machine can tell at once when it is gone. */
export const thisHolder = (what: string): Holder => ({ host: hostname(), boot_id: BOOT_ID, pid: process.pid, started_ticks: startTicks(process.pid), what })

/** True only when it is certain: same boot, and the process is not there any more. */
export const isGone = (holder: Holder | null | undefined): boolean => {
  if (holder === null || holder === undefined || BOOT_ID === '' || holder.boot_id !== BOOT_ID || holder.pid === 0) return false
  const stat = read(`/proc/${holder.pid}/stat`)
  if (stat === '') return true
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return rest[0] === 'Z' || rest[0] === 'X' || (Number(rest[19]) || 0) !== holder.started_ticks
}
