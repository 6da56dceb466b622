import { assign } from 'xstate'
import type { Received } from '../protocol.ts'
import { cancelEffect, cancelled, delivered, effect, failed, omitting, paused, shortenedFurther, triedAgain, usage } from './completion.ts'
import type { Context } from './context.ts'
import { llm } from './setup.ts'

interface Args { context: Context; event: Received }

const call = { type: 'send' as const, params: ({ context }: { context: Context }) => effect(context) }
const account = { type: 'sendAll' as const, params: ({ context, event }: Args) => ({ messages: usage(context, event.type === 'effect.succeeded' ? event.data.completion : undefined) }) }
const pause = assign<Context, Received, undefined, Received, never>(({ context, event }) => paused({ context, event }))
const tellCancelled = { type: 'send' as const, params: ({ context, event }: Args) => cancelled(context, event.type === 'completion.cancel_requested' ? event.data.reason : '') }

/** One completion: its tries, the pauses between them (durable timers), and the account of what was used. */
export const completionStates = {
  calling: llm.createStateConfig({
    on: {
      'effect.succeeded': [
        { guard: 'isDud', target: 'pausing', actions: [account, pause] },
        { target: 'done', actions: [account, { type: 'send', params: ({ context, event }) => delivered(context, event.data.completion) }] },
      ],
      'effect.failed': [
        { guard: 'mayShorten', actions: [assign(({ context }) => shortenedFurther(context)), call] },
        { guard: 'mayOmit', actions: [assign(({ context, event }) => omitting(context, event.data)), call] },
        { guard: 'mayRetry', target: 'pausing', actions: pause },
        { target: 'done', actions: { type: 'send', params: ({ context, event }) => failed(context, event.data.error) } },
      ],
      'completion.cancel_requested': { target: 'cancelling', actions: { type: 'send', params: ({ context, event }) => cancelEffect(context, event.data.reason) } },
    },
  }),
  pausing: llm.createStateConfig({
    after: { backOff: { target: 'calling', actions: [assign(({ context }) => triedAgain(context)), call] } },
    on: { 'completion.cancel_requested': { target: 'done', actions: tellCancelled } },
  }),
  /** The call may have been answered before the cancellation reached it: then it is paid for. */
  cancelling: llm.createStateConfig({
    on: {
      'effect.succeeded': { target: 'done', actions: [account, tellCancelled] },
      'effect.failed': { target: 'done', actions: tellCancelled },
      'completion.cancel_requested': {},
    },
  }),
}
