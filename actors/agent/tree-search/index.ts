import type { AgentEntry } from '../../logic.ts'
import { treeSearchConfig } from './config.ts'
import { treeSearch } from './machine.ts'

/** The agent that searches over whole solutions. */
export const treeSearchAgent: AgentEntry = {
  name: 'tree-search',
  description: 'drafts, repairs and improves whole solutions, each on a branch of the workspace, and hands the best one in',
  logic: treeSearch,
  config: treeSearchConfig,
  actions: ['List Files', 'Read File', 'Write File', 'Execute Script', 'Final Answer'],
  model: true,
}
