import { z } from 'zod'
import type { AgentEntry } from '../../logic.ts'
import { PROMPTED_ACTIONS, textFormatFields } from '../text-format/index.ts'
import { react } from './machine.ts'

/** Thought, Action, Action Input: nothing is remembered but the last steps. */
export const reactAgent: AgentEntry = {
  name: 'react',
  description: 'thinks, acts, observes: Thought, Action, Action Input',
  logic: react, config: z.strictObject(textFormatFields({ max_steps_in_context: 3, max_observation_steps_in_context: 3, observation_limit: 0 })), actions: PROMPTED_ACTIONS, model: true,
}
