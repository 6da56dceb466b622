import { assign } from 'xstate'
import type { ActorLogic } from '../logic.ts'
import { instanceNumber, violation } from '../protocol.ts'
import { begun, effect } from './completion.ts'
import { completionStates } from './completion-states.ts'
import { NO_FAILURE } from './context.ts'
import { llm } from './setup.ts'
import { toolBegun, toolNeeds, toolStep } from './tool.ts'
import type { ToolContext } from './tool.ts'
import { toolStates } from './tool-states.ts'

/** Every call of a model passes here: an instance is one completion, or one tool that asks instances below it for completions. */
const machine = llm.createMachine({
  id: 'llm-tool',
  context: ({ input }) => ({ name: input.name, caller: '', call: instanceNumber(input.name), completion: null, tool: null, clock: NO_FAILURE }),
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ context, event }) => violation(context.name, event, 'llm-tool') } } },
  states: {
    waiting: {
      on: {
        'completion.requested': { target: 'calling', actions: [assign(({ event }) => begun(event)), { type: 'send', params: ({ context }) => effect(context) }] },
        'tool.requested': [
          { guard: 'toolEnds', target: 'done', actions: { type: 'sendAll', params: (args) => ({ messages: toolStep(args).messages }) } },
          { target: 'tool', actions: [{ type: 'sendAll', params: (args) => ({ messages: toolStep(args).messages }) }, assign((args) => toolBegun(args))] },
        ],
      },
    },
    ...completionStates,
    ...toolStates,
    done: { type: 'final' },
  },
})

export const llmTool: ActorLogic = { module: 'llm-tool', machine, needs: (context, event) => toolNeeds(context['tool'] as ToolContext | null, event) }
