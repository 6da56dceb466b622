import { FileRefusal } from './types.ts'
import { quote } from './text.ts'

const LONGEST_NAME = 255
const LONGEST_PATH = 1024
const encoder = new TextEncoder()

/**
 * The one spelling of a path inside the workspace: ./a//b/../c is a/c, the workspace itself is ''.
 * Refuses what leads outside, even for a moment, and what no disk could hold.
 */
export function normalisePath(path: string): string {
  if (path.includes('\0') || !path.isWellFormed()) throw new FileRefusal('bad_path', `The path ${quote(path)} holds a character that no file name may hold.`)
  if (path.startsWith('/')) throw outside(path)
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) throw outside(path)
  }
  const out = parts.join('/')
  if (encoder.encode(out).length > LONGEST_PATH || parts.some((part) => encoder.encode(part).length > LONGEST_NAME)) {
    throw new FileRefusal('bad_path', `The path ${quote(path.slice(0, 80))}... is too long: a name may have ${LONGEST_NAME} bytes and a path ${LONGEST_PATH}.`)
  }
  return out
}

const outside = (path: string) =>
  new FileRefusal('outside', `The path ${quote(path)} is outside the workspace. Give a path relative to the workspace, such as "train.py"; the workspace itself is ".".`)

/** As normalisePath, for a path that must name a file. */
export function normaliseFile(path: string): string {
  const out = normalisePath(path)
  if (out === '') throw path === '' ? new FileRefusal('bad_path', 'The file name is empty.') : new FileRefusal('is_directory', `${quote(path)} is the workspace itself, not a file.`)
  return out
}
