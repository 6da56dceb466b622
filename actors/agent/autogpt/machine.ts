import { assign, setup } from 'xstate'
import type { ActorLogic } from '../../logic.ts'
import { violation } from '../../protocol.ts'
import type { MachineInput, Message, Received, ReceivedOf } from '../../protocol.ts'
import { hasModel } from '../prompt/index.ts'
import { NO_MODEL, act, acted, ask, begin, counted, gaveUp, initialContext, isFull, isHopeless, isUsable, needs, noValidReply, observe, refuse, summarise, summarised } from './loop.ts'
import type { Context } from './loop.ts'

interface Args { context: Context; event: Received }
interface Replied { context: Context; event: ReceivedOf<'completion.delivered'> }

const UNKNOWN = { source: 'provider', code: 'unknown', message: 'the model gave no reply and no reason' }

const take = [
  assign<Context, ReceivedOf<'completion.delivered'>, undefined, Received, never>(({ context }) => counted(context)),
  { type: 'send' as const, params: ({ context, event }: Replied) => act(context, event) },
  assign<Context, ReceivedOf<'completion.delivered'>, undefined, Received, never>(({ context, event }) => acted(context, event)),
]

/** The run is over: its last observation, or an answer that came because the run ended. */
const isOver = ({ event }: Args): boolean => {
  if (event.type === 'observation.delivered') return event.data.final
  return event.type === 'completion.delivered' && event.data.error?.code === 'cancelled'
}

/** Auto-GPT's loop: think, criticise, command; observe; fold what is old into a running summary. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
  guards: {
    hasModel: ({ event }: Args) => event.type === 'agent.briefed' && hasModel(event.data.llm),
    over: isOver,
    hopeless: ({ event }: Args) => event.type === 'completion.delivered' && isHopeless(event),
    usable: ({ context, event }: Args) => event.type === 'completion.delivered' && isUsable(context, event),
    mayAskAgain: ({ context }: Args) => (context.refused?.count ?? 0) < context.config.max_retries,
    patient: ({ context }: Args) => context.invalid + 1 < context.config.max_invalid,
    full: ({ context }: Args) => isFull(context),
  },
}).createMachine({
  id: 'autogpt',
  context: initialContext(),
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ event }) => violation('agent', event, 'autogpt') } } },
  states: {
    waiting: {
      on: {
        'agent.briefed': [
          { guard: 'hasModel', target: 'asking', actions: assign(({ event }) => begin(event)) },
          { target: 'done', actions: { type: 'send', params: () => gaveUp(NO_MODEL) } },
        ],
      },
    },
    asking: {
      entry: [assign(({ context }) => counted(context, 'asked')), { type: 'send', params: ({ context }) => ask(context) }],
      on: {
        'completion.delivered': [
          { guard: 'over', target: 'done' },
          { guard: 'hopeless', target: 'done', actions: { type: 'send', params: ({ event }) => gaveUp(event.data.error ?? UNKNOWN) } },
          { guard: 'usable', target: 'acting', actions: take },
          { guard: 'mayAskAgain', target: 'asking', reenter: true, actions: assign(({ context, event }) => refuse(context, event)) },
          { guard: 'patient', target: 'acting', actions: take },
          { target: 'done', actions: { type: 'send', params: ({ context }) => gaveUp(noValidReply(context)) } },
        ],
      },
    },
    acting: {
      on: { 'observation.delivered': [{ guard: 'over', target: 'done' }, { target: 'observed', actions: assign(({ context, event }) => observe(context, event)) }] },
    },
    observed: { always: [{ guard: 'full', target: 'summarising' }, { target: 'asking' }] },
    summarising: {
      entry: [assign(({ context }) => counted(context, 'tools')), { type: 'send', params: ({ context }) => summarise(context) }],
      on: { 'completion.delivered': [{ guard: 'over', target: 'done' }, { target: 'asking', actions: assign(({ context, event }) => summarised(context, event)) }] },
    },
    done: { type: 'final' },
  },
})

export const autogpt: ActorLogic = {
  module: 'agent/autogpt',
  machine,
  needs: (context, event) => needs(context as unknown as Context, event),
}
