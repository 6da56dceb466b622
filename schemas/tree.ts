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

/**
 * Order of the paths' UTF-8 bytes, without encoding them: UTF-16 units compare alike, except that surrogates (code points
 * above U+FFFF) come after U+E000..U+FFFF.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left === right) continue
    return left >= 0xd800 && right >= 0xd800 ? astral(left) - astral(right) : left - right
  }
  return a.length - b.length
}

const astral = (unit: number): number => (unit <= 0xdfff ? unit + 0x10000 : unit)

/**
 * The canonical text of a tree, whose SHA-256 names it: `mode kind sha256 size path` per line, sorted by the path's bytes.
 * A path keeps its unicode; backslash, newline and carriage return are escaped as \\ \n \r.
 */
export function formatTree(entries: Iterable<TreeEntry>): string {
  let text = ''
  for (const { mode, kind, sha256, size, path } of [...entries].sort((a, b) => comparePaths(a.path, b.path))) {
    text += kind === 'dir' ? `755 dir - 0 ${escapePath(path)}\n` : `${mode.toString(8)} file ${sha256} ${size} ${escapePath(path)}\n`
  }
  return text
}

const LINE = /^(?:(644|755) file ([0-9a-f]{64}) (0|[1-9][0-9]{0,15})|755 dir - 0) /

/** Throws KYMO_TREE when the text is not canonical: a manifest has one spelling only, and it can be written to a disk. */
export function parseTree(text: string): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>()
  if (text === EMPTY_TREE) return entries
  if (!text.endsWith('\n')) throw new KymoError('KYMO_TREE', 'a manifest ends with a newline')
  let previous: string | undefined
  let parent = ''
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start)
    const line = text.slice(start, end)
    start = end + 1
    const match = LINE.exec(line)
    if (match === null) throw notLine(line)
    const [head, mode, sha256 = '', size = '0'] = match
    const path = unescapePath(line.slice(head.length))
    if (path === undefined || !isSafePath(path)) throw notLine(line)
    if (previous !== undefined && comparePaths(previous, path) >= 0) throw new KymoError('KYMO_TREE', `manifest lines are not sorted at ${path}`)
    previous = path
    const slash = path.lastIndexOf('/')
    const folder = slash < 0 ? '' : path.slice(0, slash)
    if (folder !== parent) {
      // Ancestors sort before what is in them, so they would be here already.
      for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
        if (entries.has(path.slice(0, at))) throw new KymoError('KYMO_TREE', `${path.slice(0, at)} has its own manifest line although ${path} is inside it`)
      }
      parent = folder
    }
    entries.set(path, { path, kind: mode === undefined ? 'dir' : 'file', mode: mode === '644' ? 0o644 : 0o755, sha256, size: Number(size) })
  }
  return entries
}

const notLine = (line: string) => new KymoError('KYMO_TREE', `not a manifest line: ${line.slice(0, 200)}`)

const DOTTED = /(?:^|\/)\.{0,2}(?:\/|$)/

/** A relative path without empty, `.` or `..` parts and without NUL. */
export const isSafePath = (path: string): boolean => !DOTTED.test(path) && !path.includes('\0') && path.isWellFormed()

const ESCAPED = /[\\\n\r]/
const escapePath = (path: string): string =>
  ESCAPED.test(path) ? path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r') : path

/** Undefined when the text is not what escapePath writes. */
function unescapePath(text: string): string | undefined {
  if (!ESCAPED.test(text)) return text
  const path = text.replace(/\\(.)/gsu, (_, char: string) => ({ n: '\n', r: '\r' })[char] ?? char)
  return escapePath(path) === text ? path : undefined
}
