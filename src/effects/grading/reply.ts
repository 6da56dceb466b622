import { z } from 'zod'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { KymoError } from '../../../schemas/errors.ts'
import type { GradingOutcome } from '../../../schemas/generated/events.ts'
import { spreadOf } from '../../../schemas/task-data.ts'
import type { MeasuredBaseline } from '../../../schemas/task-data.ts'

const paperSchema = z.object({ metric: z.string(), value: z.number(), baseline: z.number(), improvement: z.number(), note: z.string() })

const replySchema = z.discriminatedUnion('graded', [
  z.object({
    graded: z.literal(true), code: z.string(), message: z.string(), value: z.number(),
    /** measured by the evaluator itself, beside the submission; left out where the starter's recorded scores are the baseline */
    baseline: z.number().nullish(), baseline_runs: z.array(z.number()).min(1).optional(),
    details: z.record(z.string(), z.json()), paper: z.array(paperSchema),
  }),
  z.object({ graded: z.literal(false), code: z.string().min(1), message: z.string().min(1), details: z.record(z.string(), z.json()), paper: z.array(paperSchema) }),
])

/**
 * An evaluator's answer as an outcome. The baseline is the evaluator's own where it measured one, else what the starter was recorded to
 * reach (null: nobody measured it). Throws KYMO_GRADER when it is none: that is the evaluator's fault, never the submission's.
 */
export function parseReply(text: string, evaluator: string, recorded: MeasuredBaseline | null): GradingOutcome {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new KymoError('KYMO_GRADER', `the evaluator ${evaluator} did not answer with one JSON document but with: ${excerpt(text)}. Let it end through grade() of kymo_task`, { cause })
  }
  const result = replySchema.safeParse(json)
  if (!result.success) throw new KymoError('KYMO_GRADER', `the evaluator ${evaluator} answered with JSON that is no score: ${z.prettifyError(result.error)}. See tasks/README.md`)
  const { graded, code, message, details, paper } = result.data
  const common = { graded, code, message, details: canonicalJson(details), paper }
  if (!result.data.graded) return { ...common, value: 0, baseline: 0 }
  return { ...common, value: result.data.value, ...baselineOf(result.data, recorded) }
}

type Baseline = Pick<GradingOutcome, 'baseline' | 'baseline_deviation' | 'baseline_runs'>

function baselineOf({ baseline, baseline_runs }: { baseline?: number | null | undefined; baseline_runs?: number[] | undefined }, recorded: MeasuredBaseline | null): Baseline {
  const spread = (mean: number, runs: readonly number[]): Baseline => {
    const { deviation } = spreadOf(runs)
    return { baseline: mean, baseline_runs: runs.length, ...(deviation === null ? {} : { baseline_deviation: deviation }) }
  }
  if (baseline_runs !== undefined) return spread(baseline ?? spreadOf(baseline_runs).mean, baseline_runs)
  if (baseline !== undefined && baseline !== null && baseline !== recorded?.mean) return { baseline }
  return recorded === null ? { baseline: 0, baseline_runs: 0 } : spread(recorded.mean, recorded.runs)
}

const excerpt = (text: string): string => (text.trim() === '' ? 'nothing' : JSON.stringify(text.slice(0, 300)))
