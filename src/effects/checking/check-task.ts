import { chanceBound } from '../../../actors/index.ts'
import { isKymoError, messageOf } from '../../../schemas/errors.ts'
import type { GradingOutcome } from '../../../schemas/generated/events.ts'
import { spreadOf } from '../../../schemas/task-data.ts'
import type { MeasuredBaseline } from '../../../schemas/task-data.ts'
import type { Forgery, ProfileName } from '../../../schemas/task.ts'
import type { MachineRoom } from '../machine-room.ts'
import { readBaselines, readDataLock, taskFor, writeBaseline } from '../tasks/index.ts'
import type { Task } from '../tasks/index.ts'
import { attempt } from './attempt.ts'
import type { Attempt, Attempted, Bench } from './attempt.ts'
import { checkForgery, forgeryMeasure, judged, saidBy } from './check-forgery.ts'
import type { CheckedForgery } from './check-forgery.ts'
import { farFrom } from './far-from.ts'
import { openBench } from './open-bench.ts'
import { turns as newTurns } from './turns.ts'
import type { Turns } from './turns.ts'

export interface CheckOptions {
  profile: ProfileName
  room: MachineRoom
  /** how often the starter is run */
  runs: number
  /** attempts at this and other tasks take turns; by default one after the other */
  turns?: Turns
  /** leave starter and reference out: forgeries against the recorded baseline */
  only?: 'forgeries'
  /** take what the starter reaches now as the baseline, and write it into baseline.json */
  updateBaseline?: boolean
  log?: (line: string) => void
  signal?: AbortSignal
}

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
  /** what each part took, without waiting for its turn; `total` is their sum */
  seconds: { prepare: number; starter: number; reference: number; forgeries: number; total: number }
}

/**
 * Does with a task what its users and cheats will do: prepares it, runs the starter several times, the reference and every forgery, and
 * judges what comes out. Throws for what hinders the check itself: no sandbox, no interpreter, no data; KYMO_CANCELLED.
 */
export async function checkTask(given: Task, { profile, room, runs, turns = newTurns(1), only, updateBaseline = false, log = () => undefined, signal }: CheckOptions): Promise<CheckedTask> {
  const task = taskFor(given, profile)
  const { manifest } = task
  const began = performance.now()
  const bench = await openBench({ task, profile, room, turns, log, signal })
  const prepared = (performance.now() - began) / 1000
  const unlocked = bench.data !== undefined && (await readDataLock(task))[profile]?.public === undefined
  const recorded = updateBaseline ? null : (await readBaselines(task))[profile]
  const tried = (what: string, how: Attempt, alone: boolean): Promise<Tried> => turns.take(() => {
    log(`${task.name}: ${what}`)
    return attemptOrFailure(bench, how)
  }, { alone })

  const alone = wantsMachine(task, profile)
  const starting = Promise.all(Array.from({ length: only === undefined ? runs : 0 }, (_, index) => tried(`starter, run ${index + 1} of ${runs}`, { baseline: recorded, seed: index }, alone.scores)))
  // Reference and forgeries are judged against what is recorded; where nothing is, what the starter reaches comes first.
  const baseline = recorded ?? measuredBy(graded(await starting), null, bench)
  const referring = only === undefined && manifest.reference !== undefined ? tried('reference', { overlay: manifest.reference, baseline, seed: runs }, alone.scores) : undefined
  const notes: string[] = []
  const forging = manifest.forged.filter(({ profiles }) => profiles.includes(profile)).map(async (forgery) => {
    const how: Attempt = { overlay: forgery.file, run: forgery.run, baseline, seed: runs + 1, measure: forgeryMeasure(manifest) }
    const end = await tried(forgery.file, how, forgery.expect === 'no_gain' ? alone.scores : alone.anything)
    if (!manifest.grading.starter_timed || forgery.expect !== 'no_gain' || !graded([end]).some((outcome) => judged(outcome, task).success)) return { forgery, end }
    // One in twenty of what is as fast as the starter passes for faster by chance: the full number of measurements decides.
    notes.push(`${forgery.file} looked like a success and was measured once more, ${manifest.grading.repeats} times`)
    const again = await tried(`${forgery.file}, once more`, { ...how, seed: runs + 2, measure: {} }, alone.scores)
    return { forgery, end: { ...again, seconds: end.seconds + again.seconds } }
  })
  await Promise.allSettled([starting, referring, ...forging])
  const [starter, reference, forgeries] = [await starting, await referring, await Promise.all(forging)]

  const row: CheckedTask = {
    task: task.name, profile, metric: manifest.metric, ok: true, problems: [], notes, starter: graded(starter).map(({ value }) => value), baseline: null, reference: null, forgeries: [],
    seconds: { prepare: prepared, starter: sum(starter), reference: reference?.seconds ?? 0, forgeries: sum(forgeries.map(({ end }) => end)), total: 0 },
  }
  if (unlocked) row.problems.push(`what the data of ${profile} are is not written down yet. Type: kymo task prepare ${task.name} --profile ${profile} --update-lock`)
  if (only === undefined) judgeStarter(row, starter, { recorded, baseline, bench })
  else if (recorded !== null) row.baseline = { mean: recorded.mean, deviation: recorded.deviation, runs: recorded.runs.length, live: false }
  if (updateBaseline && baseline !== null && row.starter.length === runs) await writeBaseline(task, profile, baseline)
  else if (recorded === null && (baseline !== null || (only !== undefined && !manifest.grading.starter_timed))) {
    row.problems.push(`there is no baseline for ${profile} yet. Type: kymo task check ${task.name} --profile ${profile} --update-baseline`)
  }
  if (only === undefined) judgeReference(row, reference, task)
  for (const { forgery, end } of forgeries) judgeForgery(row, forgery, end, task)
  row.seconds.total = prepared + row.seconds.starter + row.seconds.reference + row.seconds.forgeries
  row.ok = row.problems.length === 0
  return row
}

