import { lineChanges } from './line-changes.ts'

/** The text of a script apart from how it is written down: what a model reads, and what it writes again. */
export interface Source {
  bom: boolean
  lines: string[]
  /** the end of each line: \n, \r\n (or more of \r), and '' for a last line without one */
  ends: string[]
}

export function parseSource(text: string): Source {
  const bom = text.startsWith('\ufeff')
  const lines: string[] = []
  const ends: string[] = []
  for (const part of (bom ? text.slice(1) : text).split(/(?<=\n)/)) {
    if (part === '') continue
    // A text that went through Windows twice has more than one \r there.
    const end = /\r*\n$/.exec(part)?.[0] ?? ''
    lines.push(part.slice(0, part.length - end.length))
    ends.push(end)
  }
  return { bom, lines, ends }
}

/** The text as a model sees it: no byte order mark, lines that end in \n. */
export const plainText = ({ lines, ends }: Source): string => lines.map((line, index) => line + (ends[index] === '' ? '' : '\n')).join('')

/**
 * New lines in the encoding of the source: its byte order mark, the line end of every line that was kept, for a new line that of the
 * line before it (of the first line where there is none), and a newline at the very end exactly if the source has one.
 */
export function inEncodingOf(source: Source, lines: readonly string[]): string {
  const first = source.ends.find((end) => end !== '') ?? '\n'
  const ends: string[] = []
  let old = 0
  for (const { kind, lines: run } of lineChanges(source.lines, lines)) {
    if (kind === 'removed') old += run.length
    else for (let index = 0; index < run.length; index++) ends.push((kind === 'same' ? source.ends[old++] : ends.at(-1)) || ends.at(-1) || first)
  }
  if (source.ends.at(-1) === '' && ends.length > 0) ends[ends.length - 1] = ''
  return (source.bom ? '\ufeff' : '') + lines.map((line, index) => line + (ends[index] ?? first)).join('')
}
