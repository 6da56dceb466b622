import { z } from 'zod'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const ref = z.object({ ref: hash, bytes: z.number().int().nonnegative() })
const optionalRef = ref.exactOptional()
const tokens = z.number().nonnegative()

/** A completion as its effect asked for it (proto: CompletionSpec): enough to build its request again. */
const spec = z.object({
  provider: z.string(), model: z.string(), params: z.string(), role: z.string(), omit: z.array(z.string()),
  base: optionalRef, appended: optionalRef, tools: optionalRef, settings: optionalRef, nth: z.number().int().nonnegative().exactOptional(), shorten: z.number().int().nonnegative().exactOptional(),
})

/** What a model answered to one request, or how the provider failed for good. */
export const recordedAnswer = z.object({
  /** the exact request, as the provider's `key` */
  key: z.string().min(1),
  /** where it stands in the run it comes from */
  seq: z.number().int().nonnegative(),
  spec,
  reply: z.object({
    text: optionalRef, tool_calls: optionalRef, raw: optionalRef, stop_reason: z.enum(['stop', 'stop_sequence', 'length', 'tool_calls', 'refusal', 'content_filter']), served_model: z.string(),
    input: tokens, output: tokens, cached: tokens, cache_write: tokens, provider_request: z.string(),
  }).optional(),
  failure: z.object({ source: z.string(), code: z.string(), message: z.string(), parameter: z.string().exactOptional(), raw: optionalRef }).optional(),
}).refine(({ reply, failure }) => (reply === undefined) !== (failure === undefined), 'an answer is a reply or a failure')

export type RecordedAnswer = z.infer<typeof recordedAnswer>
export type StoredRef = z.infer<typeof ref>

/** The answers of one run, in the order of its questions. */
export interface Recording {
  run: string
  /** the run's models, as run.started names them */
  llm: string
  answers: RecordedAnswer[]
}
