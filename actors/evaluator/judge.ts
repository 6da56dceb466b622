import type { GradingOutcome, TaskGrading } from '../../schemas/generated/events.ts'

/** Relative change against the baseline, positive when better (paper, section 3: success is a change above 10 %). */
export const improvementOf = (value: number, baseline: number, higherIsBetter: boolean): number => {
  if (baseline === 0) return 0
  const change = (value - baseline) / Math.abs(baseline)
  return higherIsBetter ? change : -change
}

/** What a new score of the starter exceeds in one of twenty cases, by degrees of freedom: Student's t at 95 %, one-sided. */
const T_95 = [6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.74, 1.734, 1.729, 1.725]

/** The quantile for larger samples, to three digits: the normal one and the first terms of its expansion. */
const studentT = (degrees: number): number => T_95[degrees - 1] ?? 1.6449 + 1.5238 / degrees + 1.4208 / degrees ** 2

type Measured = Pick<GradingOutcome, 'baseline' | 'baseline_deviation' | 'baseline_runs'>

/**
 * The score up to which the starter itself comes by chance: a 95 % prediction bound for one more run, from mean, sample deviation and
 * number of runs. Undefined when the spread is not known. A deviation of 0 makes it the mean: any difference counts.
 */
export function chanceBound({ baseline, baseline_deviation: deviation, baseline_runs: runs }: Measured, higherIsBetter: boolean): number | undefined {
  if (deviation === undefined || runs === undefined || runs < 2) return undefined
  const reach = studentT(Math.floor(runs) - 1) * deviation * Math.sqrt(1 + 1 / runs)
  return higherIsBetter ? baseline + reach : baseline - reach
}

export interface Judgement { improvement: number; success: boolean }

/** Improvement over the baseline, and whether it counts: above the task's threshold, and beyond what the baseline reaches by chance. Without a baseline (measured 0 times) nothing does. */
export function judge(outcome: Pick<GradingOutcome, 'value'> & Measured, { higher_is_better, success_improvement }: Pick<TaskGrading, 'higher_is_better' | 'success_improvement'>): Judgement {
  if (outcome.baseline_runs === 0) return { improvement: 0, success: false }
  const improvement = improvementOf(outcome.value, outcome.baseline, higher_is_better)
  const bound = chanceBound(outcome, higher_is_better)
  const beyond = bound === undefined || (higher_is_better ? outcome.value > bound : outcome.value < bound)
  return { improvement, success: improvement > success_improvement && beyond }
}
