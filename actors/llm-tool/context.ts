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
    /** when the request came, ms since 1970 */
    since: number
    /** the pause before the next try */
    pauseMs: number
  }
}
