import { assign, setup } from 'xstate'
import type { ActorLogic } from '../../actors/index.ts'

/** What no machine may be: its answer depends on chance. */
const machine = setup({
  types: { context: {} as { call: number }, events: {} as { type: string } },
  actions: { send: (_args, _message: unknown) => {} },
}).createMachine({
  id: 'dice',
  context: { call: 0 },
  on: {
    '*': {
      actions: [
        assign({ call: ({ context }: { context: { call: number } }) => context.call + 1 }),
        {
          type: 'send',
          params: ({ context }: { context: { call: number } }) => ({
            type: 'action.requested', to: 'environment',
            data: { call: context.call, name: 'Final Answer', arguments: { text: JSON.stringify({ final_answer: 'x'.repeat(1 + Math.floor(Math.random() * 1e6)) }) }, base: '' },
          }),
        },
      ],
    },
  },
})

export const dice: ActorLogic = { module: 'agent/dice', machine }
