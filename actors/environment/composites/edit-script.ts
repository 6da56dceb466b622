import { z } from 'zod'
import { text } from '../../protocol.ts'
import { textArgument } from '../action-spec.ts'
import type { ActionSpec, Given, Piece } from '../action-spec.ts'

const script = z.string().describe('the script to edit, relative to the workspace')
const instruction = z.string().min(1).describe('what to change, in detail: the model sees the script and this, and nothing else')
const save = z.string().min(1).describe('the file that the edited script is saved to; the script\'s own name to change it in place')
const line = (what: string) => z.coerce.number().int().describe(what)

/** Read (and judge what is to be written), ask the model, write: the two edits differ in how much of the script is given away. */
const plan = (tool: string, lines: readonly string[]) => ({ args, at, said }: Given): Piece => {
  const file_name = textArgument(args, 'script_name')
  const save_name = textArgument(args, 'save_name')
  const range = Object.fromEntries(lines.map((name) => [name, args[name]]))
  const [document, answer] = said
  switch (at) {
    case 0: return { kind: 'file', action: 'Read File', args: { file_name, exact: true, save_name, ...range } }
    case 1: {
      const { save_name: _saved, ...asked } = args
      return { kind: 'tool', tool, args: asked, document: document ?? text('') }
    }
    case 2: return { kind: 'file', action: 'Write File', args: { file_name: save_name, edit_of: file_name, content: { ref: answer?.ref ?? '' }, ...range } }
    default: return { kind: 'done' }
  }
}

export const editScript: ActionSpec = {
  name: 'Edit Script (AI)',
  description: 'Lets a model rewrite a script after your instruction, and saves the result. Undo Edit Script takes it back.',
  args: z.strictObject({ script_name: script, edit_instruction: instruction, save_name: save }),
  returns: 'the difference that the edit made to the file it was saved to',
  kind: 'composite', primitive: false,
  plan: plan('edit', []),
}

export const editScriptSegment: ActionSpec = {
  name: 'Edit Script Segment (AI)',
  description: 'Lets a model rewrite some lines of a script after your instruction, and saves the whole script with them. For long scripts.',
  args: z.strictObject({
    script_name: script,
    start_line_number: line('the first line to edit, counted from 1'),
    end_line_number: line('the last line to edit'),
    edit_instruction: instruction,
    save_name: save,
  }),
  returns: 'the difference that the edit made to the file it was saved to',
  kind: 'composite', primitive: false,
  plan: plan('edit_segment', ['start_line_number', 'end_line_number']),
}
