import { z } from 'zod'
import type { Entry } from '../prompt/index.ts'

/** An entry's name as a person writes it, or with what the model is told to write there. */
const entry = z.union([z.string(), z.strictObject({ name: z.string(), guide: z.string().max(600) })])
  .transform((value): Entry => (typeof value === 'string' ? { name: value, guide: GUIDES[value] ?? `your ${value.toLowerCase()}` } : value))
  .refine(({ name }) => /^[\p{L}\p{N}][\p{L}\p{N} &/'-]{0,39}$/u.test(name) && !['action', 'action input', 'observation'].includes(name.toLowerCase()), 'an entry is named in letters and spaces, 40 at most, and not Action, Action Input or Observation, which are always there')

/** What the entries that Kymo knows are for. */
export const GUIDES: Readonly<Record<string, string>> = {
  Reflection: 'what the last observation means: what it shows, what went wrong and why, what it changes; at the first step, that there is nothing yet to look back on',
  'Research Plan and Status': 'the whole plan, carried forward and brought up to date: the steps done with their results in short, the step under way, the steps to come. Put ** around what changed since your last reply. Older replies leave your sight: what is not here will be forgotten',
  'Fact Check': 'go through the statements of fact that you have just made or changed, and say for each whether an observation shows it (and which), or whether it is a guess',
  Thought: 'what you are about to do now, why this and not something else, and what result you expect',
}

export interface TextFormatDefaults { max_steps_in_context: number; max_observation_steps_in_context: number; observation_limit: number }

/** Settings of the agents that reply in entries of text. Windows are bounded, so that what a machine keeps is, too. */
export const textFormatFields = (defaults: TextFormatDefaults) => ({
  max_steps_in_context: z.number().int().min(1).max(30).default(defaults.max_steps_in_context).describe('how many of the last steps the model sees in full'),
  max_observation_steps_in_context: z.number().int().min(0).max(30).default(defaults.max_observation_steps_in_context).describe('of how many of them it sees the observation too; older observations are left out'),
  observation_limit: z.number().int().min(0).default(defaults.observation_limit).describe('characters of an observation above which the fast model summarises it; 0: never'),
  max_retries: z.number().int().min(0).max(20).default(5).describe('how often a reply that cannot be used is asked for again before it costs a step'),
  max_invalid: z.number().int().min(1).max(20).default(3).describe('how many such steps in a row end the run'),
  stop_at_observation: z.boolean().default(true).describe('the provider stops a reply where the model begins to invent an observation'),
  tell_steps: z.boolean().default(true).describe('the model is told how many steps it may take, and when few are left'),
})

export const entriesField = (names: readonly string[]) => z.array(entry).max(12).prefault([...names])
  .refine((entries) => new Set(entries.map(({ name }) => name.toLowerCase())).size === entries.length, 'two entries have the same name')
  .describe('what the model writes before each action, in this order: names, or {name, guide}')

/** All settings, as the machine reads them; an agent that lacks some has them at rest. */
export const textFormatConfig = z.object({
  ...textFormatFields({ max_steps_in_context: 3, max_observation_steps_in_context: 3, observation_limit: 0 }),
  entries: z.array(z.object({ name: z.string(), guide: z.string() })).optional(),
  strict_entries: z.boolean().default(false),
  retrieval: z.boolean().default(false),
})
export type TextFormatConfig = z.infer<typeof textFormatConfig>
