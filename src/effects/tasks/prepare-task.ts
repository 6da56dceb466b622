import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AddedAction } from '../../../schemas/added-actions.ts'
import { KymoError } from '../../../schemas/errors.ts'
import { sha256Hex } from '../../../schemas/hash.ts'
import type { ProfileName, TaskProfile } from '../../../schemas/task.ts'
import { formatTree } from '../../../schemas/tree.ts'
import type { TreeEntry } from '../../../schemas/tree.ts'
import type { BlobStore } from '../../blobs/index.ts'
import { loadActions } from '../added-actions.ts'
import type { Task } from './load-task.ts'

/** What a run needs of a task: everything that the journal names is in the blob store. */
export interface PreparedTask {
  task: string
  profile: ProfileName
  /** the description, as the agent will read it */
  problem: string
  /** hash of the starter files' tree */
  tree: string
  /** immutable data below the workspace */
  layers: Array<{ mount: string; tree: string }>
  readOnly: string[]
  entry: string
  settings: TaskProfile
  /** actions that the task adds to Kymo's own */
  added: AddedAction[]
  /** names the evaluator, its files, answers and starter by content: scores with equal keys were made by the same grader */
  evaluator: string
}

/** Stores the starter's files. Throws KYMO_TASK_FILE for a starter file that a workspace cannot hold, KYMO_ADDED_ACTIONS for added actions that are none. */
export async function prepareTask(task: Task, profile: ProfileName, blobs: BlobStore): Promise<PreparedTask> {
  const { manifest, folder } = task
  const problem = await readFile(join(folder, manifest.description), 'utf8')
  const tree = await storeFolder(join(folder, manifest.starter), blobs)
  return {
    task: task.name, profile, problem, tree, layers: [], readOnly: manifest.read_only, entry: manifest.entry,
    settings: manifest.profiles[profile], evaluator: await evaluatorKey(task), added: manifest.actions === undefined ? [] : await loadActions(join(folder, manifest.actions)),
  }
}

/** SHA-256 over what decides a score: the evaluator, its worker and files, the answers, and the starter. Answers themselves never enter the blob store. */
export async function evaluatorKey(task: Task): Promise<string> {
  const { grading, starter } = task.manifest
  const parts = [grading.evaluator, ...(grading.worker === undefined ? [] : [grading.worker]), ...grading.files, ...(grading.answers === undefined ? [] : [grading.answers]), starter]
  const lines: string[] = []
  for (const part of [...parts].sort()) {
    for (const { path, source, empty } of await filesUnder(join(task.folder, part))) lines.push(`${part}/${path} ${empty ? '-' : sha256Hex(await readFile(source))}`)
  }
  return sha256Hex(lines.join('\n'))
}

async function storeFolder(folder: string, blobs: BlobStore): Promise<string> {
  const entries: TreeEntry[] = []
  for (const { path, source, executable, empty } of await filesUnder(folder)) {
    if (empty) {
      entries.push({ path, kind: 'dir', mode: 0o755, sha256: '', size: 0 })
      continue
    }
    const { hash, size } = await blobs.putFile(source)
    entries.push({ path, kind: 'file', mode: executable ? 0o755 : 0o644, sha256: hash, size })
  }
  return blobs.put(new TextEncoder().encode(formatTree(entries)))
}

interface Found { path: string; source: string; executable: boolean; empty: boolean }

/** Regular files below a folder (or the file itself, as path ''), sorted; caches of Python are left out, links and devices refused. */
async function filesUnder(source: string, path = ''): Promise<Found[]> {
  const facts = await stat(source)
  if (facts.isFile()) return [{ path, source, executable: (facts.mode & 0o100) !== 0, empty: false }]
  const names = (await readdir(source, { withFileTypes: true })).filter((entry) => entry.name !== '__pycache__').sort((a, b) => (a.name < b.name ? -1 : 1))
  if (names.length === 0) return path === '' ? [] : [{ path, source, executable: false, empty: true }]
  const lists: Found[][] = []
  for (const entry of names) {
    if (!entry.isFile() && !entry.isDirectory()) {
      throw new KymoError('KYMO_TASK_FILE', `${join(source, entry.name)} is neither a file nor a folder. Replace it by a plain file: a workspace holds no links or devices`)
    }
    lists.push(await filesUnder(join(source, entry.name), path === '' ? entry.name : `${path}/${entry.name}`))
  }
  return lists.flat()
}
