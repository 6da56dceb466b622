import type { CompletionContext } from './completion.ts'
import type { ToolContext } from './tool.ts'

/** An instance serves one request, either a completion or a tool made of completions: what it keeps of the other stays null. */
export interface Context {
  name: string
  /** who is answered, and with which of its own numbers */
  caller: string
  call: number
  completion: CompletionContext | null
  tool: ToolContext | null
  clock: {
    /** when a call last failed, ms since 1970; 0 before the first failure */
    failedAt: number
    /** of the patience, since the first failure; a time in which nobody served the run counts as one call at most */
    spentMs: number
    /** the pause before the next try */
    pauseMs: number
  }
}

export const NO_FAILURE: Context['clock'] = { failedAt: 0, spentMs: 0, pauseMs: 0 }
