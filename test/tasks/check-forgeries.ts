import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { messageOf } from '../../schemas/errors.ts'
import { checkTask } from '../../src/effects/checking/index.ts'
import { MachineRoom } from '../../src/effects/index.ts'
import { findPython } from '../../src/effects/python/index.ts'
import { listTasks, packageRoot, prepareDependencies, pythonDependencies } from '../../src/effects/tasks/index.ts'
import type { Task } from '../../src/effects/tasks/index.ts'

/** The paper's fifteen, whatever other folders this machine names. */
export async function paperTasks(): Promise<Task[]> {
  return (await listTasks([join(packageRoot(), 'tasks')])).map((listing) => {
    if ('problem' in listing) throw listing.problem
    return listing.task
  })
}

/** Why a task cannot be checked on this machine; undefined when it can. Nothing is installed: that is for `sh deploy/setup.sh test`. */
export async function hindrance({ name, manifest }: Task): Promise<string | undefined> {
  const { small } = manifest.profiles
  for (const dependencies of [pythonDependencies(small), prepareDependencies(small)]) {
    try {
      await findPython({ dependencies })
    } catch (error) {
      console.log(`${name} is not checked: ${messageOf(error)}`)
      return `needs ${dependencies.pip.join(', ')}; sh deploy/setup.sh test installs it`
    }
  }
  return undefined
}

/**
 * What fits into CI of `kymo task check --all --profile small`: every forgery of every task, in the sandbox, against the recorded baseline.
 * Starters and references are run and judged through `kymo run` by test/e2e/tasks-*; the command itself does it all, with the starters' spread.
 */
export async function itHoldsForgeriesOf(chosen: readonly Task[]): Promise<void> {
  const tasks = await Promise.all(chosen.map(async (task) => ({ task, name: task.name, why: await hindrance(task) })))
  describe('kymo task check --all --profile small, its forgeries', () => {
    for (const { task, name, why } of tasks) {
      it.skipIf(why !== undefined)(`of ${name} are refused, or graded without a gain${why === undefined ? '' : ` (${why})`}`, async () => {
        const work = mkdtempSync(join(tmpdir(), 'kymo-check-all-'))
        const room = new MachineRoom({ work })
        try {
          const { problems, forgeries } = await checkTask(task, { profile: 'small', room, runs: 0, only: 'forgeries' })
          expect(problems).toEqual([])
          expect(forgeries.length).toBeGreaterThanOrEqual(8)
          expect(forgeries.filter(({ held }) => !held)).toEqual([])
        } finally {
          room.close()
          rmSync(work, { recursive: true, force: true })
        }
      }, 600_000)
    }
  })
}
