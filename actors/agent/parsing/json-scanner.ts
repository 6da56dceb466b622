import type { Json } from '../../../schemas/canonical-json.ts'

/** What was mended while reading, as phrases that a model or a person understands: "a trailing comma". */
export type Repairs = Set<string>

/** Why a text is no JSON, even read kindly. `truncated`: it ends before the value does. */
export class Unreadable extends Error {
  readonly code: 'bad_json' | 'truncated'
  constructor(code: 'bad_json' | 'truncated', sentence: string) {
    super(sentence)
    this.code = code
  }
}

/** Where reading stands in a text. `finished`: the text is known to be whole, so a bracket missing at its very end was forgotten, not cut off. */
export interface Cursor { readonly source: string; at: number; readonly repairs: Repairs; readonly finished: boolean }

const MAX_DEPTH = 60
const CLOSING: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”', '‘': '’' }
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const WORDS: Readonly<Record<string, Json>> = { true: true, false: false, null: null }
const PYTHON: Readonly<Record<string, Json>> = { True: true, False: false, None: null, TRUE: true, FALSE: false, NULL: null }
const UNUSUAL_SPACE = /[\s\u200b-\u200d\u2060\ufeff]/
const STRICT_NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const LOOSE_NUMBER = /[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
const NUMBER_SO_FAR = /[-+.\deE]*/y
const WORD = /[A-Za-z_$][\w$]*/y
const HEX = /^[0-9a-fA-F]{4}$/

const match = (pattern: RegExp, { source, at }: Cursor): string => {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0] ?? ''
}
const here = (cursor: Cursor): string => cursor.source[cursor.at] ?? ''
const near = ({ source, at }: Cursor): string => JSON.stringify(source.slice(at, at + 20))
const truncated = (what: string): Unreadable => new Unreadable('truncated', `the JSON ends in the middle of ${what}`)
const bad = (sentence: string): Unreadable => new Unreadable('bad_json', sentence)

/** Moves past white space and comments. */
export function skipSpace(cursor: Cursor): void {
  for (;;) {
    const char = here(cursor)
    if (char === ' ' || char === '\n' || char === '\t' || char === '\r') cursor.at++
    else if (char !== '' && UNUSUAL_SPACE.test(char)) {
      cursor.repairs.add('unusual white space')
      cursor.at++
    } else if (char === '#' || cursor.source.startsWith('//', cursor.at)) {
      const end = cursor.source.indexOf('\n', cursor.at)
      cursor.at = end < 0 ? cursor.source.length : end
      cursor.repairs.add('comments')
    } else if (cursor.source.startsWith('/*', cursor.at)) {
      const end = cursor.source.indexOf('*/', cursor.at + 2)
      if (end < 0) throw truncated('a comment')
      cursor.at = end + 2
      cursor.repairs.add('comments')
    } else return
  }
}

/** Reads one value at the cursor and moves behind it. Throws Unreadable. */
export function readValue(cursor: Cursor, depth = 0): Json {
  if (depth > MAX_DEPTH) throw bad(`the JSON is nested more than ${MAX_DEPTH} deep`)
  skipSpace(cursor)
  const char = here(cursor)
  if (char === '') throw truncated('a value')
  if (char === '{') return readMembers(cursor, depth)
  if (char === '[') return readItems(cursor, depth)
  if (CLOSING[char] !== undefined) return readString(cursor)
  return /[-+.\d]/.test(char) ? readNumber(cursor) : readWord(cursor)
}

function readMembers(cursor: Cursor, depth: number): { [key: string]: Json } {
  const members = new Map<string, Json>()
  readSequence(cursor, '}', 'an object', () => {
    const key = CLOSING[here(cursor)] === undefined ? readBareKey(cursor) : readString(cursor)
    skipSpace(cursor)
    const colon = here(cursor)
    if (colon === '') throw truncated('an object')
    if (colon === '：') cursor.repairs.add('a wide colon')
    else if (colon !== ':') throw bad(`after the key ${JSON.stringify(key.slice(0, 40))} a colon is expected, not ${near(cursor)}; a quotation mark inside a string must be written \\"`)
    cursor.at++
    const value = readValue(cursor, depth + 1)
    if (members.has(key)) {
      if (JSON.stringify(members.get(key)) !== JSON.stringify(value)) throw bad(`the key ${JSON.stringify(key.slice(0, 40))} stands there twice with different values`)
      cursor.repairs.add('a repeated key')
    }
    members.set(key, value)
  })
  return Object.fromEntries(members)
}

function readItems(cursor: Cursor, depth: number): Json[] {
  const items: Json[] = []
  readSequence(cursor, ']', 'a list', () => { items.push(readValue(cursor, depth + 1)) })
  return items
}

