import { z } from 'zod'

/** Settings of the LangChain baseline. */
export const langchainReactConfig = z.strictObject({
  max_parse_errors: z.int().min(0).max(50).default(5).describe('replies in a row that cannot be read, each answered within the agent\'s own loop, before one costs a step'),
  max_invalid: z.int().min(1).max(20).default(3).describe('how many such steps in a row end the run'),
  observation_limit: z.int().min(0).default(0).describe('characters of an observation above which the scratchpad keeps its beginning and its end only; 0: it keeps everything'),
})
export type LangchainReactConfig = z.infer<typeof langchainReactConfig>
