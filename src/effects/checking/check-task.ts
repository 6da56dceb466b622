import { join } from 'node:path'
import { chanceBound, judge } from '../../../actors/index.ts'
import type { GradingOutcome } from '../../../schemas/generated/events.ts'
import { spreadOf } from '../../../schemas/task-data.ts'
import type { MeasuredBaseline } from '../../../schemas/task-data.ts'
import type { Forgery, ProfileName } from '../../../schemas/task.ts'
import { pythonKey } from '../machine-room.ts'
import type { Grading } from '../grading/index.ts'
import type { MachineRoom } from '../machine-room.ts'
import { ownOrPrepared, preparePython } from '../python/index.ts'
import { dataForRun, findData, prepareData, prepareDependencies, prepareTask, pythonDependencies, readBaselines, readDataLock, taskFor, writeBaseline } from '../tasks/index.ts'
import type { Task } from '../tasks/index.ts'
import { attempt } from './attempt.ts'
import type { Attempted, Bench } from './attempt.ts'
import { farFrom } from './far-from.ts'
import { folderBlobs } from './folder-blobs.ts'

export interface CheckOptions {
  profile: ProfileName
  room: MachineRoom
  /** how often the starter is run */
  runs: number
  /** take what the starter reaches now as the baseline, and write it into baseline.json */
  updateBaseline?: boolean
  log?: (line: string) => void
  signal?: AbortSignal
}

/** `said`: the last line that the forgery wrote to stderr, for those who look into it. */
export interface CheckedForgery { file: string; attempt: string; expect: string; found: string; held: boolean; value: number | null; said: string }

/** One row of `kymo task check`. Scores in the metric's unit, times in seconds. */
export interface CheckedTask {
  task: string
  profile: ProfileName
  metric: { name: string; unit: string; higher_is_better: boolean }
  ok: boolean
  /** sentences about what is wrong */
  problems: string[]
  notes: string[]
  /** what the starter reached now, and what is recorded; `live`: measured beside each submission, so that nothing is recorded */
  starter: number[]
  baseline: { mean: number; deviation: number | null; runs: number; live: boolean } | null
  reference: { value: number; improvement: number; success: boolean; bound: number | null } | null
  forgeries: CheckedForgery[]
  seconds: { prepare: number; starter: number; reference: number; forgeries: number; total: number }
}

/**
 * Does with a task what its users and cheats will do: prepares it, runs the starter several times, the reference and every forgery, and
 * judges what comes out. Throws for what hinders the check itself: no sandbox, no interpreter, no data, a failing evaluator.
 */
