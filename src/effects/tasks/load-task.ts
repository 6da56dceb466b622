import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KymoError, isKymoError, messageOf } from '../../../schemas/errors.ts'
import { PROFILES, manifestFor, parseTaskManifest } from '../../../schemas/task.ts'
import type { ProfileName, TaskManifest } from '../../../schemas/task.ts'
import { taskFolders } from './task-folders.ts'

/** A task whose manifest has been read and whose files exist. */
export interface Task {
  name: string
  /** absolute path of the folder with its task.yaml */
  folder: string
  manifest: TaskManifest
}

export type TaskListing = { name: string; folder: string; task: Task } | { name: string; folder: string; problem: KymoError }

/** Every task there is, sorted by name; one whose manifest is wrong is listed with its problem. Of two with one name the first folder's counts. */
export async function listTasks(roots: readonly string[] = taskFolders()): Promise<TaskListing[]> {
  const found = new Map<string, string>()
  for (const root of roots) {
    for (const name of await subfolders(root)) {
      const folder = join(root, name)
      if (!found.has(name) && await kindOf(join(folder, 'task.yaml')) === 'file') found.set(name, folder)
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return Promise.all(sorted.map(async ([name, folder]): Promise<TaskListing> => {
    try {
      return { name, folder, task: await readTask(name, folder) }
    } catch (error) {
      if (isKymoError(error)) return { name, folder, problem: error }
      throw error
    }
  }))
}

/** Throws KYMO_UNKNOWN_TASK, naming the tasks there are, or KYMO_TASK_MANIFEST. */
export async function loadTask(name: string, roots: readonly string[] = taskFolders()): Promise<Task> {
  for (const root of roots) {
    const there = (await subfolders(root)).includes(name) && await kindOf(join(root, name, 'task.yaml')) === 'file'
    if (there) return readTask(name, join(root, name))
  }
  throw unknownTask(name, (await listTasks(roots)).map((entry) => entry.name), roots)
}

/** The task as it is for one profile: description, starter, limits of grading and so on are this profile's own where it has some. */
export const taskFor = (task: Task, profile: ProfileName): Task => ({ ...task, manifest: manifestFor(task.manifest, profile) })

async function readTask(name: string, folder: string): Promise<Task> {
  const file = join(folder, 'task.yaml')
  const manifest = parseTaskManifest(await readFile(file, 'utf8'), file)
  if (manifest.name !== name) throw new KymoError('KYMO_TASK_MANIFEST', `${file}, name: it says ${manifest.name} but its folder is ${name}. Give both one name`)
  const named = [...namedFiles(manifest), ...PROFILES.flatMap((profile) => [...filesOfProfile(manifestFor(manifest, profile), `profiles.${profile}.`)])]
  for (const [field, path, kind] of named) {
    const found = await kindOf(join(folder, path))
    if (kind === 'either' ? found === 'missing' : found !== kind) {
      throw new KymoError('KYMO_TASK_MANIFEST', `${file}, ${field}: there is no ${kind === 'either' ? 'file or folder' : kind} ${path} in the task's folder. Create it or correct the path`)
    }
  }
  return { name, folder, manifest }
}

type NamedFile = [field: string, path: string, kind: 'file' | 'folder' | 'either']

function* namedFiles(manifest: TaskManifest): Generator<NamedFile> {
  yield* filesOfProfile(manifest, '')
  if (manifest.grading.answers !== undefined) yield ['grading.answers', manifest.grading.answers, 'folder']
  for (const [index, path] of manifest.grading.files.entries()) yield [`grading.files.${index}`, path, 'either']
  if (manifest.data !== undefined) {
    yield ['data.prepare', manifest.data.prepare, 'file']
    for (const [index, path] of manifest.data.files.entries()) yield [`data.files.${index}`, path, 'either']
  }
  if (manifest.demo !== undefined) yield ['demo', manifest.demo, 'file']
  if (manifest.actions !== undefined) yield ['actions', manifest.actions, 'file']
  if (manifest.services?.model !== undefined) yield ['services.model.local', manifest.services.model.local, 'file']
  for (const [index, forgery] of manifest.forged.entries()) yield [`forged.${index}.file`, forgery.file, 'either']
}

/** What a profile may have for itself. */
function* filesOfProfile(manifest: TaskManifest, prefix: string): Generator<NamedFile> {
  yield [`${prefix}description`, manifest.description, 'file']
  yield [`${prefix}starter`, manifest.starter, 'folder']
  yield [`${prefix}entry`, `${manifest.starter}/${manifest.entry}`, 'file']
  yield [`${prefix}grading.evaluator`, manifest.grading.evaluator, 'file']
  if (manifest.grading.worker !== undefined) yield [`${prefix}grading.worker`, manifest.grading.worker, 'file']
  if (manifest.reference !== undefined) yield [`${prefix}reference`, manifest.reference, 'either']
}

async function subfolders(root: string): Promise<string[]> {
  try {
    return (await readdir(root)).sort()
  } catch (error) {
    throw new KymoError('KYMO_TASKS_FOLDER', `the folder of tasks ${root} cannot be read (${messageOf(error)}). Set KYMO_TASKS to a folder whose subfolders are tasks, or unset it`, { cause: error })
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | 'missing'> {
  const facts = await stat(path).catch(() => undefined)
  if (facts === undefined) return 'missing'
  return facts.isFile() ? 'file' : facts.isDirectory() ? 'folder' : 'other'
}

function unknownTask(name: string, names: readonly string[], roots: readonly string[]): KymoError {
  if (names.length === 0) return new KymoError('KYMO_UNKNOWN_TASK', `there is no task ${name}: ${roots.join(' and ')} holds no tasks. Set KYMO_TASKS to a folder whose subfolders are tasks`)
  const [nearest] = names.map((known) => ({ known, distance: editDistance(name.toLowerCase(), known.toLowerCase()) })).sort((a, b) => a.distance - b.distance)
  const guess = nearest !== undefined && nearest.distance <= Math.max(2, name.length / 2) ? ` Did you mean ${nearest.known}?` : ''
  return new KymoError('KYMO_UNKNOWN_TASK', `there is no task ${name}.${guess} The tasks are: ${names.join(', ')}`)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 1; j <= b.length; j += 1) next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length] ?? 0
}
