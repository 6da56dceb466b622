import { assign, setup } from 'xstate'
import { text, violation } from '../../actors/protocol.ts'
import type { MachineInput, Message, Received } from '../../actors/protocol.ts'
import type { AgentEntry } from '../../actors/index.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'

interface Context { call: number; trees: string[] }

/** Writes twice, goes back to the first result for a third try, and submits the second. */
const act = ({ call, trees }: Context): Message => {
  const data = (name: string, args: object, base = '') => ({ type: 'action.requested' as const, to: 'environment', data: { call, name, arguments: text(canonicalJson(args)), base } })
  switch (call) {
    case 1: case 2: return data('Write File', { file_name: 'a.txt', content: `${call}\n` })
    case 3: return data('Write File', { file_name: 'a.txt', content: '3\n' }, trees[0])
    default: return data('Final Answer', { final_answer: '' }, trees[1])
  }
}

const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
}).createMachine({
  id: 'branching',
  context: { call: 1, trees: [] },
  on: {
    'agent.briefed': { actions: { type: 'send', params: ({ context }) => act(context) } },
    'observation.delivered': {
      actions: [
        assign(({ context, event }) => ({ call: context.call + 1, trees: [...context.trees, event.data.tree] })),
        { type: 'send', params: ({ context }) => act(context) },
      ],
    },
    '*': { actions: { type: 'send', params: ({ event }) => violation('agent', event, 'branching') } },
  },
})

export const branching: AgentEntry = { name: 'branching', description: 'goes back', logic: { module: 'agent/branching', machine } }
