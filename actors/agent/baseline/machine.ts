import { assign, setup } from 'xstate'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { text, violation } from '../../protocol.ts'
import type { MachineInput, Message, Received } from '../../protocol.ts'
import type { ActorLogic } from '../../logic.ts'

interface Context { call: number; entry: string }

const action = (call: number, name: string, args: Record<string, unknown>): Message =>
  ({ type: 'action.requested', to: 'environment', data: { call, name, arguments: text(canonicalJson(args)), base: '' } })

/** The agent without a model: runs the starter script as it is and submits. Its score is the noise floor of a task. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
}).createMachine({
  id: 'baseline',
  context: { call: 0, entry: '' },
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ event }) => violation('agent', event, 'baseline') } } },
  states: {
    waiting: {
      on: {
        'agent.briefed': {
          target: 'running',
          actions: [
            assign({ entry: ({ event }) => event.data.entry, call: 1 }),
            { type: 'send', params: ({ context }) => action(context.call, 'Execute Script', { script_name: context.entry }) },
          ],
        },
      },
    },
    running: {
      on: {
        'observation.delivered': {
          target: 'submitted',
          actions: [
            assign({ call: ({ context }: { context: Context }) => context.call + 1 }),
            { type: 'send', params: ({ context }) => action(context.call, 'Final Answer', { final_answer: 'The starter script, run unchanged.' }) },
          ],
        },
      },
    },
    submitted: { type: 'final' },
  },
})

export const baseline: ActorLogic = { module: 'agent/baseline', machine }
