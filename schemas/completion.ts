import { z } from 'zod'
import { canonicalJson } from './canonical-json.ts'
import { readOnce } from './read-once.ts'
import type { Role } from './role-names.ts'

export { ROLES } from './role-names.ts'
export type { Role } from './role-names.ts'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const dollars = z.number().nonnegative()
const rates = { input: dollars, output: dollars, cached: dollars.optional(), cache_write: dollars.optional() }

/** US dollars per million tokens; `above` holds for a whole request whose prompt has more tokens than that. */
export const modelPrice = z.strictObject({ ...rates, above: z.strictObject({ tokens: z.number().positive(), ...rates }).optional(), as_of: z.string().optional(), source: z.string().optional() })
export type ModelPrice = z.infer<typeof modelPrice>

/** A role's model and how it is asked: recorded in run.started. Times in milliseconds. */
export const roleSettings = z.strictObject({
  provider: z.string(),
  model: z.string(),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.number().int().positive().default(4000),
  base_url: z.string().optional(),
  /** ask for the reply as a stream: live output, and no idle connection on long replies */
  stream: z.boolean().optional(),
  /** answer from the store's request cache where the same request was answered before */
  cache: z.boolean().optional(),
  timeout_ms: z.number().positive().optional(),
  /** how long retries of one completion may go on */
  patience_ms: z.number().nonnegative().optional(),
  /** scripted only: blob with the replies, or the path of a module */
  replies: hash.optional(),
  module: z.string().optional(),
  /** scripted only: how long an answer takes */
  delay_ms: z.number().nonnegative().optional(),
  /** recorded only: list of answers, and the provider that gave them */
  answers: hash.optional(),
  as: z.string().optional(),
  /** US dollars per million tokens: of the price list when the run began, or as the person says; absent, the cost is unknown */
  price: modelPrice.optional(),
  /** how much a reasoning model thinks before it answers, in the provider's own words (low, medium, high ...) */
  effort: z.string().optional(),
  /** parameters that this model is known to refuse (see CompletionSpec.omit) */
  omit: z.array(z.string()).optional(),
  /** who keeps the account of what is used */
  account: z.string().optional(),
})
export type RoleSettings = z.infer<typeof roleSettings>

/** The models of a run. */
export const llmSettings = z.strictObject({ model: roleSettings, fast: roleSettings, edit: roleSettings })
export type LlmSettings = z.infer<typeof llmSettings>

/** Parameters of a completion as a request carries them: a role's settings and what this request adds. Loose: the first version put more there. */
export const completionParams = z.looseObject({
  ...roleSettings.shape,
  provider: z.string().default('scripted'),
  model: z.string().default('scripted'),
  max_tokens: z.number().int().positive().optional(),
  stop: z.array(z.string().min(1)).max(4).optional(),
})

/** The models of a run, from their canonical JSON; the same words are read once. Throws when the run has no model. */
export const readModels: (llm: string) => LlmSettings = readOnce((llm) => llmSettings.parse(JSON.parse(llm)))
/** Parameters of a completion, from their canonical JSON; the same words are read once. */
export const readCompletionParams: (params: string) => z.infer<typeof completionParams> = readOnce((params) => completionParams.parse(JSON.parse(params)))

/** How a role's model is asked, as a part of completion.requested; the same words are stored once. Throws when the run has no model. */
export const settingsFor = (llm: string, role: Role, extra: { stop?: string[] } = {}): { params: ''; settings: { text: string } } =>
  ({ params: '', settings: { text: canonicalJson({ ...readModels(llm)[role], ...extra }) } })

const usage = z.strictObject({ input: z.number().nonnegative().default(0), output: z.number().nonnegative().default(0), cached: z.number().nonnegative().default(0) })
const toolCall = z.strictObject({ id: z.string().optional(), name: z.string(), arguments: z.union([z.record(z.string(), z.unknown()), z.string()]) })

/** A reply of the scripted provider: a text, a whole reply, or a failure to rehearse (without a `code` one of its own). */
export const scriptedReply = z.union([
  z.string(),
  z.strictObject({ error: z.string(), code: z.string().optional(), retryable: z.boolean().optional(), retry_after_ms: z.number().nonnegative().optional(), parameter: z.string().optional() }),
  z.strictObject({
    text: z.string().default(''), tool_calls: z.array(toolCall).default([]), stop_reason: z.enum(['stop', 'stop_sequence', 'length', 'tool_calls', 'refusal', 'content_filter']).optional(), usage: usage.optional(), model: z.string().optional(),
    delay_ms: z.number().nonnegative().optional(),
  }),
])
export type ScriptedReply = z.infer<typeof scriptedReply>

/** A reply, or one for each try of the same completion; the last one stays. */
const scriptedTries = z.union([scriptedReply, z.array(scriptedReply).min(1)])
/** The first rule answers whose `when` (a regular expression) is found in the last message; one without it always does. */
const scriptedRule = z.strictObject({ when: z.string().optional(), reply: scriptedTries })

/**
 * Replies of the scripted provider: `replies` answer the role `model` one after the other, the rules of a role answer whatever fits.
 * The rules of `model` answer where there is no reply left. A bare list is the first version's.
 */
export const scriptedReplies = z.union([
  z.array(scriptedTries).transform((replies) => ({ replies, model: [], fast: [], edit: [] })),
  z.strictObject({ replies: z.array(scriptedTries).default([]), model: z.array(scriptedRule).default([]), fast: z.array(scriptedRule).default([]), edit: z.array(scriptedRule).default([]) }),
])
export type ScriptedReplies = z.infer<typeof scriptedReplies>

/** Levels of shortening after a context overflow, 1 to this. */
export const SHORTEST = 4

/*
 * Codes of failures (Failure.code of effect.failed and completion.delivered):
 *   asked again after a pause   rate_limited overloaded server_error timeout connection bad_reply empty_reply
 *   asked again, changed        context_overflow (shorter, level by level), unsupported_parameter (without it)
 *   the agent cannot go on      authentication permission quota_exhausted model_not_found bad_request; from the user's side no_key no_base_url
 *                               unknown_provider recorded_miss no_replies no_reply_left bad_script; cancelled
 *   no reply to work with       refusal content_filter
 */

/** Codes of failures that may go better when the same is asked again: the machine pauses and does so. */
export const RETRIED: ReadonlySet<string> = new Set(['rate_limited', 'overloaded', 'server_error', 'timeout', 'connection', 'bad_reply', 'empty_reply'])

/** True when an agent cannot go on after a completion that failed so; a refusal and a filtered reply count as replies that it cannot use. */
export const isFatal = (code: string): boolean => code !== 'refusal' && code !== 'content_filter'
