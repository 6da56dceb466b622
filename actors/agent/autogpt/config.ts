import { z } from 'zod'

/** Settings of the Auto-GPT baseline. Windows are bounded, so that what the machine keeps is, too. */
export const autogptConfig = z.strictObject({
  goals: z.array(z.string().min(1).max(2000)).max(20).default([]).describe('goals in place of the only one, which is to solve the research problem'),
  steps_in_context: z.int().min(1).max(10).default(5).describe('how many of the last steps stay in sight when older ones are folded into the running summary; that happens each time there are twice as many'),
  observation_limit: z.int().min(500).default(10_000).describe('characters of a result above which only its beginning and its end are shown'),
  max_retries: z.int().min(0).max(20).default(3).describe('how often a reply that cannot be used is asked for again before it costs a step'),
  max_invalid: z.int().min(1).max(20).default(3).describe('how many such steps in a row end the run'),
})
export type AutogptConfig = z.infer<typeof autogptConfig>
