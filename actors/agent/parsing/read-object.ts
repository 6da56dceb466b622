import type { Json } from '../../../schemas/canonical-json.ts'
import { Unreadable, readString, readValue, skipSpace } from './json-scanner.ts'
import type { Cursor, Repairs } from './json-scanner.ts'
import { withoutLastFence } from './fences.ts'

export type JsonObject = { [key: string]: Json }
export type ObjectError = 'no_json' | 'bad_json' | 'not_an_object' | 'truncated'

/** `end`: where the object ends in the text. `repairs`: what had to be mended, nothing where the text was JSON as it should be. */
export type ObjectReading =
  | { ok: true; value: JsonObject; end: number; repairs: string[] }
  | { ok: false; code: ObjectError; sentence: string }

export interface ObjectOptions {
  /** the text is known to be whole: a bracket missing at its very end was forgotten, not cut off */
  finished?: boolean
  /** the object must begin before this place in the text */
  before?: number
}

/** A code fence's opening, with or without a language. */
const FENCE = /^\s*(?:`{3,}|~{3,})[ \t]*[\w+-]*[ \t]*(?:\n|$)?/
/** What models put before the JSON that they were asked for: nothing is lost without it. */
const LEAD = /^[\s*_`~:=]*(?:json|python|args|arguments|input)?[\s*_`~:=]*$/i
const isLead = (text: string): boolean => text.length < 60 && LEAD.test(text)

/**
 * Reads the JSON object that a model wrote, with the kindness that models need: fences, a text before it, trailing commas, single, typographic and
 * triple quotes, comments, raw line breaks, Python's words, keys without quotes, JSON within a string. Never guessed: where a string ends, what a word
 * without quotes means, how a cut text would have gone on. Only the first object counts. Equal to JSON.parse where that reads the text.
 */
export function readObject(text: string, options: ObjectOptions = {}): ObjectReading {
  const finished = options.finished ?? false
  const before = options.before ?? text.length
  const repairs: Repairs = new Set()
  try {
    const fence = FENCE.exec(text.slice(0, before))?.[0] ?? ''
    const start = skipLead(text, fence.length, before)
    if (start >= before) return nothing(text.slice(0, before))
    const cursor: Cursor = { source: text, at: start, repairs, finished }
    if (text[start] === '"' || text[start] === "'") return readQuoted(cursor, options)
    const brace = text.indexOf('{', start)
    if (brace < 0 || brace >= before) return nothing(text.slice(0, before))
    const lead = text.slice(start, brace)
    if (lead.trim() === '[') return readOnlyItem({ ...cursor, at: start })
    if (!isLead(lead.trim())) repairs.add('text before the JSON')
    cursor.at = brace
    const value = readValue(cursor) as JsonObject
    return { ok: true, value, end: cursor.at, repairs: [...repairs] }
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, code: error.code, sentence: error.message }
    throw error
  }
}

function skipLead(text: string, from: number, before: number): number {
  const cursor: Cursor = { source: text.slice(0, before), at: from, repairs: new Set(), finished: true }
  while (/[\s\ufeff]/.test(cursor.source[cursor.at] ?? '')) cursor.at++
  return cursor.at
}

const nothing = (text: string): ObjectReading => {
  const trimmed = text.trim()
  if (trimmed === '') return { ok: false, code: 'no_json', sentence: 'there is nothing where a JSON object is expected' }
  if (/^(?:\[|-?\d|true\b|false\b|null\b)/.test(trimmed)) return { ok: false, code: 'not_an_object', sentence: 'a JSON object with named fields is expected, and this is another kind of value' }
  return { ok: false, code: 'no_json', sentence: `there is no JSON object in ${JSON.stringify(trimmed.slice(0, 60))}` }
}

/** A list with one object in it means that object. */
function readOnlyItem(cursor: Cursor): ObjectReading {
  const value = readValue(cursor)
  const [only, ...more] = Array.isArray(value) ? value : []
  if (typeof only !== 'object' || only === null || Array.isArray(only) || more.length > 0) return { ok: false, code: 'not_an_object', sentence: 'one JSON object is expected, and this is a list' }
  return { ok: true, value: only, end: cursor.at, repairs: [...cursor.repairs, 'a list around the object'] }
}

/** A text that begins with a quotation mark: JSON within a string, or an object without its braces. */
function readQuoted(cursor: Cursor, options: ObjectOptions): ObjectReading {
  const start = cursor.at
  const first = readString(cursor)
  const end = cursor.at
  skipSpace(cursor)
  if (cursor.source[cursor.at] === ':') {
    const body = withoutLastFence(cursor.source.slice(start, options.before))
    const inner = readObject(`{${body}}`, { finished: false })
    return inner.ok ? { ...inner, end: start + body.length, repairs: [...inner.repairs, 'missing braces'] } : inner
  }
  if (!first.trimStart().startsWith('{')) return { ok: false, code: 'not_an_object', sentence: 'a JSON object with named fields is expected, and this is a text' }
  const inner = readObject(first)
  return inner.ok ? { ...inner, end, repairs: [...inner.repairs, 'JSON within a string'] } : inner
}
