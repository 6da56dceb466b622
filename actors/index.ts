import type { ActorLogic, AgentEntry } from './logic.ts'
import { actionOnlyAgent } from './agent/action-only/index.ts'
import { autogptAgent } from './agent/autogpt/index.ts'
import { baseline } from './agent/baseline/machine.ts'
import { humanAgent } from './agent/human/index.ts'
import { langchainReactAgent } from './agent/langchain-react/index.ts'
import { reactAgent } from './agent/react/index.ts'
import { researchAgent } from './agent/research/index.ts'
import { toolCallingAgent } from './agent/tool-calling/index.ts'
import { treeSearchAgent } from './agent/tree-search/index.ts'
import { scripted } from './agent/scripted/machine.ts'
import { environment } from './environment/machine.ts'
import { evaluator } from './evaluator/machine.ts'
import { executor } from './executor/machine.ts'
import { llmTool } from './llm-tool/machine.ts'

export type { ActorLogic, AgentEntry } from './logic.ts'
export { ACTIONS, ACTIONS_WITHOUT_MODEL, specText, usage } from './environment/actions.ts'
export type { ActionKind, ActionSpec, ActionSpecText } from './environment/actions.ts'
export { specsOfAdded } from './environment/added-action.ts'
export { chanceBound, improvementOf, judge } from './evaluator/judge.ts'
export type { Judgement } from './evaluator/judge.ts'
export type { Message, Received } from './protocol.ts'

/** The agents that come with Kymo. */
export const AGENTS: Readonly<Record<string, AgentEntry>> = {
  research: researchAgent,
  react: reactAgent,
  'action-only': actionOnlyAgent,
  'tool-calling': toolCallingAgent,
  'langchain-react': langchainReactAgent,
  autogpt: autogptAgent,
  'tree-search': treeSearchAgent,
  human: humanAgent,
  scripted: { name: 'scripted', description: 'plays a list of actions from a file; needs no model', logic: scripted },
  baseline: { name: 'baseline', description: 'runs the starter script unchanged and submits; needs no model', logic: baseline },
}

/** The machines that do not depend on the run. */
export const ACTOR_LOGIC: Readonly<Record<'environment' | 'executor' | 'llm-tool' | 'evaluator', ActorLogic>> = { environment, executor, 'llm-tool': llmTool, evaluator }
