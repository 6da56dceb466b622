import { FIELDS } from './corpus.ts'
import type { Corpus, Field, IndexedPaper } from './corpus.ts'
import type { PaperRecord } from '../../../schemas/services.ts'
import type { Query } from './query.ts'

export interface Search { query: Query | undefined; ids: readonly string[]; start: number; count: number; sortBy: 'relevance' | 'submittedDate'; ascending: boolean }
export interface Found { total: number; papers: readonly PaperRecord[] }

/** Papers that fit, best first; equals by date and id, so that the order never changes. With `ids` alone: those records, in their order. */
export function search(corpus: Corpus, { query, ids, start, count, sortBy, ascending }: Search): Found {
  if (query === undefined) {
    const named = [...new Set(ids)].flatMap((id) => corpus.byId.get(id) ?? [])
    return { total: named.length, papers: named.slice(start, start + count) }
  }
  const wanted = new Set(ids)
  const hits = corpus.papers.filter(({ paper }) => wanted.size === 0 || wanted.has(paper.id)).map((indexed) => ({ paper: indexed.paper, score: scoreOf(indexed, query, corpus) })).filter(({ score }) => score > 0)
  const newestFirst = (a: PaperRecord, b: PaperRecord): number => (a.published === b.published ? (a.id < b.id ? -1 : 1) : a.published < b.published ? 1 : -1)
  hits.sort((a, b) => (sortBy === 'relevance' && a.score !== b.score ? b.score - a.score : newestFirst(a.paper, b.paper)))
  if (ascending) hits.reverse()
  return { total: hits.length, papers: hits.slice(start, start + count).map(({ paper }) => paper) }
}

/** 0: the paper does not fit. Rare words weigh more, and words of a title twice. */
function scoreOf(indexed: IndexedPaper, query: Query, corpus: Corpus): number {
  switch (query.kind) {
    case 'year': return indexed.paper.published.startsWith(query.year) ? 0.5 : 0
    case 'and': {
      const left = scoreOf(indexed, query.left, corpus)
      const right = left === 0 ? 0 : scoreOf(indexed, query.right, corpus)
      return right === 0 ? 0 : left + right
    }
    case 'or': return scoreOf(indexed, query.left, corpus) + scoreOf(indexed, query.right, corpus)
    case 'andnot': return scoreOf(indexed, query.right, corpus) > 0 ? 0 : scoreOf(indexed, query.left, corpus)
    case 'words': return query.words.length === 0 ? 0 : Math.max(...(query.field === 'all' ? FIELDS : [query.field]).map((field) => fieldScore(indexed, field, query.words, query.phrase, corpus)))
  }
}

function fieldScore({ words }: IndexedPaper, field: Field, wanted: readonly string[], phrase: boolean, { papers, frequency }: Corpus): number {
  const there = words[field]
  const fits = phrase ? there.some((_, at) => wanted.every((word, index) => there[at + index] === word)) : wanted.every((word) => there.includes(word))
  if (!fits) return 0
  const rarity = wanted.reduce((sum, word) => sum + Math.log(1 + papers.length / (1 + (frequency.get(word) ?? 0))), 0)
  return rarity * (field === 'ti' ? 2 : 1)
}
