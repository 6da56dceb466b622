import { spreadOf } from '../../../schemas/task-data.ts'
import type { MeasuredBaseline } from '../../../schemas/task-data.ts'

/** Two means of few runs differ by this many standard errors in one of a thousand cases or less often, by degrees of freedom; a careful, two-sided Student's t. */
const T_999 = [636.6, 31.6, 12.92, 8.61, 6.87, 5.96, 5.41, 5.04, 4.78, 4.59]
const t999 = (degrees: number): number => T_999[degrees - 1] ?? 4.5

/** What libraries of other versions may shift, and what may be left to rounding with the same ones. */
const OTHER_VERSIONS = 0.1
const SAME_VERSIONS = 0.02

/** A sentence when what the starter reaches now cannot be what was recorded; undefined when it can. */
export function farFrom(recorded: MeasuredBaseline, runs: readonly number[], versions: Readonly<Record<string, string>>): string | undefined {
  if (runs.length === 0) return undefined
  const now = spreadOf(runs)
  const degrees = recorded.runs.length + runs.length - 2
  const pooled = degrees < 1 ? 0 : Math.sqrt(((recorded.deviation ?? 0) ** 2 * (recorded.runs.length - 1) + (now.deviation ?? 0) ** 2 * (runs.length - 1)) / degrees)
  const chance = degrees < 1 ? 0 : t999(degrees) * pooled * Math.sqrt(1 / recorded.runs.length + 1 / runs.length)
  const same = Object.keys({ ...recorded.versions, ...versions }).every((name) => recorded.versions[name] === versions[name])
  const allowed = Math.max(chance, Math.abs(recorded.mean) * (same ? SAME_VERSIONS : OTHER_VERSIONS))
  if (Math.abs(now.mean - recorded.mean) <= allowed) return undefined
  return `the starter reaches ${now.mean} on average now, and ${recorded.mean} was recorded (${recorded.measured}${same ? '' : ', with other versions'}); ${allowed.toPrecision(3)} apart would be chance`
}
