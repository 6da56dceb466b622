import type { PaperRecord } from '../../../schemas/services.ts'
import type { Found } from './search.ts'

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const optional = (name: string, value: string | undefined): string => (value === undefined ? '' : `    <${name}>${escaped(value)}</${name}>\n`)

/** Search results as an Atom feed (RFC 4287) with OpenSearch counts, in the shape that arXiv's interface gives them. */
export function atomFeed({ total, papers }: Found, { query, start, count }: { query: string; start: number; count: number }): string {
  const entries = papers.map(entry).join('')
  const updated = papers.map((paper) => paper.updated).sort().at(-1) ?? '1970-01-01'
  return `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:paper="urn:kymo:paper">
  <id>urn:kymo:search</id>
  <title>${escaped(query)}</title>
  <updated>${updated}T00:00:00Z</updated>
  <opensearch:totalResults>${total}</opensearch:totalResults>
  <opensearch:startIndex>${start}</opensearch:startIndex>
  <opensearch:itemsPerPage>${count}</opensearch:itemsPerPage>
${entries}</feed>
`
}

function entry(paper: PaperRecord): string {
  return `  <entry>
    <id>urn:kymo:paper:${paper.id}</id>
    <title>${escaped(paper.title)}</title>
    <published>${paper.published}T00:00:00Z</published>
    <updated>${paper.updated}T00:00:00Z</updated>
    <summary>${escaped(paper.summary)}</summary>
${paper.authors.map((name) => `    <author><name>${escaped(name)}</name></author>\n`).join('')}${paper.categories.map((term) => `    <category term="${escaped(term)}"/>\n`).join('')}${optional('paper:journal_ref', paper.journal)}${optional('paper:doi', paper.doi)}  </entry>
`
}
