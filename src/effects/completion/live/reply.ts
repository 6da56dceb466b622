import type { StopReason, ToolCall, Usage } from '../provider.ts'

/** What a reply holds, of whatever wire format. */
export interface Reply { reply: string; toolCalls: ToolCall[]; stopReason: StopReason; servedModel: string; usage: Usage }

/** A reply that does not have the shape of one: recorded as bad_reply, and asked for again. */
export class BadReply extends Error {}

/** Arguments of a call as an object; what is none is kept as text under "". */
export function argumentsOf(text: string): Record<string, unknown> {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // The agent says what is wrong with it.
  }
  return { '': text }
}

export const count = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.round(value) : 0)
