const CONTEXT = 2
const MAX_LINES = 6
const MAX_WIDTH = 160

/** The first place where two texts differ, as a short unified hunk. Long lines are cut around their first difference. */
export function excerpt(recorded: string, asked: string): string {
  const [a, b] = [recorded.split('\n'), asked.split('\n')]
  let from = 0
  while (from < a.length && from < b.length && a[from] === b[from]) from++
  let [endA, endB] = [a.length, b.length]
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) { endA--; endB-- }
  const column = commonPrefix(a[from] ?? '', b[from] ?? '')
  const before = a.slice(Math.max(0, from - CONTEXT), from).map((line) => ` ${clip(line, 0)}`)
  const after = a.slice(endA, endA + CONTEXT).map((line) => ` ${clip(line, 0)}`)
  return [
    `@@ -${from + 1},${endA - from} +${from + 1},${endB - from} @@`,
    ...before, ...few(a.slice(from, endA), '-', column), ...few(b.slice(from, endB), '+', column), ...after,
  ].join('\n')
}

const few = (lines: readonly string[], sign: string, column: number): string[] => {
  const shown = lines.slice(0, MAX_LINES).map((line, index) => `${sign}${clip(line, index === 0 ? column : 0)}`)
  return lines.length > MAX_LINES ? [...shown, `${sign}... ${lines.length - MAX_LINES} more lines`] : shown
}

/** The part of a line around a column. */
function clip(line: string, column: number): string {
  if (line.length <= MAX_WIDTH) return line
  const start = Math.max(0, Math.min(column - MAX_WIDTH / 2, line.length - MAX_WIDTH))
  return `${start > 0 ? '...' : ''}${line.slice(start, start + MAX_WIDTH).toWellFormed()}${start + MAX_WIDTH < line.length ? '...' : ''}`
}

function commonPrefix(a: string, b: string): number {
  let at = 0
  while (at < a.length && at < b.length && a[at] === b[at]) at++
  return at
}
