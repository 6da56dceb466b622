import { plainName } from './action-names.ts'

/** The beginning of an entry: a line "Name:", in whatever markup. */
export interface Header { name: string; start: number; textStart: number }

const patterns = new Map<string, RegExp>()

/**
 * Lines that begin one of the entries: any case, bold, headings, list marks, numbers, a wide colon. Without a colon only what is marked up as a heading and
 * stands alone. Bounded repetition throughout, so that a hostile reply costs time in proportion to its length.
 */
export function findHeaders(text: string, names: readonly string[]): Header[] {
  const key = names.join('\n')
  const pattern = patterns.get(key) ?? build(names)
  patterns.set(key, pattern)
  const out: Header[] = []
  for (const match of text.matchAll(pattern)) {
    const [whole, marks = '', word = '', end = ''] = match
    if (!/[:：]/.test(end) && !/[#*_]/.test(marks)) continue
    const plain = plainName(word.replace('&', 'and'))
    const name = names.find((known) => plainName(known) === plain)
    if (name !== undefined) out.push({ name, start: match.index, textStart: match.index + whole.length })
  }
  return out
}

function build(names: readonly string[]): RegExp {
  const words = [...names].sort((a, b) => b.length - a.length).map((name) => name.split(' ').map((word) => (word === 'and' ? '(?:and|&)' : word.replace(/[^\p{L}\p{N}]/gu, '\\$&'))).join('[ \\t_-]{0,3}'))
  return new RegExp(`^([ \\t#>*_\`~\\[•+-]{0,16}(?:\\d{1,2}[.)][ \\t]{0,4})?[*_\`]{0,4})(${words.join('|')})(?:[ \\t]{0,3}#?\\d{1,3})?([*_\`\\]]{0,4}[ \\t]{0,8}(?:[:：][*_\`]{0,4}|(?=\\r?$)))`, 'gimu')
}

/**
 * The headers that are entries, not texts of entries that look like one: the longest sequence in the order of `names`, the earliest where there are several.
 */
export function inOrder(headers: readonly Header[], names: readonly string[]): Header[] {
  interface Chain { length: number; header: Header; prev: Chain | undefined }
  const best: Array<Chain | undefined> = names.map(() => undefined)
  for (const header of headers) {
    const index = names.indexOf(header.name)
    if (index < 0) continue
    let prev: Chain | undefined
    for (const chain of best.slice(0, index)) if (chain !== undefined && chain.length > (prev?.length ?? 0)) prev = chain
    const length = (prev?.length ?? 0) + 1
    if (length > (best[index]?.length ?? 0)) best[index] = { length, header, prev }
  }
  let last: Chain | undefined
  for (const chain of best) if (chain !== undefined && chain.length > (last?.length ?? 0)) last = chain
  const out: Header[] = []
  for (let chain = last; chain !== undefined; chain = chain.prev) out.unshift(chain.header)
  return out
}
