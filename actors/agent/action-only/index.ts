import { z } from 'zod'
import type { AgentEntry } from '../../logic.ts'
import { PROMPTED_ACTIONS, textFormatFields } from '../text-format/index.ts'
import { actionOnly } from './machine.ts'

/** Action and Action Input, and no thought between. */
export const actionOnlyAgent: AgentEntry = {
  name: 'action-only',
  description: 'acts without thinking aloud: Action, Action Input',
  logic: actionOnly, config: z.strictObject(textFormatFields({ max_steps_in_context: 3, max_observation_steps_in_context: 3, observation_limit: 0 })), actions: PROMPTED_ACTIONS, model: true,
}
