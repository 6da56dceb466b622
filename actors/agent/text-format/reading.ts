import { readReply } from '../parsing/index.ts'
import type { ReplyReading } from '../parsing/index.ts'
import { textOf } from '../../protocol.ts'
import type { ReceivedOf, TextValue } from '../../protocol.ts'
import { isFatal } from '../../../schemas/completion.ts'
import type { Context } from './context.ts'

type Delivered = ReceivedOf<'completion.delivered'>

/** The reply of a completion, read; a refused or filtered one is a reply that cannot be used. */
export function readingOf({ entries, actions }: Context, { data }: Delivered): ReplyReading {
  if (!data.ok) return { ok: false, code: 'empty', sentence: data.error?.code === 'content_filter' ? 'the provider filtered it out' : 'it was a refusal' }
  return readReply(textOf(data.reply), { entries, actions }, data.stop_reason === 'length')
}

/** True when an agent cannot go on after this completion. */
export const isHopeless = ({ data }: Delivered): boolean => !data.ok && isFatal(data.error?.code ?? 'unknown')

/** True when a reply names an action and has all that is asked for; what is missing is overlooked once asking again has not helped. */
export function isUsable(context: Context, event: Delivered): boolean {
  const reading = readingOf(context, event)
  return reading.ok && (!context.config.strict_entries || reading.missing.length === 0 || !mayAskAgain(context))
}

export const mayAskAgain = ({ refused, config }: Context): boolean => (refused?.count ?? 0) < config.max_retries

/** Why a reply was not used, as a clause. */
export function problemOf(context: Context, event: Delivered): string {
  const reading = readingOf(context, event)
  if (!reading.ok) return reading.sentence
  return `${reading.missing.map((name) => `"${name}:"`).join(' and ')} ${reading.missing.length === 1 ? 'is' : 'are'} missing or empty`
}

/** The plan that stands in a reply, without the marks around what was new in it. */
export function planIn(reply: string, context: Context, entry: string): string {
  const reading = readReply(reply, { entries: context.entries, actions: context.actions })
  return reading.ok ? (reading.entries[entry] ?? '').replace(/\*\*/g, '').trim() : ''
}

/** A text that this event brought, or that `needs` asked for. */
export const readText = (value: TextValue | null, read: Readonly<Record<string, string>>): string => value?.text ?? read[value?.ref ?? ''] ?? ''
