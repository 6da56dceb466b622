import { z } from 'zod'
import type { AgentEntry } from '../../logic.ts'
import { PROMPTED_ACTIONS, entriesField, textFormatFields } from '../text-format/index.ts'
import { research } from './machine.ts'
import { RESEARCH_ENTRIES } from './style.ts'

const config = z.strictObject({
  ...textFormatFields({ max_steps_in_context: 3, max_observation_steps_in_context: 3, observation_limit: 5000 }),
  entries: entriesField(RESEARCH_ENTRIES),
  strict_entries: z.boolean().default(true).describe('a reply that lacks one of the entries is asked for again'),
  retrieval: z.boolean().default(false).describe('keep a research log of every step, and look up in it what the model no longer sees'),
})

/** The paper's own agent. */
export const researchAgent: AgentEntry = {
  name: 'research',
  description: 'the paper\'s agent: reflects, keeps a research plan, checks its facts, then acts',
  logic: research, config, actions: PROMPTED_ACTIONS, model: true,
  // There is something to reflect on only where a log is kept.
  actionsWith: ({ retrieval }) => (retrieval === true ? ['Reflection'] : []),
}
