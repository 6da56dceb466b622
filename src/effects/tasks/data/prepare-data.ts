import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { KymoError } from '../../../../schemas/errors.ts'
import type { ProfileName, TaskProfile } from '../../../../schemas/task.ts'
import { removeTree } from '../../../workspace/index.ts'
import { defaultCacheDir } from '../../python/index.ts'
import type { Task } from '../load-task.ts'
import { withCacheLock } from './cache-lock.ts'
import { DATA_SEED, dataKey } from './data-key.ts'
import { checkDataLock, readDataLock, writeDataLock } from './data-lock.ts'
import { noteLayer, openPrepared, seal, taskCache } from './prepared-data.ts'
import type { PreparedData } from './prepared-data.ts'

export interface PrepareData {
  /** the interpreter that runs prepare.py; asked for only when there is something to make */
  python: () => Promise<{ executable: string }>
  /** take what comes out and write it into data.lock.json */
  updateLock?: boolean
  /** sizes before it begins, progress while it runs */
  log?: (line: string) => void
  cacheDir?: string
  signal?: AbortSignal
}

/** The data of a task as the cache has it. Undefined when the task has none, `missing` when it was not prepared. Throws KYMO_TASK_LOCK, KYMO_TASK_DATA for damage. */
export async function findData(task: Task, profile: ProfileName, cacheDir = defaultCacheDir()): Promise<PreparedData | { missing: true } | undefined> {
  const { data } = task.manifest
  if (data === undefined) return undefined
  const lock = (await readDataLock(task))[profile]
  const folder = join(taskCache(task.name, profile, cacheDir), await dataKey(task, profile, data.prepare, lock))
  const found = await openPrepared(folder)
  if (found === undefined) return { missing: true }
  if ('damaged' in found) {
    throw new KymoError('KYMO_TASK_DATA', `the prepared data of ${task.name} (${profile}) is damaged: ${join(folder, found.damaged)} is not as it was made. Type: kymo task prepare ${task.name} --profile ${profile}`)
  }
  checkDataLock(task, profile, lock, found)
  noteLayer(found.public, cacheDir)
  return found
}

/** True when making the data takes seconds and nothing from elsewhere, so that a run may do it by itself. */
export const isQuick = ({ download_mib, consent }: TaskProfile): boolean => download_mib === 0 && consent === undefined

/** True when the download is so large that a person should say yes to it first. */
export const isLarge = ({ download_mib }: TaskProfile): boolean => download_mib > LARGE_MIB
const LARGE_MIB = 1024

/**
 * Makes sure that a task's data is in the cache, and gives it. Safe to repeat and to do twice at once; cut off anywhere it leaves nothing
 * that could be taken for data. Undefined when the task has none. Throws KYMO_TASK_DATA, KYMO_TASK_LOCK, KYMO_CANCELLED.
 */
export async function prepareData(task: Task, profile: ProfileName, { python, updateLock = false, log = () => undefined, cacheDir = defaultCacheDir(), signal }: PrepareData): Promise<PreparedData | undefined> {
  const { data } = task.manifest
  if (data === undefined) return undefined
  const root = taskCache(task.name, profile, cacheDir)
  mkdirSync(root, { recursive: true })
  return withCacheLock(join(cacheDir, 'tasks', task.name, 'preparing'), async () => {
    const lock = updateLock ? undefined : (await readDataLock(task))[profile]
    const folder = join(root, await dataKey(task, profile, data.prepare, (await readDataLock(task))[profile]))
    // Only the holder of the lock makes folders here: others were left by processes that died.
    for (const name of readdirSync(root)) if (name.startsWith('making-')) removeTree(join(root, name))
    const there = updateLock ? undefined : await openPrepared(folder)
    if (there !== undefined && !('damaged' in there)) {
      checkDataLock(task, profile, lock, there)
      noteLayer(there.public, cacheDir)
      return there
    }
    if (there !== undefined) log(`${there.damaged} of the prepared data is not as it was made; making it again`)
    const making = join(root, `making-${randomUUID()}`)
    try {
      const made = await make({ task, profile, prepare: data.prepare, making, lock, python, log, cacheDir, ...(signal === undefined ? {} : { signal }) })
      checkDataLock(task, profile, lock, made)
      if (updateLock) await writeDataLock(task, profile, made)
      const final = updateLock ? join(root, await dataKey(task, profile, data.prepare, (await readDataLock(task))[profile])) : folder
      removeTree(final)
      renameSync(making, final)
      const prepared = await openPrepared(final)
      if (prepared === undefined || 'damaged' in prepared) throw new KymoError('KYMO_TASK_DATA', `the prepared data in ${final} changed while it was made; try again`)
      noteLayer(prepared.public, cacheDir)
      return prepared
    } finally {
      removeTree(making)
    }
  }, { onWait: (pid) => log(`another process (${pid}) is preparing ${task.name}; waiting for it`), ...(signal === undefined ? {} : { signal }) })
}

async function make({ task, profile, prepare, making, lock, python, log, cacheDir, signal }: {
  task: Task; profile: ProfileName; prepare: string; making: string; lock: Awaited<ReturnType<typeof readDataLock>>[ProfileName]; cacheDir: string
} & Required<Pick<PrepareData, 'python' | 'log'>> & Pick<PrepareData, 'signal'>): Promise<PreparedData> {
  const settings = task.manifest.profiles[profile]
  checkRoom(settings, making, task.name)
  const { executable } = await python()
  const downloads = join(cacheDir, 'downloads', task.name)
  for (const folder of [making, join(making, 'public'), join(making, 'answers'), join(making, 'work')]) mkdirSync(folder)
  mkdirSync(downloads, { recursive: true })
  // Most runs find their data made, so what makes it is not loaded with them.
  const { runPrepare } = await import('./run-prepare.ts')
  const downloaded = await runPrepare({
    python: executable, program: join(task.folder, prepare), cwd: join(making, 'work'), name: `${task.name} (${profile})`, log, ...(signal === undefined ? {} : { signal }),
    request: {
      protocol: 1, task: task.name, profile, seed: DATA_SEED, public_dir: join(making, 'public'), answers_dir: join(making, 'answers'), download_dir: downloads, task_dir: task.folder, lock: lock?.downloads ?? {},
    },
  })
  removeTree(join(making, 'work'))
  const { dropped } = await seal(making, { task: task.name, profile, downloads: downloaded })
  if (dropped.length > 0) throw new KymoError('KYMO_TASK_DATA', `${join(task.folder, prepare)} made what no workspace can hold: ${dropped.slice(0, 5).join(', ')}. Let it write plain files`)
  const made = await openPrepared(making)
  if (made === undefined || 'damaged' in made) throw new KymoError('KYMO_TASK_DATA', `the data in ${making} changed while it was made; try again`)
  return made
}

function checkRoom({ disk_mib }: TaskProfile, making: string, name: string): void {
  const { bavail, bsize } = statfsSync(join(making, '..'))
  const free = (bavail * bsize) / 2 ** 20
  if (free < disk_mib) throw new KymoError('KYMO_TASK_DATA', `${name} needs ${disk_mib} MiB of disk and there are ${Math.floor(free)} MiB in ${join(making, '..')}. Free some, or set KYMO_CACHE to a folder on a larger disk`)
}
