import { SHORTEST, readCompletionParams } from '../../schemas/completion.ts'
import type { CompletionOutcome, Failure, ListRef, Ref } from '../../schemas/generated/events.ts'
import { text, textOf } from '../protocol.ts'
import type { Message, Received, ReceivedOf } from '../protocol.ts'
import type { Context } from './context.ts'

/** What an instance keeps of a completion between its tries. */
export interface CompletionContext {
  role: string
  base: ListRef | null
  appended: { ref?: string; bytes?: number; text?: string } | null
  tools: Ref | null
  params: string
  /** where `params` stands in the store; the first version had it in the record */
  settings: Ref | null
  nth: number | null
  /** calls so far, this one included: each is an effect of its own, so each one's cost is counted */
  tries: number
  /** failed calls in a row that may go better by themselves: the pauses double with them */
  failures: number
  /** answers that were none: empty or unreadable, but paid for */
  duds: number
  /** how far the request is cut because it was too long */
  shorten: number
  /** parameters that the model refused */
  omit: string[]
}

interface Args { context: Context; event: Received }
type Failed = ReceivedOf<'effect.failed'>['data']

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
const PATIENCE_MS = 3_600_000
/** How long a call may take where the settings do not say. */
const CALL_MS = 600_000
const MAX_DUDS = 4
const MAX_TRIES = 200
const MAX_OMITTED = 6

/** Records of the first version name no account: their tries, pauses and messages stay as they were. */
const FIRST_VERSION = { tries: 4, pauseMs: 500 }
const settingsOf = (context: Context): ReturnType<typeof readCompletionParams> => readCompletionParams(of(context).params)
const isFirstVersion = (context: Context): boolean => settingsOf(context).account === undefined

const of = (context: Context): CompletionContext => {
  if (context.completion === null) throw new Error('there is no completion here')
  return context.completion
}

export const begun = ({ from, data }: ReceivedOf<'completion.requested'>): Partial<Context> => ({
  caller: from, call: data.call,
  completion: {
    role: data.role, base: data.base ?? null, appended: data.appended ?? null, tools: data.tools ?? null, params: data.params === '' ? textOf(data.settings) : data.params, settings: data.settings?.ref === undefined ? null : { ref: data.settings.ref, bytes: data.settings.bytes ?? 0 }, nth: data.nth ?? null, tries: 1, failures: 0, duds: 0, shorten: 0, omit: [],
  },
})

/** The call of the provider, as an effect. */
export const effect = (context: Context): Message => {
  const { base, appended, tools, params, settings, role, nth, tries, shorten, omit } = of(context)
  const { provider, model } = settingsOf(context)
  return {
    type: 'effect.requested', to: 'runner',
    data: {
      kind: 'completion', call: tries, max_attempts: 5, retry_of: '',
      completion: {
        provider, model, params: settings === null ? params : '', role, omit, ...(settings === null ? {} : { settings }), ...(base === null ? {} : { base }), ...(appended === null ? {} : { appended }), ...(tools === null ? {} : { tools }), ...(nth === null ? {} : { nth }),
        ...(shorten === 0 ? {} : { shorten }),
      },
    },
  }
}

export const cancelEffect = (context: Context, reason: string): Message => ({ type: 'effect.cancel_requested', to: 'runner', data: { effect: '', reason, call: of(context).tries } })

/** Every answer that was paid for is told to whoever keeps the account, of whatever use it was. Where nobody does, the outcome alone says it. */
export const usage = (context: Context, outcome: CompletionOutcome | undefined): Message[] => {
  const { account = '' } = settingsOf(context)
  const used = {
    call: context.call, role: of(context).role, model: outcome?.served_model ?? '', input_tokens: outcome?.input_tokens ?? 0, output_tokens: outcome?.output_tokens ?? 0, cost_usd: outcome?.cost_usd ?? 0,
  }
  if (account !== '') return [{ type: 'usage.recorded', to: account, data: { ...used, cached_tokens: outcome?.cached_tokens ?? 0, source: outcome?.source ?? '' } }]
  return isFirstVersion(context) ? [{ type: 'usage.recorded', to: '', data: used }] : []
}

export const failed = (context: Context, error: Failure | undefined): Message =>
  ({ type: 'completion.delivered', to: context.caller, data: { call: context.call, ok: false, stop_reason: 'error', error: error ?? { source: 'provider', code: 'unknown', message: 'no reason was given' }, ...shortened(context) } })

export const cancelled = (context: Context, reason: string): Message => failed(context, { source: 'user', code: 'cancelled', message: `the completion was cancelled${reason === '' ? '' : `: ${reason}`}` })

