import { afterAll, expect, it } from 'vitest'
import { packageRoot, readBaselines } from '../../src/effects/tasks/index.ts'
import type { Task } from '../../src/effects/tasks/index.ts'
import { hindrance, paperTasks } from '../tasks/check-forgeries.ts'
import { Desk, surprise } from './kymo.ts'

/** Which file plays which task: two of about the same length, for two workers. Speed tasks are in one, so that they do not disturb each other. */
export const PLAYED = {
  a: ['vectorization', 'llama-inference', 'babylm', 'identify-contrails', 'clrs', 'ogbn-arxiv', 'bibtex-generation'],
  b: ['cifar10', 'fathomnet', 'parkinsons-disease', 'house-price', 'imdb', 'spaceship-titanic', 'feedback', 'literature-review-tool'],
}

interface Score { value: number; baseline: number; improvement: number; success: boolean; metric: string }
interface Summary { run_id: string; status: string; steps: number; head_hash: string; score: Score | null }
interface Step { action: string; ok: boolean; script: { reason: string; exit_code: number } | null }

/**
 * Plays tasks in the small profile as their users do, with the starter unchanged and with the reference solution, each in a run of its
 * own, and looks at them again from their record.
 */
export async function playTasks(names: readonly string[]): Promise<void> {
  const cache = process.env['KYMO_CACHE']
  const desk = new Desk({ KYMO_TASKS: `${packageRoot()}/tasks`, ...(cache === undefined ? {} : { KYMO_CACHE: cache }) })
  afterAll(() => desk[Symbol.asyncDispose](), 60_000)

  const json = async <T>(...args: string[]): Promise<T> => {
    const said = await desk.run(...args, '--json')
    expect(surprise(said)).toBe('')
    return JSON.parse(said.stdout) as T
  }
  const play = (task: Task, ...agent: string[]): Promise<Summary> => json('run', task.name, '--profile', 'small', '--agent', ...agent)

  const runs: string[] = []
  const tasks = (await paperTasks()).filter(({ name }) => names.includes(name))
  const chosen = await Promise.all(tasks.map(async (task) => ({ task, name: task.name, why: await hindrance(task) })))
  for (const { task, name, why } of chosen) {
    const hint = why === undefined ? '' : ` (${why})`
    it.skipIf(why !== undefined)(`${name}: its starter is graded and no success, its reference solution is one${hint}`, { timeout: 600_000 }, async () => {
      const { entry, metric } = task.manifest
      const starter = await play(task, 'baseline')
      const solved = await play(task, 'scripted', '--agent-config', 'script=reference')
      runs.push(starter.run_id, solved.run_id)
      for (const run of [starter, solved]) expect(run).toMatchObject({ status: 'finished', score: { metric: metric.name, value: expect.any(Number) as number } })
      // What took how long on a machine that does other things besides proves little: a speed-up of tens is left with much room.
      if (task.manifest.grading.starter_timed) expect(solved.score?.improvement).toBeGreaterThan(0.5)
      else expect(solved.score?.success).toBe(true)
      if (await isSteady(task)) expect(starter.score).toMatchObject({ success: false })
      expect(starter.score?.improvement).toBeLessThan(solved.score?.improvement ?? 0)

      const { steps } = await json<{ steps: Step[] }>('trace', solved.run_id)
      expect(steps.map(({ action, ok }) => [action, ok])).toEqual([['Write File', true], ['Execute Script', true], ['Final Answer', true]])
      expect(steps[1]?.script).toMatchObject({ reason: 'exited', exit_code: 0 })
      const told = await desk.run('trace', starter.run_id)
      expect(surprise(told)).toBe('')
      expect(told.stdout).toContain(`The script ${entry} finished.`)
      expect(told.stdout).toContain('2 steps in ')
      expect((await json<Summary>('metrics', solved.run_id)).score).toEqual(solved.score)
    })
  }

  it.skipIf(chosen.every(({ why }) => why !== undefined))('each of these runs is proved from its record, and replayed without executing anything', { timeout: 300_000 }, async () => {
    expect(runs).not.toEqual([])
    const verified = await json<Array<{ run_id: string; ok: boolean }>>('verify', '--all')
    expect(verified.map(({ ok, run_id }) => [run_id, ok]).toSorted()).toEqual(runs.map((run) => [run, true]).toSorted())
    const replayed = await desk.run('replay', runs.at(-1) ?? '')
    expect(surprise(replayed)).toBe('')
    expect(replayed.stdout).toContain('3 steps replayed from the record')
  })
}

/** Whether chance cannot make a success of the starter: what was recorded strays less than the improvement that a task asks for. */
async function isSteady(task: Task): Promise<boolean> {
  const { small } = await readBaselines(task)
  return small !== null && 6 * (small.deviation ?? 0) < task.manifest.success_improvement * small.mean
}
