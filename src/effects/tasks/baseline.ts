import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseBaselines } from '../../../schemas/task-data.ts'
import type { Baselines, MeasuredBaseline } from '../../../schemas/task-data.ts'
import type { ProfileName } from '../../../schemas/task.ts'
import type { Task } from './load-task.ts'

export const BASELINE_FILE = 'baseline.json'

/** What the starter was measured to reach; null for a profile that nobody has measured yet. Throws KYMO_TASK_BASELINE. */
export async function readBaselines(task: Task): Promise<Baselines> {
  const file = join(task.folder, BASELINE_FILE)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? { small: null, full: null } : parseBaselines(text, file)
}

/** Writes one profile's measurement into the task's baseline.json; the other's stays. */
export async function writeBaseline(task: Task, profile: ProfileName, measured: MeasuredBaseline): Promise<void> {
  const file = join(task.folder, BASELINE_FILE)
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify({ ...(await readBaselines(task)), [profile]: measured }, null, 2)}\n`)
  await rename(`${file}.${process.pid}`, file)
}