/** What the caller is told of an answer: a refusal and nothing at all are no replies. */
export const delivered = (context: Context, outcome: CompletionOutcome | undefined): Message => {
  if (outcome === undefined) return failed(context, undefined)
  const { stop_reason, tool_calls } = outcome
  if (!isFirstVersion(context)) {
    if (stop_reason === 'refusal') return failed(context, { source: 'provider', code: 'refusal', message: `the model refused to answer${said(outcome)}` })
    if (stop_reason === 'content_filter') return failed(context, { source: 'provider', code: 'content_filter', message: `the provider's content filter stopped the reply${said(outcome)}` })
    if (isEmpty(outcome)) return failed(context, { source: 'provider', code: 'empty_reply', message: `the model answered nothing, ${of(context).duds + 1} times` })
  }
  return {
    type: 'completion.delivered', to: context.caller,
    data: { call: context.call, ok: true, reply: text(textOf(outcome.reply)), stop_reason, ...(tool_calls === undefined ? {} : { tool_calls: text(textOf(tool_calls)) }), ...shortened(context) },
  }
}

const shortened = (context: Context): { shortened?: number } => (of(context).shorten === 0 ? {} : { shortened: of(context).shorten })

const said = ({ reply }: CompletionOutcome): string => {
  const words = textOf(reply).trim()
  return words === '' ? '' : `: ${words.slice(0, 500).toWellFormed()}`
}

const isEmpty = ({ reply, tool_calls, stop_reason }: CompletionOutcome): boolean => textOf(reply).trim() === '' && textOf(tool_calls) === '' && (stop_reason === 'stop' || stop_reason === 'stop_sequence')

/** A provider's own wish for a longer pause wins over the doubling one. */
const pauseAfter = (context: Context, retryAfterMs: number): number =>
  isFirstVersion(context) ? FIRST_VERSION.pauseMs * 2 ** (of(context).tries - 1) : Math.max(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(20, of(context).failures)), retryAfterMs)

const retryAfterOf = (event: Received): number => (event.type === 'effect.failed' ? Math.max(0, event.data.retry_after_ms ?? 0) : 0)

const isDud = (event: Received): boolean => event.type === 'effect.succeeded' || (event.type === 'effect.failed' && event.data.error?.code === 'bad_reply')

const mayPause = ({ context, event }: Args): boolean => {
  const { tries, duds } = of(context)
  const { patience_ms = PATIENCE_MS } = settingsOf(context)
  if (isDud(event) && duds + 1 >= MAX_DUDS) return false
  return tries < MAX_TRIES && spentAt(context, event) + pauseAfter(context, retryAfterOf(event)) <= patience_ms
}

/** Patience is for a provider that fails, not for the queue before it, and not for the time in which this run lay still. */
const spentAt = (context: Context, { at }: Received): number => {
  const { failedAt, spentMs, pauseMs } = context.clock
  return failedAt === 0 ? 0 : spentMs + Math.min(at - failedAt, pauseMs + (settingsOf(context).timeout_ms ?? CALL_MS))
}

const codeOf = ({ error }: Failed): string => error?.code ?? ''

export const completionGuards = {
  /** nothing was said: asked again, a model often says something */
  isDud: ({ context, event }: Args): boolean => event.type === 'effect.succeeded' && !isFirstVersion(context) && event.data.completion !== undefined && isEmpty(event.data.completion) && mayPause({ context, event }),
  mayRetry: ({ context, event }: Args): boolean =>
    event.type === 'effect.failed' && event.data.retryable && (isFirstVersion(context) ? of(context).tries < FIRST_VERSION.tries : mayPause({ context, event })),
  mayShorten: ({ context, event }: Args): boolean => event.type === 'effect.failed' && !isFirstVersion(context) && codeOf(event.data) === 'context_overflow' && of(context).shorten < SHORTEST,
  mayOmit: ({ context, event }: Args): boolean => {
    if (event.type !== 'effect.failed' || isFirstVersion(context) || codeOf(event.data) !== 'unsupported_parameter') return false
    const { parameter = '' } = event.data
    const { omit } = of(context)
    return parameter !== '' && !omit.includes(parameter) && omit.length < MAX_OMITTED
  },
}

export const completionDelays = { backOff: ({ context }: { context: Context }): number => context.clock.pauseMs }

const changed = (context: Context, changes: Partial<CompletionContext>): Partial<Context> => ({ completion: { ...of(context), ...changes } })

export const paused = ({ context, event }: Args): Partial<Context> => ({
  ...changed(context, { failures: of(context).failures + 1, duds: of(context).duds + (isDud(event) ? 1 : 0) }), clock: { failedAt: event.at, spentMs: spentAt(context, event), pauseMs: pauseAfter(context, retryAfterOf(event)) },
})
export const triedAgain = (context: Context): Partial<Context> => changed(context, { tries: of(context).tries + 1 })
export const shortenedFurther = (context: Context): Partial<Context> => changed(context, { tries: of(context).tries + 1, shorten: of(context).shorten + 1 })
export const omitting = (context: Context, { parameter = '' }: Failed): Partial<Context> => changed(context, { tries: of(context).tries + 1, omit: [...of(context).omit, parameter] })
