import { llm } from './setup.ts'

/** A tool made of completions. */
export const toolStates = {
  tool: llm.createStateConfig({}),
}
