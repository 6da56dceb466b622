import { z } from 'zod'
import { roleSettings } from './completion.ts'
import { isSafePath } from './tree.ts'

/** Services that a task offers to scripts through a socket in their sandbox: what task.yaml says under `services`. */

const path = (what: string) => z.string({ error: `write ${what}` }).min(1).refine(isSafePath, { error: `write ${what} as a path without .. and without a leading slash` })
const whole = (what: string) => z.int({ error: `write a whole number: ${what}` }).min(1, { error: `write a whole number of at least 1: ${what}` })

const literature = z.strictObject({
  corpus: path('the file of paper records, below the prepared data: what agents see for their scripts, the answers when a submission is graded'),
  calls: whole('how many searches a script, or one graded input, may make').default(200),
})
const model = z.strictObject({
  local: path('the module that answers where no real model does, for example model.mjs'),
  calls: whole('how many questions a script, or one graded input, may ask').default(100),
  tokens: whole('how many tokens, in and out, it may use').default(200_000),
  answer_tokens: whole('how many tokens one answer may have').default(1000),
})

export const servicesSchema = z.strictObject({ literature: literature.optional(), model: model.optional() }, { error: 'write literature: and model:, or one of them' })
export type Services = z.infer<typeof servicesSchema>

/** The same as a run records it: whose task it is, and the model that answers (absent: the task's local one). */
export const serviceSettings = z.strictObject({
  task: z.string(), profile: z.enum(['small', 'full']), literature: literature.optional(), model: z.strictObject({ ...model.shape, settings: roleSettings.optional() }).optional(),
})
export type ServiceSettings = z.infer<typeof serviceSettings>

const count = z.number().nonnegative()

/** What was asked of services during one script or one grading, as recorded in the facts of its outcome. `refused`: calls that were faulty or beyond the budget. */
export const serviceFacts = z.strictObject({
  literature: z.strictObject({ calls: count, records: count, refused: count }).optional(),
  model: z.strictObject({ name: z.string(), calls: count, refused: count, failed: count, input_tokens: count, output_tokens: count, cost_usd: count }).optional(),
})
export type ServiceFacts = z.infer<typeof serviceFacts>

/** A script's question to the model. */
export const modelQuestion = z.strictObject({
  messages: z.array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).min(1).max(100),
  max_tokens: z.number().int().positive().optional(),
})

/** A paper as a literature service knows it: one line of a corpus. */
export const paperRecord = z.strictObject({
  id: z.string().regex(/^\d{4}\.\d{5}$/), title: z.string().min(1), authors: z.array(z.string().min(1)).min(1), published: z.iso.date(), updated: z.iso.date(), summary: z.string(),
  categories: z.array(z.string()).min(1), journal: z.string().optional(), doi: z.string().optional(),
})
export type PaperRecord = z.infer<typeof paperRecord>
