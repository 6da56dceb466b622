import { z } from 'zod'

export const toolCallingConfig = z.strictObject({
  max_turns_in_context: z.number().int().min(2).max(200).default(30).describe('replies with their results that the model sees at most; beyond that the older half is dropped at once, so that a provider\'s prompt cache is of use in between'),
  max_parallel: z.number().int().min(1).max(16).default(8).describe('tool calls of one reply that are carried out, in their order; each is a step'),
  observation_limit: z.number().int().min(200).default(20_000).describe('characters of an observation above which its middle is left out'),
  max_retries: z.number().int().min(0).max(20).default(3).describe('how often a reply without a tool call is asked for again before it costs a step'),
  max_invalid: z.number().int().min(1).max(20).default(3).describe('how many such steps in a row end the run'),
  tell_steps: z.boolean().default(true).describe('the model is told how many steps it may take, and when few are left'),
})
export type ToolCallingConfig = z.infer<typeof toolCallingConfig>
