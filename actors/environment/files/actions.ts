import { z } from 'zod'
import { INSPECT_LIMIT } from './limits.ts'

const wellFormed = (text: string): boolean => text.isWellFormed()
const text = (what: string) => z.string().refine(wellFormed, 'holds half a character (a lone surrogate)').describe(what)
// Models like to write numbers as text.
const line = (what: string) => z.coerce.number().int().describe(what)

export interface FileAction {
  name: string
  description: string
  args: z.ZodObject
  /** what the observation says */
  returns: string
}

export const FILE_ACTIONS = {
  'List Files': {
    name: 'List Files',
    description: 'Shows what is in a directory of the workspace.',
    args: z.strictObject({ dir_path: text('the directory, relative to the workspace; "." is the workspace itself') }),
    returns: 'the names in the directory, one per line; directories end in / and executable files in *',
  },
  'Read File': {
    name: 'Read File',
    description: 'Shows a text file.',
    args: z.strictObject({ file_name: text('the file, relative to the workspace') }),
    returns: 'the text of the file, its first mebibyte when it is longer',
  },
  'Write File': {
    name: 'Write File',
    description: 'Writes a text file; a file of that name is overwritten.',
    args: z.strictObject({ file_name: text('the file, relative to the workspace; directories are made as needed'), content: text('the whole new text') }),
    returns: 'a confirmation, or why the file could not be written',
  },
  'Append File': {
    name: 'Append File',
    description: 'Adds text to the end of a file; the file is created when there is none.',
    args: z.strictObject({ file_name: text('the file, relative to the workspace'), content: text('the text to add, with its own line ends') }),
    returns: 'a confirmation, or why nothing was added',
  },
  'Copy File': {
    name: 'Copy File',
    description: 'Copies a file; a file of the destination\'s name is overwritten.',
    args: z.strictObject({ source: text('the file to copy, relative to the workspace'), destination: text('the name of the copy, relative to the workspace') }),
    returns: 'a confirmation, or why nothing was copied',
  },
  'Inspect Script Lines': {
    name: 'Inspect Script Lines',
    description: `Shows a part of a text file, at most ${INSPECT_LIMIT} lines.`,
    args: z.strictObject({
      script_name: text('the file, relative to the workspace'),
      start_line_number: line('the first line to show, counted from 1'),
      end_line_number: line('the last line to show'),
    }),
    returns: 'how many lines the file has, and the lines asked for with their numbers',
  },
  'Undo Edit Script': {
    name: 'Undo Edit Script',
    description: 'Takes back the last change that an action made to a file (an edit, a write, an append or a copy to that name). Can be repeated to go further back.',
    args: z.strictObject({ script_name: text('the file whose last change is taken back, relative to the workspace') }),
    returns: 'the text of the file after the undo',
  },
} as const satisfies Record<string, FileAction>

export type FileActionName = keyof typeof FILE_ACTIONS
