import { withFile, withoutFile } from '../../../schemas/tree-edit.ts'
import type { Tree } from '../../../schemas/tree-edit.ts'
import { formatTree } from '../../../schemas/tree.ts'
import type { TreeEntry } from '../../../schemas/tree.ts'
import { lastEdit, pushEdit } from './edits.ts'
import type { Edit } from './edits.ts'
import { FILE_LIMIT } from './limits.ts'
import { normaliseFile } from './paths.ts'
import { readText, shown, tooLarge } from './read.ts'
import { count, decodeText, encodeText, quote } from './text.ts'
import { FileRefusal, getBlob, putBlob } from './types.ts'
import type { FileInput, FileSteps } from './types.ts'
import { checkWritable, fileAt, look, openView } from './view.ts'

/** What an action that may write leaves behind. */
export interface Written { observation: string; tree: string; edits: string }

export function* writeFile(input: FileInput, args: { file_name: string; content: string }): FileSteps<Written> {
  const path = normaliseFile(args.file_name)
  const view = yield* openView(input, path)
  checkWritable(view, path)
  const bytes = encodeText(args.content)
  if (bytes.length > FILE_LIMIT) throw tooLarge(path, bytes.length)
  const old = view.tree.get(path)
  const entry: TreeEntry = { path, kind: 'file', mode: old?.mode ?? 0o644, sha256: yield* putBlob(bytes, 'text'), size: bytes.length }
  const done = old === undefined ? 'was created' : 'was overwritten; Undo Edit Script brings the earlier version back'
  return { observation: `The file ${quote(path)} ${done} (${size(bytes, args.content)}).`, ...(yield* store(input, view.tree, entry)) }
}

export function* appendFile(input: FileInput, args: { file_name: string; content: string }): FileSteps<Written> {
  const path = normaliseFile(args.file_name)
  const view = yield* openView(input, path)
  checkWritable(view, path)
  const old = view.tree.get(path)
  const before = old === undefined ? new Uint8Array() : (yield* readText(view, path)).bytes
  const added = encodeText(args.content)
  const bytes = new Uint8Array(before.length + added.length)
  if (bytes.length > FILE_LIMIT) throw tooLarge(path, bytes.length)
  // The earlier bytes stay as they are, their byte order mark and line ends included.
  bytes.set(before)
  bytes.set(added, before.length)
  const entry: TreeEntry = { path, kind: 'file', mode: old?.mode ?? 0o644, sha256: yield* putBlob(bytes, 'text'), size: bytes.length }
  const done = old === undefined ? `The file ${quote(path)} did not exist and was created` : `The text was appended to ${quote(path)}`
  return { observation: `${done} (now ${count(bytes.length, 'byte')}).`, ...(yield* store(input, view.tree, entry)) }
}

export function* copyFile(input: FileInput, args: { source: string; destination: string }): FileSteps<Written> {
  const source = normaliseFile(args.source)
  const destination = normaliseFile(args.destination)
  const view = yield* openView(input, source, destination)
  const { entry } = fileAt(view, source)
  if (source === destination) throw new FileRefusal('same_file', `${quote(source)} cannot be copied to itself. Give the copy another name.`)
  checkWritable(view, destination)
  const done = view.tree.has(destination) ? ' The earlier file of that name was overwritten; Undo Edit Script brings it back.' : ''
  return { observation: `The file ${quote(source)} was copied to ${quote(destination)} (${count(entry.size, 'byte')}).${done}`, ...(yield* store(input, view.tree, { ...entry, path: destination })) }
}

/** Takes back the newest write, append or copy to this very path that is not yet taken back: bytes and mode, or the file's absence. */
export function* undoEdit(input: FileInput, args: { script_name: string }): FileSteps<Written> {
  const path = normaliseFile(args.script_name)
  const view = yield* openView(input, path)
  checkWritable(view, path)
  const edit = yield* lastEdit(input.edits, path)
  if (edit === undefined) {
    const exists = look(view, path).kind === 'file'
    throw new FileRefusal('nothing_to_undo', `There is no change of ${quote(path)} to undo.${exists ? '' : ' There is no such file either; check the name with List Files.'}`)
  }
  const edits = yield* pushEdit(input.edits, { path, undone: true, step: input.step })
  const { before } = edit
  if (before === null) {
    return { observation: `The change of step ${edit.step} was undone: ${quote(path)} did not exist before it and does not exist now.`, tree: yield* putTree(withoutFile(view.tree, path, edit.filled)), edits }
  }
  const tree = yield* putTree(withFile(view.tree, { path, kind: 'file', mode: before.mode, sha256: before.ref, size: before.bytes }).tree)
  return { observation: `The change of step ${edit.step} was undone. ${yield* describe(path, before)}`, tree, edits }
}

function* describe(path: string, { ref, bytes: size }: NonNullable<Edit['before']>): FileSteps<string> {
  if (size === 0) return `${quote(path)} is empty again.`
  const bytes = size > FILE_LIMIT ? undefined : yield* getBlob(ref)
  const text = bytes === undefined ? undefined : decodeText(bytes)
  return bytes === undefined || text === undefined ? `${quote(path)} is again the earlier file of ${count(size, 'byte')}.` : `${quote(path)} is now:\n${shown(path, bytes, text)}`
}

/** The tree with the file, and the edit list that remembers what was in its place. */
export function* store(input: FileInput, before: Tree, entry: TreeEntry): FileSteps<{ tree: string; edits: string }> {
  const old = before.get(entry.path)
  const { tree, filled } = withFile(before, entry)
  const edit: Edit = { path: entry.path, before: old === undefined ? null : { ref: old.sha256, bytes: old.size, mode: old.mode }, step: input.step, ...(filled === '' ? {} : { filled }) }
  return { tree: yield* putTree(tree), edits: yield* pushEdit(input.edits, edit) }
}

function* putTree(tree: Tree): FileSteps<string> {
  return yield* putBlob(encodeText(formatTree(tree.values())), 'tree')
}

const size = (bytes: Uint8Array, text: string): string => {
  const newlines = text.split('\n').length - 1
  return `${count(bytes.length, 'byte')}, ${count(newlines + (text !== '' && !text.endsWith('\n') ? 1 : 0), 'line')}`
}
