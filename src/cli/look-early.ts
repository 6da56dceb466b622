import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defaultCacheDir, probeEarly } from '../effects/python/index.ts'

/** Asks the interpreter that a run will take, while the run's code still loads. Where environments are managed, only the task says which one. */
export function lookEarly({ python, apart = [] }: { python?: string; apart?: readonly string[] }): void {
  const path = python ?? (existsSync(join(defaultCacheDir(), 'python')) ? undefined : 'python3')
  if (path !== undefined && !apart.includes('executor')) probeEarly(path)
}
