import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson } from '../../../../schemas/canonical-json.ts'
import { sha256Hex } from '../../../../schemas/hash.ts'
import type { ProfileLock } from '../../../../schemas/task-data.ts'
import type { ProfileName } from '../../../../schemas/task.ts'
import type { Task } from '../load-task.ts'
import { pythonSources } from '../python-sources.ts'
import { filesUnder } from '../task-files.ts'

/** Version of the cache's layout: another one means other folders. */
const LAYOUT = 1
/** Every profile's data is made from this seed: it is part of the task, not of a run. */
export const DATA_SEED = 0

/** Names what preparing would make: prepare.py with the modules it imports, its files, what it downloads. Short, since it is a folder's name. */
export async function dataKey(task: Task, profile: ProfileName, prepare: string, lock: ProfileLock | undefined): Promise<string> {
  const program = join(task.folder, prepare)
  const lines: string[] = []
  for (const source of pythonSources(program)) lines.push(sha256Hex(await readFile(source)))
  for (const part of task.manifest.data?.files ?? []) {
    for (const { path, source, empty } of await filesUnder(join(task.folder, part))) lines.push(`${part}/${path} ${empty ? '-' : sha256Hex(await readFile(source))}`)
  }
  return sha256Hex(canonicalJson({ layout: LAYOUT, task: task.name, profile, seed: DATA_SEED, files: lines, downloads: lock?.downloads ?? {} })).slice(0, 16)
}
