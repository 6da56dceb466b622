import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeTree } from '../../src/workspace/index.ts'
import { findPython } from '../../src/effects/python/index.ts'
import { loadTask, newTask } from '../../src/effects/tasks/index.ts'
import type { Task } from '../../src/effects/tasks/index.ts'

/** A task with data that belongs to one test, as `kymo task new` writes it, and a cache of its own. */
export interface OwnTask extends Disposable {
  root: string
  folder: string
  cache: string
  name: string
  load(): Promise<Task>
  /** replaces a file of the task */
  write(path: string, content: string): void
  edit(path: string, change: (text: string) => string): void
  append(path: string, content: string): void
}

export async function ownTask(name = 'curve'): Promise<OwnTask> {
  const root = mkdtempSync(join(tmpdir(), 'kymo-own-task-'))
  const [tasks, cache] = [join(root, 'tasks'), join(root, 'cache')]
  const folder = await newTask(name, tasks)
  const at = (path: string): string => join(folder, path)
  const before = process.env['KYMO_CACHE']
  process.env['KYMO_CACHE'] = cache
  return {
    root: tasks, folder, cache, name,
    load: () => loadTask(name, [tasks]),
    write: (path, content) => writeFileSync(at(path), content),
    edit: (path, change) => {
      const text = readFileSync(at(path), 'utf8')
      const changed = change(text)
      if (changed === text) throw new Error(`nothing changed in ${path}`)
      writeFileSync(at(path), changed)
    },
    append: (path, content) => appendFileSync(at(path), content),
    [Symbol.dispose]: () => {
      if (before === undefined) delete process.env['KYMO_CACHE']
      else process.env['KYMO_CACHE'] = before
      removeTree(cache)
      rmSync(root, { recursive: true, force: true })
    },
  }
}

const found = findPython({ dependencies: { pip: [], debian: [], requires: '>=3.9' } })
export const anyPython = (): typeof found => found
