import { z } from 'zod'
import { text } from '../../protocol.ts'
import type { TextValue } from '../../protocol.ts'
import { textArgument } from '../action-spec.ts'
import type { ActionSpec } from '../action-spec.ts'

/** The whole text goes to the model: the tool cuts it into blocks, and nothing is left out. */
export const understandFile: ActionSpec = {
  name: 'Understand File',
  description: 'Lets a model read a whole file and report on it. For a file that is too long to read by yourself, or of which you want to know one thing.',
  args: z.strictObject({
    file_name: z.string().describe('the file, relative to the workspace'),
    things_to_look_for: z.string().describe('what you want to know about the file, in detail'),
  }),
  returns: 'a description of the file as far as it concerns what you asked for',
  kind: 'composite', primitive: false,
  plan: ({ args, at, said }) => {
    const file_name = textArgument(args, 'file_name')
    if (at === 0) return { kind: 'file', action: 'Read File', args: { file_name, exact: true } }
    if (at > 1) return { kind: 'done' }
    const document: TextValue = said[0] ?? text('')
    return document.bytes === 0 ? { kind: 'done', observation: text('The file is empty.') } : { kind: 'tool', tool: 'understand', args, document }
  },
}
