const COMMENT = /^\s*(?:#+|\/\/|--|%|\/\*|<!--)\s*(.*?)\s*(?:\*\/|-->)?$/
const DOTS = /^[\s([{<*-]*(?:\.{3}|…)/
const KEPT = /\b(?:rest|remain\w*|unchanged|existing|same|previous|omitted|original|as before|other|your|code|here|continues?|etc)\b/i
const PHRASES = [
  /\b(?:rest|remainder|remaining)\b.*\b(?:unchanged|same|remains?|stays?|omitted|here|goes|as before|of (?:the|your) (?:code|file|script|function|class|program|imports))\b/i,
  /\b(?:unchanged|existing|previous|original|same)\b.*\b(?:code|imports?|functions?|class(?:es)?|lines?|content|script)\b.*(?:\.{3}|…|\b(?:here|unchanged|remains?|stays?|as before|above|below)\b)/i,
  /\b(?:omitted|abbreviated|elided|skipped) for (?:brevity|clarity)\b/i,
]

/** The first line of a reply's code that stands for lines left out ("# ... rest unchanged"), unless the file had that line before. */
export function elidedLine(code: string, original: string): string | undefined {
  const known = new Set(original.split(/\r\n?|\n/).map((line) => line.trim()))
  return code.split('\n').map((line) => line.trim()).find((line) => standsForMore(line) && !known.has(line))
}

function standsForMore(line: string): boolean {
  // A line that stands for others is short.
  const words = line.length > 300 ? undefined : COMMENT.exec(line)?.[1]
  if (words === undefined || words === '') return false
  if (DOTS.test(words)) return !/[\p{L}\p{N}]/u.test(words) || KEPT.test(words)
  return PHRASES.some((phrase) => phrase.test(words))
}
