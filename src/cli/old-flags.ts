import type { Command } from 'commander'
import { flag } from './flags.ts'
import type { ModelOptions } from './model-flags.ts'

/**
 * MLAgentBench's flags, accepted so that its command lines work: those that mean something here are mapped, the others are
 * named in a note, never passed over in silence. Hidden in --help.
 */
const MAPPED: readonly string[] = [
  '--task <name>', '--agent-type <name>', '--log-dir <folder>', '--resume <run>', '--llm-name <model>', '--fast-llm-name <model>', '--edit-script-llm-name <model>', '--edit-script-llm-max-tokens <n>',
  '--agent-max-steps <n>', '--actions-remove-from-prompt <names...>', '--actions-add-to-prompt <names...>', '--retrieval', '--valid-format-entires <names...>', '--max-steps-in-context <n>',
  '--max-observation-steps-in-context <n>', '--max-retries <n>',
]

const WITHOUT_EFFECT: readonly (readonly [flags: string, why: string])[] = [
  ['--device <n>', 'scripts of this version get no GPU'],
  ['--work-dir <folder>', 'workspaces are kept in the store; "kymo workspace checkout" writes one out'],
  ['--resume-step <n>', 'a run is resumed where it was cut off'],
]

export const OLD_HELP = 'MLAgentBench\'s flags (--agent-type, --llm-name, --max-steps, --log-dir, --resume, ...) are understood; those without effect yet say so.'

export function oldFlags(command: Command): Command {
  for (const flags of [...MAPPED, ...WITHOUT_EFFECT.map(([known]) => known)]) flag(command, flags, '', { hidden: true })
  return command
}

export interface OldOptions {
  task?: string
  agentType?: string
  logDir?: string
  resume?: string
  llmName?: string
  fastLlmName?: string
  editScriptLlmName?: string
  editScriptLlmMaxTokens?: string
  agentMaxSteps?: string
  actionsRemoveFromPrompt?: string[]
  actionsAddToPrompt?: string[]
  retrieval?: boolean
  validFormatEntires?: string[]
  maxStepsInContext?: string
  maxObservationStepsInContext?: string
  maxRetries?: string
}

/** MLAgentBench's classes and the agents here. */
const AGENT_TYPES: Readonly<Record<string, string>> = {
  Agent: 'baseline', SimpleActionAgent: 'action-only', ReasoningActionAgent: 'react', ResearchAgent: 'research', LangChainAgent: 'langchain-react', AutoGPTAgent: 'autogpt',
}

export const agentOfType = (type: string): string => AGENT_TYPES[type] ?? type

/** The old flags that say something of the models, as the flags of today. */
export function modelsOfOldFlags(options: OldOptions): ModelOptions {
  return {
    ...(options.llmName === undefined ? {} : { model: options.llmName }), ...(options.fastLlmName === undefined ? {} : { fastModel: options.fastLlmName }),
    ...(options.editScriptLlmName === undefined ? {} : { editModel: options.editScriptLlmName }),
    ...(options.editScriptLlmMaxTokens === undefined ? {} : { modelConfig: { 'edit.max_tokens': options.editScriptLlmMaxTokens } }),
  }
}

/** The old flags that are settings of an agent here. */
export function configOfOldFlags(options: OldOptions): Record<string, string> {
  const { retrieval, validFormatEntires, maxStepsInContext, maxObservationStepsInContext, maxRetries } = options
  return {
    ...(retrieval === true ? { retrieval: 'true' } : {}), ...(validFormatEntires === undefined ? {} : { entries: JSON.stringify(validFormatEntires) }),
    ...(maxStepsInContext === undefined ? {} : { max_steps_in_context: maxStepsInContext }), ...(maxRetries === undefined ? {} : { max_retries: maxRetries }),
    ...(maxObservationStepsInContext === undefined ? {} : { max_observation_steps_in_context: maxObservationStepsInContext }),
  }
}

const keyOf = (flags: string): string => (/--([a-z-]+)/.exec(flags)?.[1] ?? '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** One line for every flag that was given and does nothing. */
export function notesOnOldFlags(options: object): string[] {
  const given = options as Readonly<Record<string, unknown>>
  return WITHOUT_EFFECT.filter(([flags]) => given[keyOf(flags)] !== undefined).map(([flags, why]) => `${/--[a-z-]+/.exec(flags)?.[0] ?? flags} has no effect yet: ${why}`)
}
