import { diffArrays } from 'diff'
import { DIFF_EFFORT } from './limits.ts'

/** A run of lines that both texts have, that only the old one has, or only the new one. */
export interface Change { kind: 'same' | 'removed' | 'added'; lines: string[] }

/**
 * What turns one list of lines into another. A function of its arguments alone: the package that does it is pinned, since recorded
 * edits are computed again, and it is bounded by effort, never by time.
 */
export function lineChanges(before: readonly string[], after: readonly string[]): Change[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  while (tail < before.length - head && tail < after.length - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  const old = before.slice(head, before.length - tail)
  const fresh = after.slice(head, after.length - tail)
  const middle: Change[] = (diffArrays(old, fresh, { maxEditLength: DIFF_EFFORT }) ?? [{ value: old, removed: true, added: false }, { value: fresh, removed: false, added: true }])
    .map(({ value, removed, added }) => ({ kind: removed ? 'removed' : added ? 'added' : 'same', lines: value }))
  return [{ kind: 'same' as const, lines: before.slice(0, head) }, ...middle, { kind: 'same' as const, lines: before.slice(before.length - tail) }].filter(({ lines }) => lines.length > 0)
}

const CONTEXT = 3

interface Numbered { mark: ' ' | '-' | '+'; line: string; old: number; fresh: number }

/** The changes as the hunks of a unified diff; '' when there are none. */
export function unifiedHunks(changes: readonly Change[]): string {
  const lines: Numbered[] = []
  let old = 0
  let fresh = 0
  for (const { kind, lines: run } of changes) {
    for (const line of run) {
      if (kind !== 'added') old++
      if (kind !== 'removed') fresh++
      lines.push({ mark: kind === 'same' ? ' ' : kind === 'removed' ? '-' : '+', line, old, fresh })
    }
  }
  const out: string[] = []
  for (let at = 0; at < lines.length;) {
    const first = lines.findIndex(({ mark }, index) => index >= at && mark !== ' ')
    if (first < 0) break
    const start = Math.max(at, first - CONTEXT)
    let end = first + 1
    for (let index = first; index < lines.length && index < end + 2 * CONTEXT; index++) if (lines[index]?.mark !== ' ') end = index + 1
    end = Math.min(lines.length, end + CONTEXT)
    const hunk = lines.slice(start, end)
    out.push(`@@ -${range(hunk, 'old', '+')} +${range(hunk, 'fresh', '-')} @@`, ...hunk.map(({ mark, line }) => mark + line))
    at = end
  }
  return out.join('\n')
}

/** Where a hunk stands in one of the texts: `first,count`, with the line before it when it has none there. */
function range(hunk: readonly Numbered[], side: 'old' | 'fresh', other: '-' | '+'): string {
  const own = hunk.filter(({ mark }) => mark !== other)
  return `${own[0]?.[side] ?? hunk[0]?.[side] ?? 0},${own.length}`
}
