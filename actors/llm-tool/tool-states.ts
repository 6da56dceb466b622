import { assign } from 'xstate'
import type { Received } from '../protocol.ts'
import type { Context } from './context.ts'
import { llm } from './setup.ts'
import { toolStep } from './tool.ts'

interface Args { context: Context; event: Received }

const say = { type: 'sendAll' as const, params: (args: Args) => ({ messages: toolStep(args).messages }) }
const keep = assign<Context, Received, undefined, Received, never>((args) => ({ tool: toolStep(args).tool }))
const next = [{ guard: 'toolEnds' as const, target: 'done', actions: say }, { actions: [say, keep] }]

/** A tool made of completions: it asks instances below it, up to four at once, until it can answer. */
export const toolStates = {
  tool: llm.createStateConfig({ on: { 'completion.delivered': next, 'tool.cancel_requested': next } }),
}
