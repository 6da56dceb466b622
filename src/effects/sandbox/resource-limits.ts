import { accessSync, constants } from 'node:fs'
import { release } from 'node:os'
import type { ScriptLimits } from './limits.ts'

const executable = (path: string): boolean => {
  try { accessSync(path, constants.X_OK); return true } catch { return false }
}

/** util-linux' prlimit, or undefined where there is none (macOS). */
export const prlimitPath = (): string | undefined => ['/usr/bin/prlimit', '/bin/prlimit'].find(executable)

/**
 * The kernel counts processes per user namespace since 5.14 (before: every process of that user, so a small limit would hit
 * an innocent desktop) and never counts those of host root.
 */
export function countsProcessesPerNamespace(kernel = release(), uid = process.getuid?.() ?? 0): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10))
  return uid !== 0 && (major > 5 || (major === 5 && minor >= 14))
}

/**
 * prlimit and its options in front of a command. Not the address space: torch and CUDA reserve far more than they use, and hang below it.
 * `processes` only inside a user namespace of its own; elsewhere the process watch bounds it.
 */
export function limited(prlimit: string | undefined, limits: ScriptLimits, argv: string[], { processes }: { processes: boolean }): string[] {
  if (prlimit === undefined) return argv
  return [prlimit, ...(processes ? [`--nproc=${limits.processes}`] : []), `--data=${limits.memoryBytes}`, `--fsize=${limits.fileBytes}`, `--nofile=${limits.openFiles}`, '--core=0', '--', ...argv]
}
