import type { AgentEntry } from '../../logic.ts'
import { PROMPTED_ACTIONS } from '../text-format/index.ts'
import { autogptConfig } from './config.ts'
import { autogpt } from './machine.ts'

/** The paper's Auto-GPT baseline, through the environment like everybody else. */
export const autogptAgent: AgentEntry = {
  name: 'autogpt',
  description: 'Auto-GPT\'s loop: goals, thoughts with self-criticism and a command as JSON, a running summary',
  logic: autogpt,
  config: autogptConfig,
  actions: PROMPTED_ACTIONS,
  model: true,
}
