import { FILE_LIMIT, INSPECT_LIMIT, LINE_LIMIT, LIST_LIMIT, READ_LIMIT } from './limits.ts'
import { normaliseFile, normalisePath } from './paths.ts'
import { count, decodeText, headOf, linesOf, neutralise, quote } from './text.ts'
import { FileRefusal, getBlob } from './types.ts'
import type { FileInput, FileSteps } from './types.ts'
import { childrenOf, fileAt, look, openView } from './view.ts'
import type { View } from './view.ts'

export function* listFiles(input: FileInput, args: { dir_path: string }): FileSteps<string> {
  const folder = normalisePath(args.dir_path)
  const view = yield* openView(input, folder)
  const place = look(view, folder)
  if (place.kind === 'file') throw new FileRefusal('not_directory', `${quote(folder)} is a file of ${count(place.entry.size, 'byte')}, not a directory.`)
  if (place.kind === 'none') throw new FileRefusal('not_found', `There is no directory ${quote(folder)} in the workspace. Use List Files with "." to see what is there.`)
  const children = childrenOf(view, folder)
  if (children.length === 0) return folder === '' ? 'The workspace is empty.' : `The directory ${quote(folder)} is empty.`
  const lines = children.slice(0, LIST_LIMIT).map(({ name, mark }) => quote(name) + mark)
  if (children.length > LIST_LIMIT) lines.push(`... and ${count(children.length - LIST_LIMIT, 'more entry').replace('entrys', 'entries')}, ${children.length} in all.`)
  return lines.join('\n')
}

/** The bytes and the text of a file; refuses what is too large to hold or not UTF-8. */
export function* readText(view: View, path: string): FileSteps<{ bytes: Uint8Array; text: string }> {
  const { entry } = fileAt(view, path)
  if (entry.size > FILE_LIMIT) throw tooLarge(path, entry.size)
  const bytes = yield* getBlob(entry.sha256)
  const text = decodeText(bytes)
  if (text === undefined) throw new FileRefusal('binary', `${quote(path)} is a binary file of ${count(bytes.length, 'byte')} (it is not UTF-8 text), so it is not shown. Use a script to look into it.`)
  return { bytes, text }
}

export const tooLarge = (path: string, size: number) =>
  new FileRefusal('too_large', `${quote(path)} has ${count(size, 'byte')}; the file actions handle files of up to ${count(FILE_LIMIT, 'byte')}. Use a script for it.`)

/** A text for an observation, cut at the read limit. */
export function shown(path: string, bytes: Uint8Array, text: string): string {
  if (bytes.length <= READ_LIMIT) return neutralise(text)
  const head = headOf(bytes, READ_LIMIT)
  return `${neutralise(decodeText(head) ?? '')}\n[${count(bytes.length - head.length, 'more byte')} of ${quote(path)} left out (${count(bytes.length, 'byte')} in all). Use Inspect Script Lines to see a part of the file.]`
}

export function* readFile(input: FileInput, args: { file_name: string }): FileSteps<string> {
  const path = normaliseFile(args.file_name)
  const { bytes, text } = yield* readText(yield* openView(input, path), path)
  return bytes.length === 0 ? `The file ${quote(path)} is empty.` : shown(path, bytes, text)
}

export function* inspectLines(input: FileInput, args: { script_name: string; start_line_number: number; end_line_number: number }): FileSteps<string> {
  const path = normaliseFile(args.script_name)
  const { start_line_number: start, end_line_number: end } = args
  if (start < 1 || end < start) throw new FileRefusal('bad_range', `Lines ${start} to ${end} are no range: lines are counted from 1 and the last may not be before the first.`)
  if (end - start + 1 > INSPECT_LIMIT) throw new FileRefusal('bad_range', `Lines ${start} to ${end} are ${end - start + 1} lines; at most ${INSPECT_LIMIT} are shown at once. Ask for fewer.`)
  const { text } = yield* readText(yield* openView(input, path), path)
  const lines = linesOf(neutralise(text))
  if (start > lines.length) throw new FileRefusal('bad_range', `${quote(path)} has ${count(lines.length, 'line')}, so there is no line ${start}.`)
  const last = Math.min(end, lines.length)
  const width = String(last).length
  const numbered = lines.slice(start - 1, last).map((line, index) => `${String(start + index).padStart(width)} | ${cutLine(line)}`)
  return `The file ${quote(path)} has ${count(lines.length, 'line')}. Lines ${start} to ${last}:\n${numbered.join('\n')}`
}

const cutLine = (line: string): string => {
  if (line.length <= LINE_LIMIT) return line
  const head = line.slice(0, LINE_LIMIT).replace(/[\ud800-\udbff]$/, '')
  return `${head} [${count(line.length - head.length, 'more character')} on this line]`
}
