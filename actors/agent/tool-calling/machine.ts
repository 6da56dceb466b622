import { assign, setup } from 'xstate'
import type { ActorLogic } from '../../logic.ts'
import { violation } from '../../protocol.ts'
import type { MachineInput, Message, Received } from '../../protocol.ts'
import { hasModel } from '../prompt/index.ts'
import { initialContext } from './context.ts'
import type { Context } from './context.ts'
import { actFirst, actNext, ask, begin, endTurn, gaveUp, hasMore, isHopeless, isUsable, mayAskAgain, observe, refuse, takeTurn, toolCallingNeeds } from './steps.ts'

interface Args { context: Context; event: Received }

const isOver = ({ event }: Args): boolean => (event.type === 'observation.delivered' ? event.data.final : event.type === 'completion.delivered' && event.data.error?.code === 'cancelled')

/** Asks with the actions as tools, carries the calls of a reply out in their order, and hands all results back before it asks again. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
  guards: {
    isOver,
    hasModel: ({ event }: Args) => event.type === 'agent.briefed' && hasModel(event.data.llm),
    isHopeless: ({ event }: Args) => event.type === 'completion.delivered' && isHopeless(event),
    isUsable: ({ context, event }: Args) => event.type === 'completion.delivered' && isUsable(context, event),
    mayAskAgain: ({ context }: Args) => mayAskAgain(context),
    isPatient: ({ context }: Args) => context.invalid + 1 < context.config.max_invalid,
    hasMore: ({ context }: Args) => hasMore(context),
  },
}).createMachine({
  id: 'tool-calling',
  context: initialContext(),
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ event }) => violation('agent', event, 'tool-calling') } } },
  states: {
    waiting: {
      on: {
        'agent.briefed': [
          { guard: 'hasModel', target: 'asking', actions: assign(({ event }) => begin(event)) },
          { target: 'done', actions: { type: 'send', params: () => gaveUp({ source: 'user', code: 'no_model', message: 'the agent "tool-calling" asks a model, and this run has none; say --model PROVIDER/MODEL' }) } },
        ],
      },
    },
    asking: {
      entry: [assign({ call: ({ context }: Args) => context.call + 1, asked: ({ context }: Args) => context.asked + 1 }), { type: 'send', params: ({ context }: Args) => ask(context) }],
      on: {
        'completion.delivered': [
          { guard: 'isOver', target: 'done' },
          { guard: 'isHopeless', target: 'done', actions: { type: 'send', params: ({ event }) => gaveUp(event.data.error ?? { source: 'provider', code: 'unknown', message: 'the model gave no reply and no reason' }) } },
          { guard: 'isUsable', target: 'acting', actions: [{ type: 'send', params: ({ context, event }) => actFirst(context, event) }, assign(({ context, event }) => takeTurn(context, event))] },
          { guard: 'mayAskAgain', target: 'asking', reenter: true, actions: assign(({ context, event }) => refuse(context, event)) },
          { guard: 'isPatient', target: 'acting', actions: [{ type: 'send', params: ({ context, event }) => actFirst(context, event) }, assign(({ context, event }) => takeTurn(context, event))] },
          { target: 'done', actions: { type: 'send', params: ({ context }) => gaveUp({ source: 'agent', code: 'no_valid_reply', message: `${context.invalid + 1} times in a row the model called no tool, each time asked ${context.config.max_retries + 1} times` }) } },
        ],
      },
    },
    acting: {
      on: {
        'observation.delivered': [
          { guard: 'isOver', target: 'done' },
          { guard: 'hasMore', actions: [{ type: 'send', params: ({ context, event }) => actNext(context, event.read) }, assign(({ context, event }) => observe(context, event))] },
          { target: 'asking', actions: assign(({ context, event }) => endTurn(context, event)) },
        ],
      },
    },
    done: { type: 'final' },
  },
})

export const toolCalling: ActorLogic = { module: 'agent/tool-calling', machine, needs: toolCallingNeeds }