/** How an attempt ended; `failed`: the grader itself did not answer, and says why. */
interface Tried { seconds: number; attempted?: Attempted; failed?: string }

async function attemptOrFailure(bench: Bench, how: Attempt): Promise<Tried> {
  const began = performance.now()
  try {
    const attempted = await attempt(bench, how)
    return { attempted, seconds: (performance.now() - began) / 1000 }
  } catch (error) {
    if (!isKymoError(error, 'KYMO_GRADER')) throw error
    return { failed: messageOf(error), seconds: (performance.now() - began) / 1000 }
  }
}

/**
 * What must not share the machine: scripts that take several cores or a GPU, and where time is the score everything that may get one. A
 * forgery that is to be refused is refused at any speed.
 */
function wantsMachine({ manifest }: Task, profile: ProfileName): { scores: boolean; anything: boolean } {
  const { gpu, script } = manifest.profiles[profile]
  const anything = gpu > 0 || script.threads > 1
  return { scores: anything || manifest.grading.starter_timed, anything }
}

const graded = (ends: readonly Tried[]): GradingOutcome[] => ends.flatMap(({ attempted }) => (attempted?.outcome.graded === true ? [attempted.outcome] : []))
const sum = (ends: ReadonlyArray<{ seconds: number }>): number => ends.reduce((total, { seconds }) => total + seconds, 0)

/** Measured beside each submission by the evaluator itself. */
const isLive = (outcomes: readonly GradingOutcome[], recorded: MeasuredBaseline | null): boolean => outcomes.length > 0 && outcomes.every(({ baseline_runs, baseline }) => baseline_runs !== 0 && baseline !== recorded?.mean)

/** A baseline from what the starter reached; null where there is none to record. */
function measuredBy(outcomes: readonly GradingOutcome[], recorded: MeasuredBaseline | null, { interpreter }: Bench): MeasuredBaseline | null {
  if (outcomes.length === 0 || isLive(outcomes, recorded)) return null
  const runs = outcomes.map(({ value }) => value)
  return { runs, ...spreadOf(runs), versions: { python: interpreter.version, ...interpreter.packages }, measured: new Date().toISOString().slice(0, 10) }
}

function judgeStarter(row: CheckedTask, ends: readonly Tried[], { recorded, baseline, bench }: { recorded: MeasuredBaseline | null; baseline: MeasuredBaseline | null; bench: Bench }): void {
  const wrong = new Set(ends.flatMap(({ attempted, failed }) => {
    if (attempted === undefined) return [`the starter could not be graded: ${failed ?? ''}`]
    return attempted.outcome.graded ? [] : [`the starter is not graded (${attempted.outcome.code}): ${attempted.outcome.message}${saidBy(attempted)}`]
  }))
  row.problems.push(...wrong)
  const outcomes = graded(ends)
  const live = isLive(outcomes, recorded)
  if (live) row.baseline = { ...spreadOf(outcomes.map((outcome) => outcome.baseline)), runs: outcomes.length, live }
  else if (baseline !== null) row.baseline = { mean: baseline.mean, deviation: baseline.deviation, runs: baseline.runs.length, live }
  const now = measuredBy(outcomes, recorded, bench)
  const far = recorded === null || now === null ? undefined : farFrom(recorded, now.runs, now.versions)
  if (far !== undefined) row.problems.push(`${far}. If the starter or the data changed on purpose: kymo task check ${row.task} --profile ${row.profile} --update-baseline`)
}

function judgeReference(row: CheckedTask, end: Tried | undefined, task: Task): void {
  if (end?.attempted === undefined) {
    row.problems.push(end === undefined ? 'there is no reference solution: name one under reference' : `the reference could not be graded: ${end.failed ?? ''}`)
    return
  }
  const { outcome } = end.attempted
  if (!outcome.graded) {
    row.problems.push(`the reference is not graded (${outcome.code}): ${outcome.message}${saidBy(end.attempted)}`)
    return
  }
  const judgement = judged(outcome, task)
  row.reference = { value: outcome.value, ...judgement, bound: chanceBound(outcome, row.metric.higher_is_better) ?? null }
  if (!judgement.success) row.problems.push(`the reference is no success: ${outcome.value} against a baseline of ${outcome.baseline}`)
}

function judgeForgery(row: CheckedTask, forgery: Forgery, { attempted, failed = '', seconds }: Tried, task: Task): void {
  if (attempted === undefined) {
    row.forgeries.push({ file: forgery.file, attempt: forgery.attempt, expect: forgery.expect, found: 'no answer', held: false, value: null, said: failed.split('\n').at(-1) ?? '', seconds })
    row.problems.push(`${forgery.file} (${forgery.attempt}) should end with ${forgery.expect} and was not graded at all: ${failed}`)
    return
  }
  const { checked, problem } = checkForgery(forgery, attempted, seconds, task)
  row.forgeries.push(checked)
  if (problem !== undefined) row.problems.push(problem)
}
