import { assign, setup } from 'xstate'
import type { ActorLogic } from '../../logic.ts'
import { violation } from '../../protocol.ts'
import type { MachineInput, Message, Received, ReceivedOf } from '../../protocol.ts'
import { hasModel } from '../prompt/index.ts'
import { NO_MODEL, act, acted, ask, begin, counted, gaveUp, initialContext, isCancelled, isHopeless, isReadable, noValidReply, observe, observeError } from './rounds.ts'
import type { Context } from './rounds.ts'

interface Args { context: Context; event: Received }
interface Replied { context: Context; event: ReceivedOf<'completion.delivered'> }

const UNKNOWN = { source: 'provider', code: 'unknown', message: 'the model gave no reply and no reason' }

/** One action, or what stands for none: counted first, so that message and record bear its number. */
const take = [
  assign<Context, ReceivedOf<'completion.delivered'>, undefined, Received, never>(({ context }) => counted(context, false)),
  { type: 'send' as const, params: ({ context, event }: Replied) => act(context, event) },
  assign<Context, ReceivedOf<'completion.delivered'>, undefined, Received, never>(({ context, event }) => acted(context, event)),
]

/** The zero-shot ReAct loop with its full scratchpad, as LangChain's agent of that name ran it; every tool is an action of the environment. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
  guards: {
    hasModel: ({ event }: Args) => event.type === 'agent.briefed' && hasModel(event.data.llm),
    over: ({ event }: Args) => (event.type === 'observation.delivered' ? event.data.final : event.type === 'completion.delivered' && isCancelled(event)),
    hopeless: ({ event }: Args) => event.type === 'completion.delivered' && isHopeless(event),
    readable: ({ context, event }: Args) => event.type === 'completion.delivered' && isReadable(context, event),
    mayErr: ({ context }: Args) => context.errors < context.config.max_parse_errors,
    patient: ({ context }: Args) => context.invalid + 1 < context.config.max_invalid,
  },
}).createMachine({
  id: 'langchain-react',
  context: initialContext(),
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ event }) => violation('agent', event, 'langchain-react') } } },
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
      entry: [assign(({ context }) => counted(context, true)), { type: 'send', params: ({ context }) => ask(context) }],
      on: {
        'completion.delivered': [
          { guard: 'over', target: 'done' },
          { guard: 'hopeless', target: 'done', actions: { type: 'send', params: ({ event }) => gaveUp(event.data.error ?? UNKNOWN) } },
          { guard: 'readable', target: 'acting', actions: take },
          { guard: 'mayErr', target: 'asking', reenter: true, actions: assign(({ context, event }) => observeError(context, event)) },
          { guard: 'patient', target: 'acting', actions: take },
          { target: 'done', actions: { type: 'send', params: ({ context }) => gaveUp(noValidReply(context)) } },
        ],
      },
    },
    acting: {
      on: { 'observation.delivered': [{ guard: 'over', target: 'done' }, { target: 'asking', actions: assign(({ context, event }) => observe(context, event)) }] },
    },
    done: { type: 'final' },
  },
})

export const langchainReact: ActorLogic = { module: 'agent/langchain-react', machine }
