import type { Segment } from './segments.ts'

/**
 * A prompt that was too long, cut as far as `level` says: 1 leaves out the older half of what need not stay, 2 all of it but the last,
 * 3 and 4 cut long texts in the middle as well. An assistant's tool calls and their results stay or leave together.
 */
export function shorten(segments: readonly Segment[], level: number): Segment[] {
  if (level <= 0) return [...segments]
  const units = unitsOf(segments)
  const removable = units.filter((unit) => !unit.some(({ keep }) => keep))
  const dropped = new Set(removable.slice(0, level === 1 ? Math.ceil(removable.length / 2) : Math.max(0, removable.length - 1)))
  const first = units.find((unit) => dropped.has(unit))
  const kept = units.flatMap((unit) => (unit === first ? [notice(dropped.size)] : dropped.has(unit) ? [] : unit))
  const limit = level >= 4 ? 4000 : level === 3 ? 8000 : Infinity
  return kept.map((segment) => ({ ...segment, text: cut(segment.text, limit), toolCalls: segment.toolCalls.map((call) => ({ ...call, arguments: cutInside(call.arguments, limit) as Record<string, unknown> })) }))
}

function unitsOf(segments: readonly Segment[]): Segment[][] {
  const units: Segment[][] = []
  for (const segment of segments) {
    const last = units.at(-1)
    if (segment.role === 'tool' && last !== undefined && (last[0]?.toolCalls.length ?? 0) > 0) last.push(segment)
    else units.push([segment])
  }
  return units
}

const notice = (count: number): Segment =>
  ({ role: 'user', text: count === 1 ? '(One earlier part of this conversation was left out, because the whole was too long.)' : `(${count} earlier parts of this conversation were left out, because the whole was too long.)`, toolCalls: [], keep: true, breakpoint: false })

/** Keeps the first and the last half of `limit` characters of what is longer. */
const cut = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, limit / 2).toWellFormed()}\n(... ${text.length - limit} characters left out ...)\n${text.slice(-limit / 2).toWellFormed()}`

function cutInside(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return cut(value, limit)
  if (Array.isArray(value)) return value.map((item) => cutInside(item, limit))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cutInside(item, limit)]))
}