export async function checkTask(given: Task, { profile, room, runs, updateBaseline = false, log = () => undefined, signal }: CheckOptions): Promise<CheckedTask> {
  const task = taskFor(given, profile)
  const { manifest } = task
  const began = performance.now()
  const since = (mark: number): number => (performance.now() - mark) / 1000
  const named = room.namedPython
  await (named === undefined ? preparePython({ dependencies: pythonDependencies(manifest.profiles[profile]), log }) : room.python(pythonKey(pythonDependencies(manifest.profiles[profile]))))
  const found = await findData(task, profile).catch(() => ({ missing: true }) as const)
  if (found !== undefined && 'missing' in found) {
    const python = async (): Promise<{ executable: string }> => ownOrPrepared(named, { dependencies: prepareDependencies(manifest.profiles[profile]), log })
    await prepareData(task, profile, { python, log, ...(signal === undefined ? {} : { signal }) })
  }
  const data = await dataForRun(task, profile)
  const folder = join(room.folder(), `check-${task.name}`)
  const blobs = folderBlobs(join(folder, 'blobs'))
  const [sandbox, interpreter, prepared] = await Promise.all([room.sandbox(), room.python(pythonKey(pythonDependencies(manifest.profiles[profile]))), prepareTask(task, profile, blobs)])
  const bench: Bench = { task, profile, prepared, data, blobs, sandbox, interpreter, folder, ...(signal === undefined ? {} : { signal }) }
  const row: CheckedTask = {
    task: task.name, profile, metric: manifest.metric, ok: true, problems: [], notes: [], starter: [], baseline: null, reference: null, forgeries: [],
    seconds: { prepare: since(began), starter: 0, reference: 0, forgeries: 0, total: 0 },
  }
  if (data !== undefined && (await readDataLock(task))[profile]?.public === undefined) {
    row.problems.push(`what the data of ${profile} are is not written down yet. Type: kymo task prepare ${task.name} --profile ${profile} --update-lock`)
  }
  const recorded = updateBaseline ? null : (await readBaselines(task))[profile]

  const starterBegan = performance.now()
  const outcomes: GradingOutcome[] = []
  for (let index = 0; index < runs; index += 1) {
    log(`${task.name}: starter, run ${index + 1} of ${runs}`)
    const tried = await attempt(bench, { baseline: recorded, seed: index })
    if (!tried.outcome.graded) row.problems.push(`the starter is not graded (${tried.outcome.code}): ${tried.outcome.message}${saidBy(tried)}`)
    else outcomes.push(tried.outcome)
    if (!tried.outcome.graded) break
  }
  row.starter = outcomes.map(({ value }) => value)
  row.seconds.starter = since(starterBegan)
  const live = outcomes.length > 0 && outcomes.every(({ baseline_runs, baseline }) => baseline_runs !== 0 && baseline !== recorded?.mean)
  const baseline = live || outcomes.length === 0 ? null : (recorded ?? measured(row.starter, interpreter))
  if (outcomes.length > 0) row.baseline = baseline === null ? { ...spreadOf(outcomes.map((outcome) => outcome.baseline)), runs: outcomes.length, live } : { mean: baseline.mean, deviation: baseline.deviation, runs: baseline.runs.length, live }
  if (baseline !== null && recorded === null) {
    if (updateBaseline && outcomes.length === runs) await writeBaseline(task, profile, baseline)
    else row.problems.push(`there is no baseline for ${profile} yet. Type: kymo task check ${task.name} --profile ${profile} --update-baseline`)
  }
  if (recorded !== null && !live) {
    const far = farFrom(recorded, row.starter, measured(row.starter, interpreter).versions)
    if (far !== undefined) row.problems.push(`${far}. If the starter or the data changed on purpose: kymo task check ${task.name} --profile ${profile} --update-baseline`)
  }

  if (manifest.reference === undefined) row.problems.push('there is no reference solution: name one under reference')
  else {
    log(`${task.name}: reference`)
    const referenceBegan = performance.now()
    const tried = await attempt(bench, { overlay: manifest.reference, baseline, seed: runs })
    const { outcome } = tried
    row.seconds.reference = since(referenceBegan)
    if (!outcome.graded) row.problems.push(`the reference is not graded (${outcome.code}): ${outcome.message}${saidBy(tried)}`)
    else {
      const judgement = judged(outcome, task)
      row.reference = { value: outcome.value, ...judgement, bound: chanceBound(outcome, manifest.metric.higher_is_better) ?? null }
      if (!judgement.success) row.problems.push(`the reference is no success: ${outcome.value} against a baseline of ${outcome.baseline}`)
    }
  }

  const forgeriesBegan = performance.now()
  for (const forgery of manifest.forged.filter(({ profiles }) => profiles.includes(profile))) {
    log(`${task.name}: ${forgery.file}`)
    const tried = await attempt(bench, { overlay: forgery.file, run: forgery.run, baseline, seed: runs + 1, measure: forMeasure(manifest) })
    const checked = checkForgery(forgery, tried, task)
    row.forgeries.push(checked)
    if (!checked.held) row.problems.push(`${forgery.file} (${forgery.attempt}) should end with ${forgery.expect} and ended with ${checked.found}: ${tried.outcome.message}${saidBy(tried)}`)
  }
  row.seconds.forgeries = since(forgeriesBegan)
  row.seconds.total = since(began)
  row.ok = row.problems.length === 0
  return row
}

/** What never answers and what remembers its first answer shows itself soon. */
const forMeasure = ({ grading }: Task['manifest']): Grading['measure'] => ({ repeats: Math.min(2, grading.repeats), call_seconds: Math.min(20, grading.call_seconds) })

const judged = (outcome: GradingOutcome, { manifest }: Task): { improvement: number; success: boolean } =>
  judge(outcome, { higher_is_better: manifest.metric.higher_is_better, success_improvement: manifest.success_improvement })

function checkForgery({ file, attempt: what, expect }: Forgery, { outcome, script }: Attempted, task: Task): CheckedForgery {
  const found = !outcome.graded ? outcome.code : judged(outcome, task).success ? 'a success' : 'no_gain'
  return { file, attempt: what, expect, found, held: found === expect, value: outcome.graded ? outcome.value : null, said: lastLine(script) }
}

const lastLine = (script: Attempted['script']): string => (script === null ? '' : (Buffer.from(script.stderr.bytes).toString().trim().split('\n').at(-1) ?? '').slice(0, 2000))

/** How the script ended, for people who look for the reason. */
function saidBy({ script }: Attempted): string {
  if (script === null || (script.reason === 'exited' && script.exitCode === 0)) return ''
  const said = Buffer.from(script.stderr.bytes).toString().trim().split('\n').slice(-4).join(' | ')
  return `. Its script ended with ${script.reason === 'exited' ? `exit code ${script.exitCode}` : script.reason}${said === '' ? '' : `: ${said}`}`
}

function measured(runs: number[], interpreter: { version: string; packages: Record<string, string> }): MeasuredBaseline {
  return { runs, ...spreadOf(runs), versions: { python: interpreter.version, ...interpreter.packages }, measured: new Date().toISOString().slice(0, 10) }
}
