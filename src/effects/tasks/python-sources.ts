import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { taskLibrary } from './task-folders.ts'

const IMPORT = /^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w., \t]+))/gm

/**
 * A Python program and the modules of its own folder and of tasks/lib that it imports, however far down: what has to be hashed to know
 * that two programs do the same. Absolute paths in the order of the modules' names, wherever the folders lie; modules from elsewhere are left out.
 */
export function pythonSources(program: string, library = taskLibrary()): string[] {
  const found = new Set<string>()
  const visit = (file: string): void => {
    if (found.has(file)) return
    found.add(file)
    for (const [, from, list] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      for (const name of (from ?? list ?? '').split(',')) {
        const module = name.trim().split(/[. ]/, 1)[0] ?? ''
        const source = [dirname(program), library].map((folder) => join(folder, `${module}.py`)).find((path) => module !== '' && existsSync(path))
        if (source !== undefined) visit(source)
      }
    }
  }
  visit(program)
  return [...found].sort((a, b) => (basename(a) < basename(b) ? -1 : basename(a) > basename(b) ? 1 : 0))
}
