import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** mkdir -p. Node's own never returns where the system says ENOENT to a folder whose parent is there, as /proc does. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process was faster.
    if (!existsSync(path)) throw error
  }
}