/** What stands between two brackets, separated by commas. */
function readSequence(cursor: Cursor, close: string, what: string, readOne: () => void): void {
  cursor.at++
  for (let first = true; ; first = false) {
    skipSpace(cursor)
    if (here(cursor) === '') throw truncated(what)
    if (here(cursor) === close) {
      if (!first) cursor.repairs.add('a trailing comma')
      cursor.at++
      return
    }
    readOne()
    const last = cursor.source[cursor.at - 1] ?? ''
    const before = cursor.at
    skipSpace(cursor)
    const char = here(cursor)
    if (char === close) {
      cursor.at++
      return
    }
    if (char === ',' || char === '，') {
      if (char === '，') cursor.repairs.add('a wide comma')
      cursor.at++
    } else if (char === '' || (cursor.source.startsWith('```', cursor.at) && cursor.source.slice(before, cursor.at).includes('\n'))) {
      // A number at the end may have lost digits; what ends in a quote or a bracket is whole.
      if (!cursor.finished || !/["'”’}\]]/.test(last)) throw truncated(what)
      cursor.repairs.add('a missing closing bracket')
      return
    } else if (CLOSING[char] !== undefined && cursor.source.slice(before, cursor.at).includes('\n')) cursor.repairs.add('a missing comma')
    else throw bad(`${near(cursor)} is not expected in ${what}; a quotation mark inside a string must be written \\"`)
  }
}

function readBareKey(cursor: Cursor): string {
  const word = match(WORD, cursor)
  if (word === '') throw bad(`a key in quotation marks is expected, not ${near(cursor)}`)
  cursor.at += word.length
  cursor.repairs.add('keys without quotation marks')
  return word
}

function readNumber(cursor: Cursor): number {
  const strict = match(STRICT_NUMBER, cursor)
  const loose = match(LOOSE_NUMBER, cursor)
  const word = loose.length > strict.length ? loose : strict
  const after = cursor.source[cursor.at + word.length] ?? ''
  const number = Number(word)
  if (cursor.at + match(NUMBER_SO_FAR, cursor).length === cursor.source.length) throw truncated('a number')
  if (word === '' || /[\w.]/.test(after) || !Number.isFinite(number)) throw bad(`${near(cursor)} is no number that JSON knows`)
  if (word !== strict) cursor.repairs.add('a number in another notation')
  cursor.at += word.length
  return number
}

function readWord(cursor: Cursor): Json {
  const word = match(WORD, cursor)
  const whole = cursor.at + word.length < cursor.source.length
  if (word !== '' && !whole && [...Object.keys(WORDS), ...Object.keys(PYTHON)].some((known) => known.startsWith(word))) throw truncated('a value')
  if (!Object.hasOwn(WORDS, word) && !Object.hasOwn(PYTHON, word)) throw bad(`${near(cursor)} is no JSON value; texts stand in quotation marks`)
  cursor.at += word.length
  if (Object.hasOwn(WORDS, word)) return WORDS[word] ?? null
  cursor.repairs.add('words of Python where JSON has true, false and null')
  return PYTHON[word] ?? null
}

/** Reads a string in any of the quotes there are. What escapes nothing keeps its backslash; a line break inside stays one. */
export function readString(cursor: Cursor): string {
  const { source } = cursor
  const open = here(cursor)
  const triple = open.repeat(3)
  const close = (open === '"' || open === "'") && source.startsWith(triple, cursor.at) ? triple : (CLOSING[open] ?? '"')
  if (close === triple) cursor.repairs.add('triple quotes')
  else if (open !== '"') cursor.repairs.add(open === "'" ? 'single quotes' : 'typographic quotes')
  const parts: string[] = []
  let from = cursor.at + close.length
  let at = from
  for (;;) {
    const char = source[at]
    if (char === undefined) throw truncated('a string, or a quotation mark inside a string is not written \\"')
    if (char === close || (close.length === 3 && source.startsWith(close, at))) break
    if (char === '\\') {
      parts.push(source.slice(from, at))
      const [text, length] = readEscape(source, at, cursor.repairs)
      parts.push(text)
      at += length
      from = at
      continue
    }
    if (char < ' ' && close !== triple) cursor.repairs.add(char === '\n' || char === '\r' ? 'line breaks inside a string' : 'control characters inside a string')
    at++
  }
  parts.push(source.slice(from, at))
  cursor.at = at + close.length
  return parts.join('')
}

function readEscape(source: string, at: number, repairs: Repairs): [string, number] {
  const next = source[at + 1]
  if (next === undefined) throw truncated('a string')
  const plain = ESCAPES[next]
  if (plain !== undefined) return [plain, 2]
  if (next === 'u') {
    const digits = source.slice(at + 2, at + 6)
    if (HEX.test(digits)) return [String.fromCharCode(Number.parseInt(digits, 16)), 6]
  }
  if (next === "'") {
    repairs.add('an escaped single quote')
    return ["'", 2]
  }
  repairs.add('backslashes that escape nothing')
  return ['\\', 1]
}
