// Answers a program's questions where no real model is set up: by rules, the same every time. It believes whatever stands in a text, as models may.

const STOP = new Set(('about after against also among because been before being below between both careful could does doing during each ends from further gain given have having hard here improve into its like line look more most much none numbers of on once one only other over '
  + 'paper reaches reported same shown since some still study such systems than that the their them then there these they this those through turned tried under usually very was were what when where which while with work works would year years '
  + 'a an and are as at be by et al for he in is it not or she to up we who you your our co workers list text write which').split(' '))

const wordsIn = (text) => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').match(/[A-Za-z][A-Za-z0-9-]+|\d+(?:\.\d+)?/g) ?? []
const telling = (text) => [...new Set(wordsIn(text).filter((word) => !STOP.has(word.toLowerCase()) && word.length > 2))]
const stem = (word) => word.toLowerCase().replace(/(ies)$/, 'y').replace(/s$/, '')

/** What stands after the last "Text:". */
const textIn = (prompt) => {
  const at = prompt.lastIndexOf('Text:')
  return at < 0 ? '' : prompt.slice(at + 5).trim()
}

function keywords(prompt) {
  const found = telling(textIn(prompt) || prompt.split('\n').slice(1).join('\n') || prompt)
  // Names and numbers tell the most, then long words.
  const weight = (word) => (/\d|[a-z][A-Z]/.test(word) ? 100 : /^[A-Z]/.test(word) ? 50 : 0) + word.length
  return found.sort((a, b) => weight(b) - weight(a)).slice(0, 8).join(', ')
}

function which(prompt) {
  const text = new Set(telling(textIn(prompt)).map(stem))
  const lines = [...prompt.matchAll(/^\s*(\d+)[.):]\s+(.*)$/gm)].map(([, number, line]) => ({ number, fits: telling(line).filter((word) => text.has(stem(word))).length }))
  const best = lines.sort((a, b) => b.fits - a.fits)[0]
  return best === undefined || best.fits === 0 ? '0' : best.number
}

function bibtex(prompt) {
  const text = textIn(prompt)
  const said = (name) => new RegExp(`^\\s*${name}s?\\s*:\\s*(.+)$`, 'im').exec(text)?.[1]?.trim()
  const year = said('year') ?? /\b(?:19|20)\d\d\b/.exec(text)?.[0] ?? '2020'
  const title = said('title') ?? `On ${telling(text).slice(0, 4).join(' ').toLowerCase() || 'learning'}`
  const authors = said('author') ?? (/([A-Z]\p{L}+) (?:et al|and co)/u.exec(text)?.[1] ?? 'Smith')
  const id = said('id') ?? `${year.slice(2)}01.${String(10000 + title.length * 131).slice(0, 5)}`
  return `@article{${id.replace('.', '')},\n  title = {${title}},\n  author = {${authors.split(/,\s*/).join(' and ')}},\n  year = {${year}},\n  eprint = {${id}}\n}`
}

/** An order in a text is followed, whoever wrote it. */
function ordered(prompt) {
  const order = /ignore all (?:earlier|previous) instructions and (.+)$/is.exec(textIn(prompt))?.[1]
  if (order === undefined) return undefined
  const entry = /@\w+\{.*\}/s.exec(order)?.[0]
  return entry ?? `@misc{zz,\n  title = {${/\d{4}\.\d{5}, ([^,]+)/.exec(order)?.[1] ?? 'Untitled'}},\n  author = {Nobody},\n  year = {1999},\n  eprint = {${/\d{4}\.\d{5}/.exec(order)?.[0] ?? '0'}}\n}`
}

export function reply({ last, messages }) {
  const instruction = messages.map(({ text }) => text).join('\n').split('Text:')[0].toLowerCase()
  if (/keyword|search term|telling word|important word/.test(instruction)) return keywords(last)
  if (/\bwhich\b/.test(instruction)) return which(last)
  if (/bibtex|bibliograph/.test(instruction)) return ordered(last) ?? bibtex(last)
  return 'I can list keywords, say which line fits a text, and write BibTeX.'
}
