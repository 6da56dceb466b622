import { FIELDS, wordsOf } from './corpus.ts'
import type { Field } from './corpus.ts'

/** A search as arXiv's interface writes it: `ti:"sparse routing" AND (au:okafor OR year:2019) ANDNOT cat:cs.cl`. */
export type Query =
  | { kind: 'words'; field: Field | 'all'; words: string[]; phrase: boolean }
  | { kind: 'year'; year: string }
  | { kind: 'and' | 'or' | 'andnot'; left: Query; right: Query }

/** A query that cannot be read; the message says why. */
export class BadQuery extends Error {}

const TOKEN = /\s*(\(|\)|(?:[a-z]+:)?"[^"]*"|[^\s()"]+)/gy
const MAX_TOKENS = 200

/** Words side by side without an operator are alternatives, and a paper with more of them comes first. Throws BadQuery. */
export function parseQuery(text: string): Query {
  const tokens = tokensOf(text)
  let at = 0
  const peek = (): string | undefined => tokens[at]

  const operand = (depth: number): Query => {
    const token = tokens[at++]
    if (depth > 20) throw new BadQuery('the parentheses are nested too deep')
    if (token === undefined) throw new BadQuery('the query ends where a word belongs')
    if (token === ')' || isOperator(token)) throw new BadQuery(`there is "${token}" where a word belongs`)
    if (token !== '(') return term(token)
    const inner = alternatives(depth + 1)
    if (tokens[at++] !== ')') throw new BadQuery('a parenthesis is not closed')
    return inner
  }
  const conjunction = (depth: number): Query => {
    let left = operand(depth)
    for (let next = peek(); next === 'AND' || next === 'ANDNOT'; next = peek()) {
      at++
      left = { kind: next === 'AND' ? 'and' : 'andnot', left, right: operand(depth) }
    }
    return left
  }
  const alternatives = (depth: number): Query => {
    let left = conjunction(depth)
    for (let next = peek(); next !== undefined && next !== ')'; next = peek()) {
      if (next === 'OR') at++
      left = { kind: 'or', left, right: conjunction(depth) }
    }
    return left
  }

  const query = alternatives(0)
  if (at < tokens.length) throw new BadQuery('a parenthesis is closed that was never opened')
  return query
}

const isOperator = (token: string): boolean => token === 'AND' || token === 'OR' || token === 'ANDNOT'

function tokensOf(text: string): string[] {
  const tokens = [...text.trim().matchAll(TOKEN)].map((match) => match[1] ?? '')
  if (text.split('"').length % 2 === 0) throw new BadQuery('a quotation mark is not closed')
  if (tokens.length === 0) throw new BadQuery('search_query is empty')
  if (tokens.length > MAX_TOKENS) throw new BadQuery(`the query has more than ${MAX_TOKENS} words`)
  return tokens
}

function term(token: string): Query {
  const colon = /^([a-z]+):(.*)$/s.exec(token)
  const [field, value] = colon === null ? ['all', token] : [colon[1] ?? '', colon[2] ?? '']
  if (field === 'year') {
    if (!/^\d{4}$/.test(value)) throw new BadQuery(`year: takes four digits, not "${value}"`)
    return { kind: 'year', year: value }
  }
  const known = field === 'all' ? 'all' : FIELDS.find((one) => one === field)
  if (known === undefined) throw new BadQuery(`there is no field "${field}": the fields are all, ti, au, abs, cat and year`)
  const phrase = value.startsWith('"')
  const words = known === 'cat' ? [value.replaceAll('"', '').toLowerCase()] : wordsOf(value)
  return { kind: 'words', field: known, words, phrase }
}
