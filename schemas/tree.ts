import { KymoError } from './errors.ts'

/** One line of a manifest. Directories are listed only when empty; links and devices never. */
export interface TreeEntry {
  path: string
  kind: 'file' | 'dir'
  /** 0o644 or 0o755 */
  mode: number
  /** hex; empty for a directory */
  sha256: string
  size: number
}

/** The manifest of no files at all. */
export const EMPTY_TREE = ''

const byPath = (a: TreeEntry, b: TreeEntry): number => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))

/**
 * The canonical text of a tree, whose SHA-256 names it: `mode kind sha256 size path` per line, sorted by the path's bytes.
 * A path keeps its unicode; backslash, newline and carriage return are escaped as \\ \n \r.
 */
export function formatTree(entries: Iterable<TreeEntry>): string {
  let text = ''
  for (const { mode, kind, sha256, size, path } of [...entries].sort(byPath)) {
    text += `${mode.toString(8)} ${kind} ${kind === 'dir' ? '-' : sha256} ${size} ${escapePath(path)}\n`
  }
  return text
}

const LINE = /^(644|755) (file|dir) ([0-9a-f]{64}|-) (0|[1-9][0-9]*) (.+)$/

/** Throws KYMO_TREE when the text is not canonical: a manifest has one spelling only. */
export function parseTree(text: string): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>()
  if (text === EMPTY_TREE) return entries
  if (!text.endsWith('\n')) throw new KymoError('KYMO_TREE', 'a manifest ends with a newline')
  let previous: Buffer | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const match = LINE.exec(line)
    if (match === null) throw new KymoError('KYMO_TREE', `not a manifest line: ${line.slice(0, 200)}`)
    const [, mode = '', kind = '', sha256 = '', size = '', escaped = ''] = match
    const path = unescapePath(escaped)
    const isDir = kind === 'dir'
    if (isDir !== (sha256 === '-') || !isSafePath(path)) throw new KymoError('KYMO_TREE', `not a manifest line: ${line.slice(0, 200)}`)
    const bytes = Buffer.from(path)
    if (previous !== undefined && Buffer.compare(previous, bytes) >= 0) throw new KymoError('KYMO_TREE', `manifest lines are not sorted at ${path}`)
    previous = bytes
    entries.set(path, { path, kind: isDir ? 'dir' : 'file', mode: Number.parseInt(mode, 8), sha256: isDir ? '' : sha256, size: Number(size) })
  }
  return entries
}

/** A relative path without empty, `.` or `..` parts and without NUL. */
export const isSafePath = (path: string): boolean =>
  path !== '' && path.isWellFormed() && !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

const escapePath = (path: string): string => path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
const unescapePath = (text: string): string => text.replace(/\\(.)/g, (_, char: string) => ({ n: '\n', r: '\r' })[char] ?? char)
