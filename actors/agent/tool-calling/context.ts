import type { ListValue, TextValue } from '../../protocol.ts'
import type { ToolCallingConfig } from './config.ts'

/** A reply whose calls are being carried out, one after the other. */
export interface CurrentTurn {
  reply: TextValue
  /** the calls as JSON; null for a reply without any, which costs one step */
  calls: TextValue | null
  count: number
  /** what was observed after the calls so far, in their order */
  results: TextValue[]
  remark: string
}

/** All that the agent keeps: lists by their hashes, and one turn. */
export interface Context {
  call: number
  asked: number
  config: ToolCallingConfig
  actions: string[]
  llm: string
  maxSteps: number
  steps: number
  tools: TextValue | null
  opening: ListValue | null
  /** the prompt so far, one node a turn */
  history: ListValue | null
  /** turns in `history` */
  turns: number
  current: CurrentTurn | null
  refused: { reply: TextValue | null; correction: TextValue; count: number } | null
  /** steps in a row that were lost to replies without a call */
  invalid: number
}

export const initialContext = (): Context => ({
  call: 0, asked: 0, actions: [], llm: '{}', maxSteps: 0, steps: 0, tools: null, opening: null, history: null, turns: 0, current: null, refused: null, invalid: 0,
  config: { max_turns_in_context: 30, max_parallel: 8, observation_limit: 20_000, max_retries: 3, max_invalid: 3, tell_steps: true },
})
