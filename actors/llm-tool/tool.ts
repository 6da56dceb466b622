import type { Message, ReceivedOf } from '../protocol.ts'

/** What an instance keeps of a tool between the completions that it asks for. */
export interface ToolContext { tool: string }

export const toolGuards = {}

/** A run without a model is told so. */
export const noModel = ({ from, data }: ReceivedOf<'tool.requested'>): Message => ({
  type: 'tool.answered', to: from,
  data: { call: data.call, ok: false, error: { source: 'user', code: 'no_model', message: `the tool "${data.tool}" needs a model, and this run has none` } },
})
