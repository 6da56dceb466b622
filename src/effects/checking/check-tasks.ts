import { availableParallelism, totalmem } from 'node:os'
import { isKymoError, messageOf } from '../../../schemas/errors.ts'
import type { ProfileName } from '../../../schemas/task.ts'
import { loadTask } from '../tasks/index.ts'
import type { Task } from '../tasks/index.ts'
import { checkTask } from './check-task.ts'
import type { CheckOptions, CheckedTask } from './check-task.ts'
import { turns } from './turns.ts'

/** A task whose check could not even be made. */
export interface HinderedTask { task: string; profile: ProfileName; ok: false; problems: string[]; error: unknown }

/** A script may take about this much, with its grader beside it. */
const BYTES_PER_JOB = 2 * 2 ** 30

/** How many attempts may run side by side here: one for each core, as memory allows. */
export const jobsHere = (): number => Math.max(1, Math.min(availableParallelism(), Math.floor(Math.min(totalmem(), process.constrainedMemory() || Infinity) / BYTES_PER_JOB)))

/**
 * Checks several tasks, their attempts side by side; those that are scored by time come last, alone. Rows in the order of the names;
 * `onRow` hears of each when it is done. Throws KYMO_CANCELLED when `signal` fired.
 */
export async function checkTasks(names: readonly string[], { jobs, onRow, ...options }: Omit<CheckOptions, 'turns'> & { jobs: number; onRow?: (row: CheckedTask | HinderedTask) => void }): Promise<Array<CheckedTask | HinderedTask>> {
  const { profile, signal } = options
  const shared = turns(jobs, signal)
  const rows = new Map<string, CheckedTask | HinderedTask>()
  const done = (row: CheckedTask | HinderedTask): void => {
    rows.set(row.task, row)
    onRow?.(row)
  }
  const hindered = (task: string, error: unknown): void => done({ task, profile, ok: false, problems: [messageOf(error)], error })
  const tasks: Task[] = []
  for (const name of new Set(names)) await loadTask(name).then((task) => { tasks.push(task) }, (error: unknown) => hindered(name, error))

  const check = async (task: Task): Promise<void> => {
    try {
      done(await checkTask(task, { ...options, turns: shared }))
    } catch (error) {
      if (isKymoError(error, 'KYMO_CANCELLED')) throw error
      hindered(task.name, error)
    }
  }
  const timed = ({ manifest }: Task): boolean => manifest.grading.starter_timed
  // The timed ones wait until the others are through: a machine that is used by turns is idle in between.
  for (const part of [tasks.filter((task) => !timed(task)), tasks.filter(timed)]) {
    const ends = await Promise.allSettled(part.map(check))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  return [...new Set(names)].flatMap((name) => rows.get(name) ?? [])
}
