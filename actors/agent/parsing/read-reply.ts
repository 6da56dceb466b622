import { resolveAction } from './action-names.ts'
import { withoutStrayFence } from './fences.ts'
import { findHeaders, inOrder } from './headers.ts'
import type { Header } from './headers.ts'
import { readObject } from './read-object.ts'
import type { JsonObject, ObjectError, ObjectReading } from './read-object.ts'

export type ReplyError = ObjectError | 'empty' | 'no_action' | 'no_input' | 'unknown_action'

/** What a reply in the text format says. Its first action counts, and what follows that action is left out. */
export type ReplyReading =
  | {
    ok: true
    action: string
    args: JsonObject
    /** texts of the entries before the action, by name */
    entries: Readonly<Record<string, string>>
    /** entries of the format that the reply lacks */
    missing: string[]
    /** everything before the action */
    thought: string
    /** the reply as far as it counts */
    used: string
    /** what was mended or left out, as phrases */
    repairs: string[]
  }
  | { ok: false; code: ReplyError; sentence: string }

export interface ReplyFormat {
  /** entries before Action and Action Input, in their order */
  entries: readonly string[]
  /** names of the actions that there are */
  actions: readonly string[]
}

const ACTION = 'Action'
const INPUT = 'Action Input'
const OBSERVATION = 'Observation'

/**
 * Reads a reply of entries ("Thought: ...", "Action: ...", "Action Input: {...}"). The first action counts: further ones, and an observation that the model
 * invented, are left out and reported. An entry's name at the beginning of a line inside another entry's text does no harm. `cut`: the provider stopped the
 * reply at its length limit.
 */
export function readReply(reply: string, format: ReplyFormat, cut = false): ReplyReading {
  if (reply.trim() === '') return { ok: false, code: 'empty', sentence: 'the reply is empty' }
  const headers = findHeaders(reply, [...format.entries, INPUT, ACTION, OBSERVATION])
  const found = firstAction(reply, headers, format)
  if ('code' in found) return cut && found.code !== 'unknown_action' ? { ok: false, code: 'truncated', sentence: 'the reply was cut off at its length limit before the action was complete' } : { ok: false, ...found }
  const { header, inputAt, next } = found
  const reading = readInput(reply.slice(inputAt), (next?.start ?? reply.length) - inputAt, !cut)
  if (!reading.ok) {
    if (cut && reading.code !== 'bad_json') return { ok: false, code: 'truncated', sentence: 'the reply was cut off at its length limit, in the middle of the Action Input' }
    return { ok: false, code: reading.code, sentence: `the ${INPUT} cannot be read: ${reading.sentence}` }
  }
  const repairs = [...found.repairs, ...reading.repairs]
  const end = endOfUse(reply, inputAt + reading.end)
  repairs.push(...leftOut(reply.slice(end), headers.filter(({ start }) => start >= end)))
  const before = readEntries(reply.slice(0, header.start), headers.filter(({ start }) => start < header.start), format.entries)
  return {
    ok: true, action: found.name, args: reading.value, entries: before.entries, missing: before.missing, thought: withoutStrayFence(reply.slice(0, header.start)),
    used: reply.slice(end).trim() === '' ? reply : reply.slice(0, end), repairs: [...before.repairs, ...repairs],
  }
}

/** Reads the input, which may hold lines that look like headers; only when it makes no sense with them does the next header end it. */
function readInput(text: string, before: number, finished: boolean): ObjectReading {
  const reading = readObject(text, { finished, before })
  if (reading.ok || before >= text.length) return reading
  const shorter = readObject(text.slice(0, before), { finished })
  return shorter.ok ? shorter : reading
}

type Found = { header: Header; name: string; inputAt: number; next: Header | undefined; repairs: string[] } | { code: ReplyError; sentence: string }

