import type { AgentEntry } from '../../logic.ts'
import { toolCallingConfig } from './config.ts'
import { toolCalling } from './machine.ts'

/** The actions through the providers' own tool calls. */
export const toolCallingAgent: AgentEntry = {
  name: 'tool-calling',
  description: 'calls the actions as the provider\'s own tools, several at a time if it likes',
  logic: toolCalling, config: toolCallingConfig, model: true,
  actions: ['List Files', 'Read File', 'Write File', 'Append File', 'Copy File', 'Undo Edit Script', 'Execute Script', 'Final Answer', 'Request Help', 'Understand File', 'Inspect Script Lines', 'Edit Script (AI)'],
}
