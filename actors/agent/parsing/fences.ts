/** A text without blank space at its end and, where its last line is a code fence, without that line. */
export function withoutLastFence(text: string): string {
  const trimmed = text.trimEnd()
  const start = trimmed.lastIndexOf('\n') + 1
  return isFence(trimmed.slice(start)) ? trimmed.slice(0, start).trimEnd() : trimmed
}

/** A text without the fences that are not its own: one that opens before its first word, or after its last, and is never closed in it. */
export function withoutStrayFence(text: string): string {
  const trimmed = text.trim()
  if (trimmed.split('\n').filter(isOpening).length % 2 === 0) return trimmed
  const shorter = withoutLastFence(trimmed)
  if (shorter !== trimmed) return shorter
  const end = trimmed.indexOf('\n')
  return isFence(trimmed.slice(0, end < 0 ? undefined : end)) ? trimmed.slice(end).trim() : trimmed
}

const isOpening = (line: string): boolean => line.trimStart().startsWith('```')
const isFence = (line: string): boolean => line.length < 40 && /^\s*(?:`{3,}|~{3,})[\w-]*\s*$/.test(line)
