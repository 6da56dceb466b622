import type { TreeEntry } from '../../../schemas/tree.ts'
import { inEncodingOf, parseSource, plainText } from './encoding.ts'
import type { Source } from './encoding.ts'
import { lineChanges, unifiedHunks } from './line-changes.ts'
import { DIFF_LIMIT, SOURCE_LIMIT } from './limits.ts'
import { normaliseFile } from './paths.ts'
import { readText } from './read.ts'
import { count, decodeText, encodeText, neutralise, quote } from './text.ts'
import { FileRefusal, getBlob, putBlob } from './types.ts'
import type { FileInput, FileSteps } from './types.ts'
import { checkWritable, fileAt, openView } from './view.ts'
import type { View } from './view.ts'
import { store } from './write.ts'
import type { Written } from './write.ts'

/** What a composite asks of the file that a model is to read: `save_name` and the lines are what it means to write, judged before the model is paid. */
export interface ReadSourceArgs { file_name: string; save_name?: string | undefined; start_line_number?: number | undefined; end_line_number?: number | undefined }

/** A model's text in place of a script, or of some lines of it. `content` names the blob that holds it. */
export interface WriteSourceArgs { file_name: string; edit_of: string; content: { ref: string }; start_line_number?: number | undefined; end_line_number?: number | undefined }

/** The whole text of a script as a model is to see it: nothing replaced, nothing left out. */
export function* readSource(input: FileInput, args: ReadSourceArgs): FileSteps<string> {
  const path = normaliseFile(args.file_name)
  const target = args.save_name === undefined ? undefined : normaliseFile(args.save_name)
  const view = yield* openView(input, path, ...(target === undefined ? [] : [target]))
  const source = yield* sourceAt(view, path)
  if (target !== undefined) checkWritable(view, target)
  if (args.start_line_number !== undefined) checkRange(path, source, args.start_line_number, args.end_line_number ?? args.start_line_number)
  return plainText(source)
}

function* sourceAt(view: View, path: string): FileSteps<Source> {
  const { entry } = fileAt(view, path)
  if (entry.size > SOURCE_LIMIT) {
    throw new FileRefusal('too_large', `${quote(path)} has ${count(entry.size, 'byte')}; a model is shown files of up to ${count(SOURCE_LIMIT, 'byte')}. Look at parts of it with Inspect Script Lines, or let a script read it.`)
  }
  return parseSource((yield* readText(view, path)).text)
}

function checkRange(path: string, { lines }: Source, start: number, end: number): void {
  if (start < 1 || end < start) throw new FileRefusal('bad_range', `Lines ${start} to ${end} are no range: lines are counted from 1 and the last may not be before the first. Nothing was changed.`)
  if (end > lines.length) throw new FileRefusal('bad_range', `${quote(path)} has ${count(lines.length, 'line')}, so lines ${start} to ${end} cannot be edited. Nothing was changed. Look at the file with Inspect Script Lines first.`)
}

/** Writes an edit in the encoding of what was edited, and shows what it did to the file that it overwrote. */
export function* writeSource(input: FileInput, args: WriteSourceArgs): FileSteps<Written> {
  const path = normaliseFile(args.file_name)
  const from = normaliseFile(args.edit_of)
  const view = yield* openView(input, path, from)
  checkWritable(view, path)
  const source = yield* sourceAt(view, from)
  const content = decodeText(yield* getBlob(args.content.ref))
  if (content === undefined) throw new FileRefusal('binary', 'The new text is not UTF-8. Nothing was changed.')
  const { lines: given } = parseSource(content)
  const { start_line_number: start, end_line_number: end = start } = args
  if (start !== undefined && end !== undefined) checkRange(from, source, start, end)
  const lines = start === undefined || end === undefined ? given : [...source.lines.slice(0, start - 1), ...given, ...source.lines.slice(end)]
  const bytes = encodeText(inEncodingOf(source, lines))
  const old = view.tree.get(path)
  const before = old === undefined || path === from ? source : yield* overwritten(view, path)
  const entry: TreeEntry = { path, kind: 'file', mode: old?.mode ?? fileAt(view, from).entry.mode, sha256: yield* putBlob(bytes, 'text'), size: bytes.length }
  if (old !== undefined && old.sha256 === entry.sha256) return { observation: `The edit changes nothing: ${quote(path)} is as it was.`, tree: input.tree, edits: input.edits }
  const done = old === undefined ? `The edit of ${quote(from)} was saved as the new file ${quote(path)}` : `The edit was saved to ${quote(path)}; Undo Edit Script brings the earlier version back`
  return { observation: `${done}. ${describe(old === undefined ? from : path, path, before, lines)}`, ...(yield* store(input, view.tree, entry)) }
}

/** What stands in the place of an edit; a binary file has no lines. */
function* overwritten(view: View, path: string): FileSteps<Source | undefined> {
  try {
    return parseSource((yield* readText(view, path)).text)
  } catch (error) {
    if (error instanceof FileRefusal) return undefined
    throw error
  }
}

function describe(old: string, fresh: string, before: Source | undefined, lines: readonly string[]): string {
  if (before === undefined) return 'The earlier file was not a text, so there is no diff.'
  const hunks = neutralise(unifiedHunks(lineChanges(before.lines, lines)))
  if (hunks === '') return 'No line differs.'
  const cut = hunks.length <= DIFF_LIMIT ? hunks : `${hunks.slice(0, hunks.lastIndexOf('\n', DIFF_LIMIT))}\n[${count(hunks.slice(hunks.lastIndexOf('\n', DIFF_LIMIT) + 1).split('\n').length, 'more line')} of the diff left out. Use Inspect Script Lines to see a part of the file.]`
  return `The diff:\n--- ${quote(old)}\n+++ ${quote(fresh)}\n${cut}`
}
