import { z } from 'zod'
import { FILE_ACTIONS } from './actions.ts'
import { inspectLines, listFiles, readFile } from './read.ts'
import { readSource, writeSource } from './source.ts'
import { quote } from './text.ts'
import { FileRefusal } from './types.ts'
import type { FileInput, FileNeed, FileResult, FileSteps } from './types.ts'
import { isEmptyTree } from './view.ts'
import { appendFile, copyFile, undoEdit, writeFile } from './write.ts'
import type { Written } from './write.ts'

/**
 * Runs one file action as a pure function of its input and of the blobs it asks for: the same answers give the same result.
 * A refusal is a result (`ok` false, nothing changed); only a damaged manifest or edit list throws.
 */
export function* runFileAction(input: FileInput): Generator<FileNeed, FileResult, Uint8Array | string> {
  const unchanged = { tree: input.tree, edits: input.edits, changed: false }
  try {
    const done = yield* perform(input)
    if (typeof done === 'string') return { ok: true, code: '', observation: done, ...unchanged }
    return { ok: true, code: '', ...done, changed: done.tree !== input.tree && !(isEmptyTree(done.tree) && isEmptyTree(input.tree)) }
  } catch (error) {
    if (!(error instanceof FileRefusal)) throw error
    return { ok: false, code: error.code, observation: error.message, ...unchanged }
  }
}

function perform(input: FileInput): FileSteps<string | Written> {
  const { action, args } = input
  switch (action) {
    case 'List Files': return listFiles(input, parse(action, args))
    // A composite reads the exact text of a script and writes an edit of it; agents' own arguments never look like that.
    case 'Read File': return args['exact'] === true ? readSource(input, parseInner(action, readSourceArgs, args)) : readFile(input, parse(action, args))
    case 'Write File': return args['edit_of'] !== undefined ? writeSource(input, parseInner(action, writeSourceArgs, args)) : writeFile(input, parse(action, args))
    case 'Append File': return appendFile(input, parse(action, args))
    case 'Copy File': return copyFile(input, parse(action, args))
    case 'Inspect Script Lines': return inspectLines(input, parse(action, args))
    case 'Undo Edit Script': return undoEdit(input, parse(action, args))
    default: throw new FileRefusal('unknown_action', `${quote(action)} is not a file action. The file actions are ${Object.keys(FILE_ACTIONS).join(', ')}.`)
  }
}

const lines = { start_line_number: z.number().int().optional(), end_line_number: z.number().int().optional() }
const readSourceArgs = z.strictObject({ exact: z.literal(true), file_name: z.string(), save_name: z.string().optional(), ...lines })
const writeSourceArgs = z.strictObject({ file_name: z.string(), edit_of: z.string(), content: z.object({ ref: z.string().regex(/^[0-9a-f]{64}$/) }), ...lines })

function parseInner<Schema extends z.ZodType>(name: string, schema: Schema, args: Record<string, unknown>): z.output<Schema> {
  const parsed = schema.safeParse(args)
  if (parsed.success) return parsed.data
  throw new FileRefusal('bad_arguments', `The inner arguments of ${name} do not fit: ${z.prettifyError(parsed.error)}`)
}

function parse<Name extends keyof typeof FILE_ACTIONS>(name: Name, args: Record<string, unknown>): ReturnType<(typeof FILE_ACTIONS)[Name]['args']['parse']> {
  const { args: schema } = FILE_ACTIONS[name]
  const parsed = schema.safeParse(args)
  if (parsed.success) return parsed.data as ReturnType<(typeof FILE_ACTIONS)[Name]['args']['parse']>
  const faults = parsed.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  throw new FileRefusal('bad_arguments', `The arguments of ${name} do not fit: ${faults.join('; ')}. It takes ${Object.keys(schema.shape).join(', ')}.`)
}
