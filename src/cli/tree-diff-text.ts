import { createTwoFilesPatch } from 'diff'
import { diffTrees } from '../../schemas/tree-diff.ts'
import type { Tree } from '../../schemas/tree-edit.ts'
import type { TreeEntry } from '../../schemas/tree.ts'
import { bytes } from './format.ts'

/** One file that differs between two trees. */
export interface FileDiff {
  path: string
  change: 'added' | 'removed' | 'changed' | 'mode'
  before: Pick<TreeEntry, 'sha256' | 'size' | 'mode'> | null
  after: Pick<TreeEntry, 'sha256' | 'size' | 'mode'> | null
  /** unified diff; null for what is no text or too large */
  patch: string | null
}

export interface DiffNames { before: string; after: string }

/** Texts beyond this are compared by size only: a diff of them helps nobody. */
const TEXT_LIMIT = 1 << 20

/** Text of a file, or null when its bytes are no UTF-8 or hold a NUL. */
export function textOrNull(content: Uint8Array): string | null {
  if (content.length > TEXT_LIMIT || content.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return null
  }
}

/** Every file that differs, sorted by path, with a unified diff where both sides are text. */
export async function diffFiles(before: Tree, after: Tree, read: (hash: string) => Promise<Uint8Array>, names: DiffNames): Promise<FileDiff[]> {
  const diff = diffTrees(before, after)
  const pairs: { path: string; change: FileDiff['change']; old: TreeEntry | undefined; now: TreeEntry | undefined }[] = [
    ...diff.added.map((now) => ({ path: now.path, change: 'added' as const, old: undefined, now })),
    ...diff.removed.map((old) => ({ path: old.path, change: 'removed' as const, old, now: undefined })),
    ...diff.changed.map(({ before: old, after: now }) => ({ path: now.path, change: 'changed' as const, old, now })),
    ...diff.mode.map(({ before: old, after: now }) => ({ path: now.path, change: 'mode' as const, old, now })),
  ].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const textOf = async (entry: TreeEntry | undefined): Promise<string | null> => (entry === undefined ? '' : entry.kind === 'dir' || entry.size > TEXT_LIMIT ? null : textOrNull(await read(entry.sha256)))
  const files: FileDiff[] = []
  for (const { path, change, old, now } of pairs) {
    const [from, to] = change === 'mode' ? [null, null] : await Promise.all([textOf(old), textOf(now)])
    const patch = from === null || to === null ? null : createTwoFilesPatch(old === undefined ? '/dev/null' : `a/${path}`, now === undefined ? '/dev/null' : `b/${path}`, from, to, names.before, names.after, { context: 3 })
      .replace(/^=+\n/, '')
    files.push({ path, change, before: facts(old), after: facts(now), patch })
  }
  return files
}

const facts = (entry: TreeEntry | undefined): FileDiff['before'] => (entry === undefined ? null : { sha256: entry.sha256, size: entry.size, mode: entry.mode })

const SIGN: Readonly<Record<FileDiff['change'], string>> = { added: 'A', removed: 'D', changed: 'M', mode: 'M' }

/** What `git diff --stat` would say of one file. */
export function diffLine({ path, change, before, after, patch }: FileDiff): string {
  if (change === 'mode') return `M  ${path}  mode ${before?.mode.toString(8)} -> ${after?.mode.toString(8)}`
  const sizes = change === 'changed' ? `${bytes(before?.size ?? 0)} -> ${bytes(after?.size ?? 0)}` : bytes((after ?? before)?.size ?? 0)
  const counted = patch === null ? (after ?? before)?.sha256 === '' ? 'empty folder' : 'not text' : changedLines(patch)
  return `${SIGN[change]}  ${path}  ${sizes}, ${counted}`
}

/** +12 -3 */
export function changedLines(patch: string): string {
  const body = patch.split('\n').slice(2)
  return `+${body.filter((line) => line.startsWith('+')).length} -${body.filter((line) => line.startsWith('-')).length}`
}
