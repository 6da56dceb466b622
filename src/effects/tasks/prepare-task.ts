import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AddedAction } from '../../../schemas/added-actions.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { KymoError } from '../../../schemas/errors.ts'
import { sha256Hex } from '../../../schemas/hash.ts'
import type { MeasuredBaseline } from '../../../schemas/task-data.ts'
import type { ProfileName, TaskProfile } from '../../../schemas/task.ts'
import { formatTree } from '../../../schemas/tree.ts'
import type { TreeEntry } from '../../../schemas/tree.ts'
import type { BlobStore } from '../../blobs/index.ts'
import { loadActions } from '../added-actions.ts'
import { readBaselines } from './baseline.ts'
import { findData, isQuick, prepareData } from './data/index.ts'
import type { PreparedData } from './data/index.ts'
import { taskFor } from './load-task.ts'
import type { Task } from './load-task.ts'
import { pythonSources } from './python-sources.ts'
import { filesUnder } from './task-files.ts'

/** What a run needs of a task: everything that the journal names is in the blob store, except for the files of the data's layer, which stay in the cache. */
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

export interface PrepareTask {
  /** runs prepare.py when data that takes seconds is not there yet; without it such data is not made */
  python?: () => Promise<{ executable: string }>
  log?: (line: string) => void
}

/**
 * Stores the starter's files and the manifest of the data, which is made when that takes seconds. Throws KYMO_TASK_NOT_PREPARED with the
 * line to type for other data, KYMO_TASK_FILE for a starter file that a workspace cannot hold, KYMO_ADDED_ACTIONS for added
 * actions that are none.
 */
export async function prepareTask(given: Task, profile: ProfileName, blobs: BlobStore, options: PrepareTask = {}): Promise<PreparedTask> {
  const task = taskFor(given, profile)
  const { manifest, folder } = task
  const data = await dataForRun(task, profile, options)
  const problem = await readFile(join(folder, manifest.description), 'utf8')
  const tree = await storeFolder(join(folder, manifest.starter), blobs)
  if (data !== undefined) await refuseOverlap(task, data)
  const layers = data === undefined || data.public.entries.size === 0 ? [] : [{ mount: '', tree: await blobs.put(Buffer.from(data.public.manifest)) }]
  return {
    task: task.name, profile, problem, tree, layers, readOnly: manifest.read_only, entry: manifest.entry,
    settings: manifest.profiles[profile], evaluator: await evaluatorKey(task, profile, data),
    added: manifest.actions === undefined ? [] : await loadActions(join(folder, manifest.actions)),
  }
}

/** A run looks for its data in two places at once. */
const underWay = new Map<string, Promise<PreparedData | undefined>>()

/** The data of a task that is about to be used. Throws KYMO_TASK_NOT_PREPARED. */
export async function dataForRun(task: Task, profile: ProfileName, { python, log }: PrepareTask = {}): Promise<PreparedData | undefined> {
  const found = await findData(task, profile)
  if (found === undefined || !('missing' in found)) return found
  const settings = task.manifest.profiles[profile]
  if (isQuick(settings) && python !== undefined) {
    const key = `${task.folder} ${profile}`
    const making = underWay.get(key) ?? prepareData(task, profile, { python, ...(log === undefined ? {} : { log }) }).finally(() => underWay.delete(key))
    if (!underWay.has(key)) log?.(`making the data of ${task.name} (${profile}), once for this machine`)
    underWay.set(key, making)
    return making
  }
  const costs = [settings.download_mib > 0 ? `a download of about ${mib(settings.download_mib)}` : '', settings.disk_mib > 0 ? `${mib(settings.disk_mib)} of disk` : '', settings.consent === undefined ? '' : `an account at ${settings.consent}`].filter((part) => part !== '')
  const small = profile === 'full' && isQuick(task.manifest.profiles.small) ? ', or choose --profile small, whose data is made here in seconds' : ''
  throw new KymoError('KYMO_TASK_NOT_PREPARED', `the data of ${task.name} (${profile}) is not on this machine. Type: kymo task prepare ${task.name} --profile ${profile}${costs.length === 0 ? '' : ` (${costs.join(', ')})`}${small}`)
}

const mib = (amount: number): string => (amount >= 1024 ? `${(amount / 1024).toFixed(1)} GiB` : `${amount} MiB`)

/**
 * SHA-256 over what decides a score: the evaluator and worker with the modules they import, their files, the answers, the starter, the
 * data and the measured baseline. Answers themselves never enter the blob store.
 */
export async function evaluatorKey(given: Task, profile: ProfileName, data?: PreparedData): Promise<string> {
  const task = taskFor(given, profile)
  const { grading, starter, services } = task.manifest
  const lines: string[] = []
  const programs = [grading.evaluator, ...(grading.worker === undefined ? [] : [grading.worker])]
  const parts = [...grading.files, ...(grading.answers === undefined ? [] : [grading.answers]), ...(services?.model === undefined ? [] : [services.model.local]), starter]
  for (const program of programs) {
    for (const [index, source] of pythonSources(join(task.folder, program)).entries()) lines.push(`${program} ${index} ${sha256Hex(await readFile(source))}`)
  }
  for (const part of [...parts].sort()) {
    for (const { path, source, empty } of await filesUnder(join(task.folder, part))) lines.push(`${part}/${path} ${empty ? '-' : sha256Hex(await readFile(source))}`)
  }
  if (data !== undefined) lines.push(`public ${data.public.tree}`, `answers ${data.answers.tree}`)
  const baseline: MeasuredBaseline | null = (await readBaselines(task))[profile]
  if (services !== undefined) lines.push(`services ${canonicalJson(services)}`)
  if (baseline !== null) lines.push(`baseline ${canonicalJson(baseline.runs)}`)
  return sha256Hex(lines.join('\n'))
}

/** The data would hide the starter's file of the same name. */
async function refuseOverlap({ manifest, folder }: Task, data: PreparedData): Promise<void> {
  const taken = new Set([...data.public.entries.keys()].map((path) => path.split('/', 1)[0]))
  const hidden = (await filesUnder(join(folder, manifest.starter))).find(({ path }) => taken.has(path.split('/', 1)[0]))
  if (hidden !== undefined) throw new KymoError('KYMO_TASK_FILE', `${hidden.source} and the task's data want the same place in the workspace. Give one of them another name at the top`)
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
