import type { Message, ToolCall } from '../provider.ts'
import type { Segment } from './segments.ts'

/**
 * Segments as a conversation that every provider takes: neighbours of one role joined by a blank line, nothing empty, and every call
 * of a tool followed by exactly one result. `withTools` false: calls and results are told as plain text, since a provider takes
 * them only beside a list of tools.
 */
export function toMessages(segments: readonly Segment[], withTools: boolean): Message[] {
  const messages: Message[] = []
  const used = new Set<string>()
  for (let at = 0; at < segments.length; at++) {
    const segment = segments[at]
    if (segment === undefined) continue
    if (!withTools || segment.role === 'tool' || segment.toolCalls.length === 0) {
      addText(messages, withTools && segment.role !== 'tool' ? segment : plain(segment))
      continue
    }
    const results = new Map<string, Segment>()
    const strays: Segment[] = []
    for (let next = segments[at + 1]; next?.role === 'tool'; next = segments[++at + 1]) {
      const id = next.toolCallId ?? ''
      if (segment.toolCalls.some((call) => call.id === id) && !results.has(id)) results.set(id, next)
      else strays.push(next)
    }
    const ids = segment.toolCalls.map(({ id }) => fresh(id, used))
    messages.push({ role: 'assistant', pieces: piecesOf(segment), toolCalls: segment.toolCalls.map((call, index) => ({ ...call, id: ids[index] ?? call.id })) })
    for (const [index, call] of segment.toolCalls.entries()) {
      const result = results.get(call.id)
      const text = result === undefined ? '(no result was recorded)' : result.text.trim() === '' ? '(no output)' : result.text
      messages.push({ role: 'tool', toolCallId: ids[index] ?? call.id, toolCalls: [], pieces: [{ text, ...(result?.breakpoint === true ? { breakpoint: true as const } : {}) }] })
    }
    for (const stray of strays) addText(messages, plain(stray))
  }
  return messages
}

const piecesOf = ({ text, breakpoint }: Segment): Message['pieces'] => (text.trim() === '' ? [] : [{ text, ...(breakpoint ? { breakpoint: true as const } : {}) }])

function addText(messages: Message[], segment: Segment): void {
  const [piece] = piecesOf(segment)
  const { role } = segment
  const last = messages.at(-1)
  const sameRole = last !== undefined && last.role === role && last.toolCalls.length === 0
  if (piece === undefined) {
    const end = sameRole ? last.pieces.at(-1) : undefined
    if (segment.breakpoint && end !== undefined) end.breakpoint = true
    return
  }
  if (!sameRole) {
    messages.push({ role, pieces: [piece], toolCalls: [] })
    return
  }
  const end = last.pieces.at(-1)
  // What stands before a breakpoint stays byte for byte the same, so the blank line belongs to what follows.
  if (end === undefined || end.breakpoint === true) last.pieces.push({ ...piece, text: `\n\n${piece.text}` })
  else last.pieces[last.pieces.length - 1] = { ...piece, text: `${end.text}\n\n${piece.text}` }
}

/** A call or a result as text that anybody may read. */
function plain(segment: Segment): Segment {
  if (segment.role === 'tool') return { ...segment, role: 'user', text: `Result of ${segment.toolCallId ?? 'a call'}:\n${segment.text.trim() === '' ? '(no output)' : segment.text}` }
  if (segment.toolCalls.length === 0) return segment
  return { ...segment, toolCalls: [], text: [segment.text, ...segment.toolCalls.map(told)].filter((text) => text.trim() !== '').join('\n\n') }
}
const told = ({ id, name, arguments: given }: ToolCall): string => `Call ${id} of ${name}: ${JSON.stringify(given)}`

/** Ids that models made up may repeat within a conversation, which some providers refuse. */
function fresh(id: string, used: Set<string>): string {
  const base = id.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, 56) || 'call'
  let candidate = base
  for (let n = 2; used.has(candidate); n++) candidate = `${base}_${n}`
  used.add(candidate)
  return candidate
}
