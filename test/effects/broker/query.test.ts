import { describe, expect, it } from 'vitest'
import { BadQuery, parseQuery } from '../../../src/effects/broker/query.ts'
import type { Query } from '../../../src/effects/broker/query.ts'

const told = (query: Query): string => {
  switch (query.kind) {
    case 'words': return `${query.field}:${query.phrase ? `"${query.words.join(' ')}"` : query.words.join('+')}`
    case 'year': return `year:${query.year}`
    default: return `(${told(query.left)} ${query.kind} ${told(query.right)})`
  }
}

describe('A search of papers', () => {
  it.each([
    ['sparse routing', '(all:sparse or all:routing)'],
    ['ti:"Sparse Routings" AND au:Okafor', '(ti:"sparse routing" and au:okafor)'],
    ['a OR b AND c', '(all:a or (all:b and all:c))'],
    ['(a OR b) AND year:2019 ANDNOT cat:ml.methods', '(((all:a or all:b) and year:2019) andnot cat:ml.methods)'],
    ['au:Dvořák au:Østergaard', '(au:dvorak or au:stergaard)'],
    ['x-ray', 'all:x+ray'],
  ])('%s is understood as %s', (text, meaning) => { expect(told(parseQuery(text))).toBe(meaning) })

  it.each(['', '   ', 'a AND', 'AND a', '(a', 'a)', '()', 'ti:"open', 'colour:red', 'year:19', 'a '.repeat(201), `${'('.repeat(30)}a${')'.repeat(30)}`])('%j is refused with a sentence', (text) => {
    expect(() => parseQuery(text)).toThrow(BadQuery)
  })

  it('takes time that grows with its length only', () => {
    expect(() => parseQuery(`"${'a" "'.repeat(50_000)}`)).toThrow(BadQuery)
    expect(() => parseQuery('('.repeat(100_000))).toThrow(BadQuery)
  })
})
