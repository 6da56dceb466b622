import { z } from 'zod'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { KymoError } from '../../../schemas/errors.ts'
import type { GradingOutcome } from '../../../schemas/generated/events.ts'

const paperSchema = z.object({ metric: z.string(), value: z.number(), baseline: z.number(), improvement: z.number(), note: z.string() })

const replySchema = z.discriminatedUnion('graded', [
  z.object({ graded: z.literal(true), code: z.string(), message: z.string(), value: z.number(), baseline: z.number(), details: z.record(z.string(), z.json()), paper: z.array(paperSchema) }),
  z.object({ graded: z.literal(false), code: z.string().min(1), message: z.string().min(1), details: z.record(z.string(), z.json()), paper: z.array(paperSchema) }),
])

/** An evaluator's answer as an outcome. Throws KYMO_GRADER when it is none: that is the evaluator's fault, never the submission's. */
export function parseReply(text: string, evaluator: string): GradingOutcome {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new KymoError('KYMO_GRADER', `the evaluator ${evaluator} did not answer with one JSON document but with: ${excerpt(text)}. Let it end through grade() of kymo_task`, { cause })
  }
  const result = replySchema.safeParse(json)
  if (!result.success) throw new KymoError('KYMO_GRADER', `the evaluator ${evaluator} answered with JSON that is no score: ${z.prettifyError(result.error)}. See tasks/README.md`)
  const { graded, code, message, details, paper } = result.data
  return { graded, code, message, value: graded ? result.data.value : 0, baseline: graded ? result.data.baseline : 0, details: canonicalJson(details), paper }
}

const excerpt = (text: string): string => (text.trim() === '' ? 'nothing' : JSON.stringify(text.slice(0, 300)))
