import { listAfter, text } from '../../protocol.ts'
import type { ListValue, TextValue } from '../../protocol.ts'

export type SegmentRole = 'system' | 'user' | 'assistant' | 'tool'

/**
 * A piece of a prompt. Neighbours of the same role join with a blank line, so a text that was recorded already (a reply, an observation) is named by its
 * hash and never stored again within a longer one. lead: a line before the text; keep: never left out when a request has to be shortened; breakpoint: a provider may cache up to here.
 */
export interface Segment { role: SegmentRole; lead?: string; text: TextValue; keep?: true; breakpoint?: true; tool_calls?: TextValue; tool_call_id?: string }

/** A recorded text by its name alone, or a new one with its words. */
export const named = (value: TextValue): TextValue => (value.ref !== undefined && value.ref !== '' ? { ref: value.ref, bytes: value.bytes ?? 0 } : text(value.text ?? ''))

export const segment = (role: SegmentRole, value: string | TextValue, more: Partial<Omit<Segment, 'role' | 'text'>> = {}): Segment => ({ role, text: typeof value === 'string' ? text(value) : named(value), ...more })

/**
 * The part of a prompt that never changes in a run, first, so that providers can cache it: what the agent is and may do, then the problem. Kept when a request
 * has to be shortened. Write it once and go on from it with `listAfter`.
 */
export const opening = (system: string, problem: TextValue, lead = 'The research problem:'): ListValue =>
  listAfter(null, segment('system', system, { keep: true }), segment('user', lead, { keep: true }), segment('user', problem, { keep: true, breakpoint: true }))
