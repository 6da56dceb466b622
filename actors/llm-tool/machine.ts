import { assign, setup } from 'xstate'
import { completionParams } from '../../schemas/completion.ts'
import type { CompletionOutcome, Failure, ListRef } from '../../schemas/generated/events.ts'
import { instanceNumber, textOf, text, violation } from '../protocol.ts'
import type { MachineInput, Message, Received, ReceivedOf } from '../protocol.ts'
import type { ActorLogic } from '../logic.ts'

interface Context {
  name: string
  caller: string
  call: number
  role: string
  base: ListRef | null
  appended: { ref?: string; bytes?: number; text?: string } | null
  params: string
  tries: number
}

/** Calls of one completion, first try included; each is an effect of its own, so each one's cost is counted. */
const MAX_TRIES = 4
const BACK_OFF_MS = 500

const effect = (context: Context): Message => {
  const { provider, model } = completionParams.parse(JSON.parse(context.params))
  return {
    type: 'effect.requested', to: 'runner',
    data: {
      kind: 'completion', call: context.tries, max_attempts: 5, retry_of: '',
      completion: { provider, model, params: context.params, role: context.role, omit: [], ...(context.base === null ? {} : { base: context.base }), ...(context.appended === null ? {} : { appended: context.appended }) },
    },
  }
}

const delivered = (context: Context, outcome: CompletionOutcome): Message =>
  ({ type: 'completion.delivered', to: context.caller, data: { call: context.call, ok: true, reply: text(textOf(outcome.reply)), stop_reason: outcome.stop_reason } })
const failed = (context: Context, error: Failure | undefined): Message =>
  ({ type: 'completion.delivered', to: context.caller, data: { call: context.call, ok: false, stop_reason: 'error', error: error ?? { source: 'provider', code: 'unknown', message: 'no reason was given' } } })

/** One completion: owns its tries, the pauses between them (durable timers) and the account of what was used. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
  delays: { backOff: ({ context }: { context: Context }) => BACK_OFF_MS * 2 ** (context.tries - 1) },
  guards: {
    mayRetry: ({ context, event }: { context: Context; event: Received }) => event.type === 'effect.failed' && event.data.retryable && context.tries < MAX_TRIES,
  },
}).createMachine({
  id: 'llm-tool',
  context: ({ input }) => ({ name: input.name, caller: '', call: instanceNumber(input.name), role: '', base: null, appended: null, params: '{}', tries: 0 }),
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ context, event }) => violation(context.name, event, 'llm-tool') } } },
  states: {
    waiting: {
      on: {
        'completion.requested': {
          target: 'calling',
          actions: [
            assign({
              caller: ({ event }: { event: ReceivedOf<'completion.requested'> }) => event.from, call: ({ event }: { event: ReceivedOf<'completion.requested'> }) => event.data.call, role: ({ event }: { event: ReceivedOf<'completion.requested'> }) => event.data.role, base: ({ event }: { event: ReceivedOf<'completion.requested'> }) => event.data.base ?? null,
              appended: ({ event }) => event.data.appended ?? null, params: ({ event }) => event.data.params, tries: 1,
            }),
            { type: 'send', params: ({ context }) => effect(context) },
          ],
        },
        'tool.requested': {
          target: 'done',
          actions: {
            type: 'send',
            params: ({ event }) => ({
              type: 'tool.answered' as const, to: event.from,
              data: { call: event.data.call, ok: false, error: { source: 'user', code: 'no_model', message: `the tool "${event.data.tool}" needs a model, and this run has none` } },
            }),
          },
        },
      },
    },
    calling: {
      on: {
        'effect.succeeded': {
          target: 'done',
          actions: [
            {
              type: 'send',
              params: ({ context, event: { data } }) => ({
                type: 'usage.recorded' as const, to: '',
                data: {
                  call: context.call, role: context.role, model: data.completion?.served_model ?? '', input_tokens: data.completion?.input_tokens ?? 0,
                  output_tokens: data.completion?.output_tokens ?? 0, cost_usd: data.completion?.cost_usd ?? 0,
                },
              }),
            },
            { type: 'send', params: ({ context, event: { data } }) => (data.completion === undefined ? failed(context, undefined) : delivered(context, data.completion)) },
          ],
        },
        'effect.failed': [
          { guard: 'mayRetry', target: 'pausing' },
          { target: 'done', actions: { type: 'send', params: ({ context, event }) => failed(context, event.data.error) } },
        ],
      },
    },
    pausing: {
      after: {
        backOff: { target: 'calling', actions: [assign({ tries: ({ context }) => context.tries + 1 }), { type: 'send', params: ({ context }) => effect(context) }] },
      },
    },
    done: { type: 'final' },
  },
})

export const llmTool: ActorLogic = { module: 'llm-tool', machine }
