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

const HEX = /^[0-9a-f]{64}$/
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/
const DIR = '755 dir - 0 '
/** Length of `644 file ` and of it with a hash and a space: columns are fixed up to the size. */
const HASH_AT = 9
const SIZE_AT = HASH_AT + 65

/** Throws KYMO_TREE when the text is not canonical: a manifest has one spelling only, and it can be written to a disk. */
export function parseTree(text: string): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>()
  if (text === EMPTY_TREE) return entries
  if (!text.endsWith('\n')) throw new KymoError('KYMO_TREE', 'a manifest ends with a newline')
  let previous: string | undefined
  let parent = ''
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start)
    const entry = text.startsWith(DIR, start) ? readDirectory(text, start, end) : readFile(text, start, end)
    if (entry === undefined || !isSafePath(entry.path)) throw new KymoError('KYMO_TREE', `not a manifest line: ${text.slice(start, end).slice(0, 200)}`)
    start = end + 1
    const { path } = entry
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
    entries.set(path, entry)
  }
  return entries
}

function readDirectory(text: string, start: number, end: number): TreeEntry | undefined {
  const path = unescapePath(text.slice(start + DIR.length, end))
  return path === undefined ? undefined : { path, kind: 'dir', mode: 0o755, sha256: '', size: 0 }
}

function readFile(text: string, start: number, end: number): TreeEntry | undefined {
  const mode = text.startsWith('644 file ', start) ? 0o644 : text.startsWith('755 file ', start) ? 0o755 : 0
  const sizeEnd = text.indexOf(' ', start + SIZE_AT)
  if (mode === 0 || sizeEnd < 0 || sizeEnd >= end || text.charCodeAt(start + SIZE_AT - 1) !== 0x20) return undefined
  const sha256 = text.slice(start + HASH_AT, start + SIZE_AT - 1)
  const size = text.slice(start + SIZE_AT, sizeEnd)
  const path = unescapePath(text.slice(sizeEnd + 1, end))
  return path === undefined || !HEX.test(sha256) || !SIZE.test(size) ? undefined : { path, kind: 'file', mode, sha256, size: Number(size) }
}

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
