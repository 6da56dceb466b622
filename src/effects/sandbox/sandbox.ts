import type { ScriptLimits } from './limits.ts'

/** A host path made visible inside. */
export interface SandboxMount { source: string; target: string; writable: boolean }

/** One command as the inside sees it: `argv[0]`, `cwd` and mount targets are inside paths. */
export interface SandboxedCommand {
  argv: string[]
  cwd: string
  env: Record<string, string>
  mounts: SandboxMount[]
  limits: ScriptLimits
  /** Reach the host's network; off unless a task's manifest asks for it. */
  network?: boolean
}

/** What to spawn on the host: `env` is the whole environment of `file`. */
export interface WrappedCommand {
  file: string
  args: string[]
  env: Record<string, string>
  cwd: string
  /** The host's name of an inside path, where it has one. */
  pathInside(path: string): string
}

export interface Sandbox {
  name: 'bwrap' | 'none'
  version: string
  /** Canonical JSON of what this sandbox holds and what it does not; recorded with every run. */
  facts(): string
  /** `statusFd`: a descriptor on which the sandbox may report its inner process id. */
  wrap(command: SandboxedCommand, options?: { statusFd?: number }): WrappedCommand
}

/** The folder in which scripts run, as they see it. */
export const WORKSPACE = '/workspace'

/** An inside path through the mounts to a host path; the deepest mount wins. Unmounted paths come back as they are. */
export function throughMounts(mounts: readonly SandboxMount[], path: string): string {
  let best: SandboxMount | undefined
  for (const mount of mounts) {
    const covers = path === mount.target || path.startsWith(mount.target.endsWith('/') ? mount.target : `${mount.target}/`)
    if (covers && (best === undefined || mount.target.length > best.target.length)) best = mount
  }
  return best === undefined ? path : best.source + path.slice(best.target.length)
}
