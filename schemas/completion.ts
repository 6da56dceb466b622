import { z } from 'zod'

/** Parameters of a completion as a request carries them. The `scripted` provider answers from a recorded list of replies. */
export const completionParams = z.looseObject({
  provider: z.string().default('scripted'),
  model: z.string().default('scripted'),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.number().int().positive().optional(),
  /** scripted only: blob with a JSON list of replies */
  replies: z.string().regex(/^[0-9a-f]{64}$/).optional(),
})

/** A reply of the scripted provider: a text, or a failure to rehearse. */
export const scriptedReply = z.union([z.string(), z.strictObject({ error: z.string(), retryable: z.boolean().default(false) })])
