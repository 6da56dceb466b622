import { randomUUID } from 'node:crypto'
import { lstatSync, readFileSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { PROFILES } from '../../../../schemas/task.ts'
import type { ProfileName } from '../../../../schemas/task.ts'
import { parseTree } from '../../../../schemas/tree.ts'
import { removeTree } from '../../../workspace/index.ts'
import { defaultCacheDir } from '../../python/index.ts'
import type { Task } from '../load-task.ts'
import { withCacheLock } from './cache-lock.ts'
import { dataKey } from './data-key.ts'
import { readDataLock } from './data-lock.ts'
import { forgetLayers, taskCache, usedAt } from './prepared-data.ts'

/**
 * What a folder of the cache is to the tasks there are: what a run would take now; what an earlier version of the task made; what a
 * preparation that did not end left; of a task that is not here (another KYMO_TASKS may have it); files as they were fetched.
 */
export type CacheState = 'current' | 'old' | 'unfinished' | 'other' | 'downloads'

export interface CachedFolder { task: string; profile: ProfileName | ''; folder: string; bytes: number; usedAt: number; state: CacheState }

/** What lies in the cache of data, and what it is to these tasks. Times in milliseconds since 1970. Throws what reading a task's lock throws. */
export async function listCache(tasks: readonly Task[], cacheDir = defaultCacheDir()): Promise<CachedFolder[]> {
  const found: CachedFolder[] = []
  for (const name of foldersIn(join(cacheDir, 'tasks'))) {
    const task = tasks.find((one) => one.name === name)
    for (const profile of PROFILES) {
      const root = taskCache(name, profile, cacheDir)
      const current = task === undefined ? undefined : await currentKey(task, profile)
      for (const key of foldersIn(root)) {
        const folder = join(root, key)
        const unfinished = key.startsWith(UNFINISHED)
        found.push({
          task: name, profile, folder, bytes: unfinished ? sizeOf(folder) : preparedSize(folder), usedAt: usedAt(folder),
          state: unfinished ? 'unfinished' : task === undefined ? 'other' : key === current ? 'current' : 'old',
        })
      }
    }
  }
  for (const name of foldersIn(join(cacheDir, 'downloads'))) {
    const folder = join(cacheDir, 'downloads', name)
    const bytes = sizeOf(folder)
    if (bytes > 0) found.push({ task: name, profile: '', folder, bytes, usedAt: usedAt(folder), state: 'downloads' })
  }
  return found
}

/** Folders with this beginning were never finished, or are being removed: whoever holds the lock of their task may remove them. */
const UNFINISHED = 'making-'

/**
 * Removes what earlier versions of these tasks made and nobody used for `unusedMs`, and what preparations that died left. Data that a run
 * of today would take stay, whatever their age; runs note when they use some, and what they recorded does not need the cache. Gives what is gone.
 */
export async function pruneCache(tasks: readonly Task[], { unusedMs, now, cacheDir = defaultCacheDir() }: { unusedMs: number; now: number; cacheDir?: string }): Promise<CachedFolder[]> {
  const removed: CachedFolder[] = []
  for (const task of tasks) {
    if (foldersIn(join(cacheDir, 'tasks', task.name)).length === 0) continue
    await withCacheLock(join(cacheDir, 'tasks', task.name, 'preparing'), async () => {
      // Looked at again behind the lock: nobody prepares this task now, so that what is unfinished is dead.
      for (const cached of await listCache([task], cacheDir)) {
        const gone = cached.task === task.name && (cached.state === 'unfinished' || (cached.state === 'old' && now - cached.usedAt >= unusedMs))
        if (!gone) continue
        // Out of sight at once: nobody ever opens half a folder.
        const aside = join(cached.folder, '..', `${UNFINISHED}${randomUUID()}`)
        renameSync(cached.folder, aside)
        forgetLayers(cached.folder, cacheDir)
        removeTree(aside)
        removed.push(cached)
      }
    })
  }
  return removed
}

async function currentKey(task: Task, profile: ProfileName): Promise<string | undefined> {
  const { data } = task.manifest
  return data === undefined ? undefined : dataKey(task, profile, data.prepare, (await readDataLock(task))[profile])
}

const foldersIn = (path: string): string[] => {
  try {
    return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort()
  } catch {
    return []
  }
}

function preparedSize(folder: string): number {
  try {
    return ['public', 'answers'].reduce((sum, side) => sum + [...parseTree(readFileSync(join(folder, `${side}.tree`), 'utf8')).values()].reduce((all, { size }) => all + size, 0), 0)
  } catch {
    return sizeOf(folder)
  }
}

function sizeOf(folder: string): number {
  let sum = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    sum += entry.isDirectory() ? sizeOf(path) : (lstatSync(path, { throwIfNoEntry: false })?.size ?? 0)
  }
  return sum
}
