import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LISTED_FILES, parseDataLock } from '../../../../schemas/task-data.ts'
import type { DataLock, LockedDownload, ProfileLock } from '../../../../schemas/task-data.ts'
import { KymoError } from '../../../../schemas/errors.ts'
import type { ProfileName } from '../../../../schemas/task.ts'
import type { TreeEntry } from '../../../../schemas/tree.ts'
import type { Task } from '../load-task.ts'

export const LOCK_FILE = 'data.lock.json'

/** One side of what was prepared: what the agent sees, or the answers. */
export interface DataSide { tree: string; entries: ReadonlyMap<string, TreeEntry> }
export interface MadeData { public: DataSide; answers: DataSide; downloads: Record<string, LockedDownload> }

export async function readDataLock(task: Task): Promise<DataLock> {
  const file = join(task.folder, LOCK_FILE)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? {} : parseDataLock(text, file)
}

/** The tree's hash and, where they are few, that of each file. */
function filesOf({ public: seen, answers }: MadeData): Record<string, string> | undefined {
  const files = ([['public', seen], ['answers', answers]] as const).flatMap(([side, { entries }]) => [...entries.values()].filter(({ kind }) => kind === 'file').map(({ path, sha256 }) => [`${side}/${path}`, sha256] as const))
  return files.length > LISTED_FILES ? undefined : Object.fromEntries(files.sort())
}

/** Writes what was made into the task's data.lock.json; the other profile's part stays. */
export async function writeDataLock(task: Task, profile: ProfileName, made: MadeData): Promise<void> {
  const files = filesOf(made)
  const lock: ProfileLock = { downloads: made.downloads, public: made.public.tree, answers: made.answers.tree, ...(files === undefined ? {} : { files }) }
  const all = { ...(await readDataLock(task)), [profile]: lock }
  const file = join(task.folder, LOCK_FILE)
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify({ ...(all.small === undefined ? {} : { small: all.small }), ...(all.full === undefined ? {} : { full: all.full }) }, null, 2)}\n`)
  await rename(`${file}.${process.pid}`, file)
}

/** Throws KYMO_TASK_LOCK, naming the files that differ, when what was made is not what the lock says. */
export function checkDataLock(task: Task, profile: ProfileName, lock: ProfileLock | undefined, made: MadeData): void {
  if (lock === undefined) return
  const same = (lock.public ?? made.public.tree) === made.public.tree && (lock.answers ?? made.answers.tree) === made.answers.tree
  if (same) return
  const now = filesOf(made)
  const differ = lock.files === undefined || now === undefined ? [] : [...new Set([...Object.keys(lock.files), ...Object.keys(now)])].sort().filter((name) => lock.files?.[name] !== now[name])
    .map((name) => `${name} ${now[name] === undefined ? 'is missing' : lock.files?.[name] === undefined ? 'is new' : 'differs'}`)
  const sides = [lock.public !== made.public.tree && 'public', lock.answers !== made.answers.tree && 'answers'].filter((side) => side !== false).join(' and ')
  throw new KymoError('KYMO_TASK_LOCK', `the data of ${task.name} (${profile}) came out otherwise than ${join(task.folder, LOCK_FILE)} says: ${differ.length > 0 ? differ.slice(0, 8).join(', ') : `the ${sides} files differ`}. `
    + `Scores on other data cannot be compared. If you changed the task on purpose: kymo task prepare ${task.name} --profile ${profile} --update-lock`)
}
