import type { AgentEntry } from '../../logic.ts'
import { PROMPTED_ACTIONS } from '../text-format/index.ts'
import { langchainReactConfig } from './config.ts'
import { langchainReact } from './machine.ts'

/** The paper's LangChain baseline. */
export const langchainReactAgent: AgentEntry = {
  name: 'langchain-react',
  description: 'the zero-shot ReAct loop of LangChain, with its full scratchpad',
  logic: langchainReact,
  config: langchainReactConfig,
  actions: PROMPTED_ACTIONS,
  model: true,
}