/** The first Action that names one and has an input; an Action without either is text of another entry, unless it clearly is one. */
function firstAction(reply: string, headers: readonly Header[], { actions, entries }: ReplyFormat): Found {
  let inputSeen = false
  for (const [index, header] of headers.entries()) {
    if (header.name === INPUT) inputSeen = true
    if (header.name !== ACTION) continue
    const next = headers[index + 1]
    const between = reply.slice(header.textStart, next?.start ?? reply.length)
    const line = /[^\s`][^\n]*/.exec(between)
    const word = (line?.[0] ?? '').trim()
    const resolved = resolveAction(word, actions)
    const repairs = resolved?.repaired === true ? [`the name of the action (${resolved.name})`] : []
    if (next?.name === INPUT) {
      if (resolved === undefined) return { code: 'unknown_action', sentence: `there is no action ${JSON.stringify(word.slice(0, 80))}` }
      if (between.slice((line?.index ?? 0) + (line?.[0].length ?? 0)).replace(/`/g, '').trim() !== '') repairs.push('text between the action and its input')
      return { header, name: resolved.name, inputAt: next.textStart, next: headers[index + 2], repairs }
    }
    if (resolved === undefined) continue
    const lineEnd = header.textStart + (line?.index ?? 0) + (line?.[0].length ?? 0)
    if (/^\s*(?:`{3,}\w*\s*)?\{/.test(reply.slice(lineEnd, next?.start))) return { header, name: resolved.name, inputAt: lineEnd, next, repairs: [...repairs, `the missing "${INPUT}:"`] }
    // In a list of plans an action is followed by the next entry; what ends a step, or begins one, shows that this was meant to be carried out.
    const after = headers.slice(index + 1).find(({ name }) => name !== ACTION)?.name
    if (after === undefined || after === OBSERVATION || after === INPUT || after === entries[0]) return { code: 'no_input', sentence: `the action ${resolved.name} has no ${INPUT}` }
  }
  return { code: 'no_action', sentence: inputSeen ? `there is an ${INPUT} without an ${ACTION}` : `there is no ${ACTION} with an ${INPUT}` }
}

/** The closing fence belongs to the input. */
const endOfUse = (reply: string, end: number): number => end + (/^[ \t]*\n?[ \t]*(?:`{3,}|~{3,})/.exec(reply.slice(end))?.[0].length ?? 0)

function leftOut(rest: string, headers: readonly Header[]): string[] {
  if (rest.replace(/[`~*]/g, '').trim() === '') return []
  const first = headers[0]
  if (first?.name === OBSERVATION) return ['an Observation that you wrote yourself, and what followed it, was left out']
  const more = headers.filter(({ name }) => name === ACTION).length
  return [more > 0 ? `only the first action was carried out; ${more} more left out` : 'text after the action was left out']
}

/** The entries of a text that ends before the action. Text before the first entry belongs to it when its name was forgotten. */
function readEntries(text: string, headers: readonly Header[], names: readonly string[]): { entries: Record<string, string>; missing: string[]; repairs: string[] } {
  const ordered = inOrder(headers, names)
  const others = names.filter((name) => !ordered.some((header) => header.name === name)).flatMap((name) => headers.find((header) => header.name === name) ?? [])
  const chosen = [...ordered, ...others].sort((a, b) => a.start - b.start)
  const entries: Record<string, string> = {}
  const repairs = others.length === 0 ? [] : ['entries in another order']
  for (const [index, header] of chosen.entries()) entries[header.name] = withoutStrayFence(text.slice(header.textStart, chosen[index + 1]?.start))
  const lead = withoutStrayFence(text.slice(0, chosen[0]?.start))
  const [first] = names
  if (lead !== '' && first !== undefined) {
    if (entries[first] === undefined) {
      entries[first] = lead
      repairs.push(`text without a heading was taken as ${first}`)
    } else repairs.push(`text before ${first} was left out`)
  }
  return { entries, missing: names.filter((name) => (entries[name] ?? '') === ''), repairs }
}
