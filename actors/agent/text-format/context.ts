import type { ListValue, TextValue } from '../../protocol.ts'
import type { TextFormatConfig } from './config.ts'

/** A step as the window keeps it: what the model said, what came of it, and a remark on the form of its reply. All by hash. */
export interface PastStep { step: number; reply: TextValue; observation: TextValue; remark: TextValue | null }

/** The step under way. `long`: its observation is to be summarised first. */
export interface CurrentStep extends PastStep { action: string; long: boolean }

/** The last reply of this step that could not be used. */
export interface Refused { reply: TextValue | null; correction: TextValue; count: number }

/** All that a text-format agent keeps. Bounded: at most a window of steps by their hashes, and lists that begin elsewhere. */
export interface Context {
  call: number
  /** completions and tools asked for before */
  asked: number
  tools: number
  config: Omit<TextFormatConfig, 'entries'>
  /** names of the entries before the action, and of the actions there are */
  entries: string[]
  actions: string[]
  llm: string
  maxSteps: number
  /** the part of the prompt that never changes */
  opening: ListValue | null
  window: PastStep[]
  current: CurrentStep | null
  refused: Refused | null
  /** steps in a row that were lost to replies without an action */
  invalid: number
  steps: number
  /** the reply with the newest research plan */
  plan: { step: number; reply: TextValue } | null
  log: ListValue | null
  retrieved: TextValue | null
}

export const initialContext = (): Context => ({
  call: 0, asked: 0, tools: 0, entries: [], actions: [], llm: '{}', maxSteps: 0, opening: null, window: [], current: null, refused: null, invalid: 0, steps: 0, plan: null, log: null, retrieved: null,
  config: { max_steps_in_context: 3, max_observation_steps_in_context: 3, observation_limit: 0, max_retries: 5, max_invalid: 3, stop_at_observation: true, tell_steps: true, strict_entries: false, retrieval: false },
})
