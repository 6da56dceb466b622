import type { AgentEntry } from '../../logic.ts'
import { human } from './machine.ts'

/** The agent that is a person. */
export const humanAgent: AgentEntry = {
  name: 'human',
  description: 'a person at the terminal chooses each action; needs no model unless an AI action is used',
  logic: human,
  actions: [
    'List Files', 'Read File', 'Write File', 'Append File', 'Copy File', 'Inspect Script Lines', 'Undo Edit Script', 'Execute Script', 'Python REPL', 'Request Help', 'Final Answer',
  ],
}
