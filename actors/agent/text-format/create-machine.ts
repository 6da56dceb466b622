import { assign, setup } from 'xstate'
import type { ActorLogic } from '../../logic.ts'
import { violation } from '../../protocol.ts'
import type { MachineInput, Message, Received } from '../../protocol.ts'
import { hasModel } from '../prompt/index.ts'
import { initialContext } from './context.ts'
import type { Context } from './context.ts'
import { ask, planIsHidden } from './prompting.ts'
import { isHopeless, isUsable, mayAskAgain } from './reading.ts'
import { act, begin, gaveUp, logged, noted, observe, refuse, remember, retrieve, retrievedText, summarise, summariseStep, summarised, takeStep } from './steps.ts'
import type { Style } from './style.ts'

interface Args { context: Context; event: Received }

/** The run is over: its last observation, or an answer that came because the run ended. */
const isOver = ({ event }: Args): boolean => {
  if (event.type === 'observation.delivered') return event.data.final
  return (event.type === 'completion.delivered' || event.type === 'tool.answered') && event.data.error?.code === 'cancelled'
}
const counted = (counter: 'asked' | 'tools') => assign<Context, Received, undefined, Received, never>(({ context }) => ({ call: context.call + 1, [counter]: context[counter] + 1 }))

/**
 * The machine behind the agents that reply in entries of text. One step: ask until a reply can be used, act, observe, summarise what is long, note the step in
 * the research log, remember it, look up what has left the window, ask again.
 */
export function textFormatMachine(style: Style) {
  return setup({
    types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
    actions: { send: (_args, _message: Message) => {} },
    guards: {
      isOver,
      hasModel: ({ event }: Args) => event.type === 'agent.briefed' && hasModel(event.data.llm),
      isHopeless: ({ event }: Args) => event.type === 'completion.delivered' && isHopeless(event),
      isUsable: ({ context, event }: Args) => event.type === 'completion.delivered' && isUsable(context, event),
      mayAskAgain: ({ context }: Args) => mayAskAgain(context),
      isPatient: ({ context }: Args) => context.invalid + 1 < context.config.max_invalid,
      isLong: ({ context }: Args) => context.current?.long === true,
      keepsLog: ({ context }: Args) => context.config.retrieval,
      retrieves: ({ context }: Args) => context.config.retrieval && context.steps > context.config.max_steps_in_context,
    },
  }).createMachine({
    id: style.id,
    context: initialContext(),
    initial: 'waiting',
    on: { '*': { actions: { type: 'send', params: ({ event }) => violation('agent', event, style.id) } } },
    states: {
      waiting: {
        on: {
          'agent.briefed': [
            { guard: 'hasModel', target: 'asking', actions: assign(({ event }) => begin(style, event)) },
            { target: 'done', actions: { type: 'send', params: () => gaveUp({ source: 'user', code: 'no_model', message: `the agent "${style.id}" asks a model, and this run has none; say --model PROVIDER/MODEL` }) } },
          ],
        },
      },
      asking: {
        entry: [counted('asked'), { type: 'send', params: ({ context, event }: Args) => ask(context, style, event.read) }],
        on: {
          'completion.delivered': [
            { guard: 'isOver', target: 'done' },
            { guard: 'isHopeless', target: 'done', actions: { type: 'send', params: ({ event }) => gaveUp(event.data.error ?? UNKNOWN) } },
            {
              guard: 'isUsable', target: 'acting',
              actions: [{ type: 'send', params: ({ context, event }) => act({ ...context, call: context.call + 1 }, event) }, assign(({ context, event }) => takeStep(style, context, event))],
            },
            { guard: 'mayAskAgain', target: 'asking', reenter: true, actions: assign(({ context, event }) => refuse(context, event)) },
            {
              guard: 'isPatient', target: 'acting',
              actions: [{ type: 'send', params: ({ context, event }) => act({ ...context, call: context.call + 1 }, event) }, assign(({ context, event }) => takeStep(style, context, event))],
            },
            { target: 'done', actions: { type: 'send', params: ({ context }) => gaveUp({ source: 'agent', code: 'no_valid_reply', message: `${context.invalid + 1} times in a row the model gave no reply with an action, each time asked ${context.config.max_retries + 1} times` }) } },
          ],
        },
      },
      acting: {
        on: { 'observation.delivered': [{ guard: 'isOver', target: 'done' }, { target: 'observed', actions: assign(({ context, event }) => observe(context, event)) }] },
      },
      observed: { always: [{ guard: 'isLong', target: 'summarising' }, { target: 'settled' }] },
      summarising: {
        entry: [counted('tools'), { type: 'send', params: ({ context }: Args) => summarise(context) }],
        on: { 'tool.answered': [{ guard: 'isOver', target: 'done' }, { target: 'settled', actions: assign(({ context, event }) => summarised(context, event, event.read)) }] },
      },
      settled: { always: [{ guard: 'keepsLog', target: 'noting' }, { target: 'remembering' }] },
      noting: {
        entry: [counted('tools'), { type: 'send', params: ({ context, event }: Args) => summariseStep(context, event.read) }],
        on: {
          'tool.answered': [
            { guard: 'isOver', target: 'done' },
            { target: 'remembering', actions: [{ type: 'send', params: ({ context, event }) => noted(context, event) }, assign(({ context, event }) => logged(context, event))] },
          ],
        },
      },
      remembering: {
        entry: assign(({ context }) => remember(context)),
        always: [{ guard: 'retrieves', target: 'retrieving' }, { target: 'asking' }],
      },
      retrieving: {
        entry: [counted('tools'), { type: 'send', params: ({ context, event }: Args) => retrieve(context, style, event.read) }],
        on: { 'tool.answered': [{ guard: 'isOver', target: 'done' }, { target: 'asking', actions: assign(({ context, event }) => retrievedText(context, event)) }] },
      },
      done: { type: 'final' },
    },
  })
}

const UNKNOWN = { source: 'provider', code: 'unknown', message: 'the model gave no reply and no reason' }

/** Texts that a step reads again: the plan when it has left the window or the log is asked, the reply and the observation when they are summarised. */
export function textFormatNeeds(context: Record<string, unknown>, event: Received): string[] {
  const { plan, current, config } = context as unknown as Context
  if (event.type !== 'observation.delivered' && event.type !== 'tool.answered' && event.type !== 'completion.delivered') return []
  const refs: Array<string | undefined> = []
  if (plan !== null && (config.retrieval || planIsHidden(context as unknown as Context) || leaves(context as unknown as Context))) refs.push(plan.reply.ref)
  if (current !== null && config.retrieval) refs.push(current.reply.ref)
  if (current !== null && event.type === 'tool.answered' && (current.long || config.retrieval)) refs.push(current.observation.ref)
  return refs.filter((ref): ref is string => ref !== undefined)
}

/** True when the next step to be remembered pushes the plan's step out of the window. */
const leaves = ({ plan, window, config }: Context): boolean => window.length >= config.max_steps_in_context && window[0]?.step === plan?.step

export const textFormatLogic = (module: string, style: Style): ActorLogic => ({ module, machine: textFormatMachine(style), needs: textFormatNeeds })
