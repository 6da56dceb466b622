/** A stretch of a document: characters (UTF-16 units) `start` up to `end`, and the number of its first line, from 1. */
export interface Block { start: number; end: number; line: number }

/** Characters that one completion reads at most. */
export const BLOCK_CHARACTERS = 10_000

/** Blocks of one document that are read at most; what lies between the first and the last of them is left out, and said. */
export const MAX_BLOCKS = 40
const LAST_BLOCKS = 10

/**
 * Cuts a text into blocks of at most `size` characters, at line ends where there are any; a line that is longer is cut where no
 * character is torn apart. The blocks in order are the text, every character once.
 */
export function splitIntoBlocks(text: string, size = BLOCK_CHARACTERS): Block[] {
  const blocks: Block[] = []
  let start = 0
  let line = 1
  while (start < text.length) {
    const end = endOfBlock(text, start, size)
    blocks.push({ start, end, line })
    for (let at = text.indexOf('\n', start); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) line++
    start = end
  }
  return blocks
}

/** What is read of a long document: all blocks, or the first and the last ones with the characters between them left out. */
export function chooseBlocks(blocks: readonly Block[]): { read: Block[]; leftOut: { start: number; end: number } | null } {
  if (blocks.length <= MAX_BLOCKS) return { read: [...blocks], leftOut: null }
  const first = blocks.slice(0, MAX_BLOCKS - LAST_BLOCKS)
  const last = blocks.slice(-LAST_BLOCKS)
  return { read: [...first, ...last], leftOut: { start: first.at(-1)?.end ?? 0, end: last[0]?.start ?? 0 } }
}

function endOfBlock(text: string, start: number, size: number): number {
  const full = start + size
  if (full >= text.length) return text.length
  const lineEnd = text.lastIndexOf('\n', full - 1)
  if (lineEnd >= start) return lineEnd + 1
  return wholeCharacter(text, start, full)
}

/** How far a cut moves back at most to keep together what is read as one sign (an emoji of several parts, a letter and its accents). */
const LONGEST_SIGN = 32
const JOINS_THE_ONE_BEFORE = /^(?:\p{M}|\p{Emoji_Modifier}|\u200d)/u
const ZERO_WIDTH_JOINER = '\u200d'

function wholeCharacter(text: string, start: number, end: number): number {
  const surrogate = betweenSurrogates(text, end) ? end - 1 : end
  const lowest = Math.max(start + 1, end - LONGEST_SIGN)
  for (let at = surrogate; at >= lowest; at--) {
    if (betweenSurrogates(text, at) || text[at - 1] === ZERO_WIDTH_JOINER || (text[at - 1] === '\r' && text[at] === '\n')) continue
    if (!JOINS_THE_ONE_BEFORE.test(String.fromCodePoint(text.codePointAt(at) ?? 0x20))) return at
  }
  return surrogate > start ? surrogate : end
}

const betweenSurrogates = (text: string, at: number): boolean => /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1))
