import { OWN_LINE, standingAfter } from './python-lines.ts'
import type { Standing } from './python-lines.ts'

/** A fenced block of a reply. `before` is the last line with words before it, `closed` is false when the reply ends inside it. */
export interface FencedBlock { info: string; text: string; before: string; closed: boolean }

interface Fence { indent: number; marks: string; info: string }

const FENCE = /^([ \t]*)(`{3,}|~{3,})(.*)$/

const fenceOf = (line: string): Fence | undefined => {
  const match = FENCE.exec(line)
  if (match === null) return undefined
  const [, indent = '', marks = '', rest = ''] = match
  const info = rest.trim()
  // Three backticks before and after a word are code within a sentence.
  return marks.startsWith('`') && info.includes('`') ? undefined : { indent: indent.length, marks, info }
}

/**
 * The fenced blocks of a text with \n line ends. A block ends at a bare fence of its own kind, as long as its own or longer, that
 * is not far further in, does not stand in a triple-quoted string of Python, and does not close a fence that was opened inside the block.
 */
export function fencedBlocks(reply: string): FencedBlock[] {
  const lines = reply.split('\n')
  const blocks: FencedBlock[] = []
  let before = ''
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const fence = fenceOf(line)
    if (fence === undefined) {
      if (line.trim() !== '') before = line.trim()
      continue
    }
    const end = endOf(lines, at + 1, fence)
    const content = lines.slice(at + 1, end ?? lines.length).map((one) => withoutIndent(one, fence.indent))
    blocks.push({ info: fence.info, text: content.length === 0 ? '' : `${content.join('\n')}\n`, before, closed: end !== undefined })
    before = ''
    at = end ?? lines.length
  }
  return blocks
}

/** Lines of this kind may hold strings in which a fence means nothing. */
const MAY_BE_PYTHON = /^$|^\{?\.?py/i

function endOf(lines: readonly string[], from: number, open: Fence): number | undefined {
  const python = MAY_BE_PYTHON.test(open.info)
  let standing: Standing = OWN_LINE
  let inner = 0
  const passed: number[] = []
  let nested = false
  for (let at = from; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const fence = fenceOf(line)
    if (fence !== undefined && sameKind(fence, open)) {
      const inString = python && standing.quote !== ''
      if (fence.info !== '') {
        if (!inString) inner++
        nested ||= !inString
      } else if (fence.indent <= open.indent + 3) {
        if (!inString && inner === 0) return at
        if (!inString) inner--
        passed.push(at)
      }
    }
    standing = standingAfter(line, standing)
  }
  // A fragment may begin or end inside a string. Its fence is taken for the end only where nothing else can be meant: it is alone, and last.
  const [alone, ...more] = passed
  return alone !== undefined && more.length === 0 && !nested && lines.slice(alone + 1).every((line) => line.trim() === '') ? alone : undefined
}

const sameKind = (fence: Fence, open: Fence): boolean => fence.marks[0] === open.marks[0] && fence.marks.length >= open.marks.length

const withoutIndent = (line: string, indent: number): string => {
  let at = 0
  while (at < indent && (line[at] === ' ' || line[at] === '\t')) at++
  return line.slice(at)
}
