import { z } from 'zod'
import { textArgument } from '../action-spec.ts'
import type { ActionSpec, Plan } from '../action-spec.ts'

/** Names under which the two things that one can do to the research log are recorded. */
const READ = 'Read Research Log'
const APPEND = 'Append to Research Log'

export const SUMMARY_LIMIT = 500

/** A model reads the whole research log; with nothing in it nobody is asked, or paid. */
const askAboutLog = (tool: string): Plan => ({ args, at, logged }) => {
  if (at === 0) return { kind: 'log', name: READ, ...(logged > 0 ? {} : { refused: { code: 'empty_log', sentence: 'The research log is still empty: there is nothing in it to look at.' } }) }
  return at === 1 ? { kind: 'tool', tool, args, log: true } : { kind: 'done' }
}

export const reflection: ActionSpec = {
  name: 'Reflection',
  description: 'Lets a model look back over the research log and reflect on what you name.',
  args: z.strictObject({ things_to_reflect_on: z.string().describe('what to reflect on, in detail') }),
  returns: 'the reflection',
  kind: 'composite', primitive: false,
  plan: askAboutLog('reflect'),
}

export const retrieval: ActionSpec = {
  name: 'Retrieval from Research Log',
  description: 'Lets a model gather what the research log knows that matters for your plan.',
  args: z.strictObject({ current_plan: z.string().describe('what you plan to do next; what matters for it is gathered') }),
  returns: 'a summary of the entries that matter',
  kind: 'composite', primitive: false,
  plan: askAboutLog('retrieve'),
}

export const appendSummary: ActionSpec = {
  name: 'Append Summary to Research Log',
  description: `Adds an entry to the research log, of at most ${SUMMARY_LIMIT} characters.`,
  args: z.strictObject({ content: z.string().min(1).max(SUMMARY_LIMIT).describe(`what was done and what came of it, in at most ${SUMMARY_LIMIT} characters`) }),
  returns: 'a confirmation',
  kind: 'composite', primitive: false,
  plan: ({ args, at }) => (at === 0 ? { kind: 'log', name: APPEND, note: textArgument(args, 'content') } : { kind: 'done' }),
}
