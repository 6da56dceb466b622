import { setTimeout as sleep } from 'node:timers/promises'
import { RETRIED, scriptedReplies, scriptedReply } from '../../../schemas/completion.ts'
import type { ScriptedReplies, ScriptedReply } from '../../../schemas/completion.ts'
import { KymoError, messageOf } from '../../../schemas/errors.ts'
import { argumentsOf } from './live/index.ts'
import type { ProviderAnswer, ProviderContext, ProviderRequest, StopReason } from './provider.ts'

const failed = (code: string, message: string): ProviderAnswer => ({ ok: false, error: { source: 'user', code, message }, retryable: false })

type Context = Pick<ProviderContext, 'signal' | 'blobs'>

/** Completions without a model: from a file of replies, or from a module that makes them up. */
export const scripted = async (request: ProviderRequest, context: Context): Promise<ProviderAnswer> => {
  const found = request.settings.module === undefined ? await fromFile(request, context) : await fromModule(request.settings.module, request)
  if ('ok' in found) return found
  const { reply } = found
  const delay = (typeof reply === 'object' && 'text' in reply ? reply.delay_ms : undefined) ?? request.settings.delay_ms
  if (delay !== undefined) await sleep(delay, undefined, { signal: context.signal }).catch(() => { throw new KymoError('KYMO_CANCELLED', 'the completion was cancelled') })
  return answerOf(reply, request)
}

type Found = ProviderAnswer | { reply: ScriptedReply }

async function fromFile(request: ProviderRequest, { blobs }: Context): Promise<Found> {
  const { settings, role, nth, tries } = request
  if (settings.replies === undefined) return failed('no_replies', 'the scripted provider was given no replies: put a list "replies" into the script file')
  const parsed = scriptedReplies.safeParse(JSON.parse(Buffer.from(await blobs.get(settings.replies)).toString()))
  if (!parsed.success) return failed('no_replies', `the replies do not fit at ${parsed.error.issues[0]?.path.join('.') ?? ''}: ${parsed.error.issues[0]?.message ?? ''}. A file of replies holds "replies" (a list), and "fast" and "edit" (lists of {when, reply})`)
  const entry = entryOf(parsed.data, request)
  if (entry === undefined) {
    return failed('no_reply_left', role === 'model' ? `the script holds ${parsed.data.replies.length} replies, and this is question ${nth + 1}` : `no rule under "${role}" fits question ${nth + 1}: add one without "when"`)
  }
  const reply = Array.isArray(entry) ? (entry[tries - 1] ?? entry.at(-1)) : entry
  return reply === undefined ? failed('no_reply_left', 'the list of tries is empty') : { reply }
}

function entryOf(script: ScriptedReplies, request: ProviderRequest): ScriptedReplies['replies'][number] | undefined {
  const { role, nth } = request
  const numbered = role === 'fast' || role === 'edit' ? undefined : script.replies[nth]
  if (numbered !== undefined) return numbered
  const last = lastText(request)
  return script[role === 'fast' || role === 'edit' ? role : 'model'].find(({ when }) => when === undefined || new RegExp(when, 'su').test(last))?.reply
}

const lastText = ({ messages }: ProviderRequest): string => messages.at(-1)?.pieces.map(({ text }) => text).join('') ?? ''

/** A module's `reply` gets the request in plain words and gives what a file could hold; what it throws is the answer. */
async function fromModule(path: string, request: ProviderRequest): Promise<Found> {
  const { role, nth, tries, model, messages, tools, stop, max_tokens, temperature } = request
  try {
    const { reply } = await (await import('../import-module.ts')).importModule(path) as { reply?: (question: unknown) => unknown }
    if (typeof reply !== 'function') return failed('no_replies', `the module ${path} exports no function "reply"`)
    const told = messages.map(({ role: speaker, pieces, toolCalls, toolCallId }) => ({ role: speaker, text: pieces.map(({ text }) => text).join(''), tool_calls: toolCalls, ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }) }))
    const parsed = scriptedReply.safeParse(await reply({ role, nth, tries, model, messages: told, last: told.at(-1)?.text ?? '', tools, stop, max_tokens, temperature }))
    return parsed.success ? { reply: parsed.data } : failed('bad_script', `the module ${path} gave no reply: ${parsed.error.issues[0]?.message ?? ''}. A reply is a text, {text, tool_calls} or {error}`)
  } catch (error) {
    return failed('bad_script', `the module ${path} failed: ${messageOf(error)}`)
  }
}

function answerOf(reply: ScriptedReply, { nth }: ProviderRequest): ProviderAnswer {
  if (typeof reply === 'string') return answerOf({ text: reply, tool_calls: [] }, { nth } as ProviderRequest)
  if ('error' in reply) {
    const { error, code = 'scripted_error', retryable = RETRIED.has(code), retry_after_ms, parameter } = reply
    return { ok: false, error: { source: 'provider', code, message: error }, retryable, ...(retry_after_ms === undefined ? {} : { retryAfterMs: retry_after_ms }), ...(parameter === undefined ? {} : { parameter }) }
  }
  const { text, tool_calls, stop_reason, usage = { input: 0, output: 0, cached: 0 }, model = 'scripted' } = reply
  const toolCalls = tool_calls.map(({ id, name, arguments: given }, index) => ({ id: id ?? `call_${nth + 1}_${index + 1}`, name, arguments: typeof given === 'string' ? argumentsOf(given) : given }))
  const stopReason: StopReason = stop_reason ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop')
  return { ok: true, reply: text.toWellFormed(), toolCalls, stopReason, servedModel: model, usage: { ...usage, cacheWrite: 0 }, raw: Buffer.from(text.toWellFormed()), providerRequest: '', source: 'scripted' }
}
