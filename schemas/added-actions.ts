import { z } from 'zod'

/**
 * Actions that a task or a run adds to Kymo's own. They are data, recorded with the run, so that it replays wherever their module is
 * not: a list of primitives, whose arguments are templates that {{field}} is filled into.
 */

/** What an added action may be made of, with the names of their arguments. */
export const PARTS: Readonly<Record<string, readonly string[]>> = {
  'List Files': ['dir_path'],
  'Read File': ['file_name'],
  'Write File': ['file_name', 'content'],
  'Append File': ['file_name', 'content'],
  'Copy File': ['source', 'destination'],
  'Undo Edit Script': ['script_name'],
  'Execute Script': ['script_name'],
}

const FIELD = /^[a-z][a-z0-9_]{0,39}$/
const sentence = (what: string) => z.string({ error: `write ${what}` }).trim().min(1, { error: `write ${what}` }).max(2000)

const partSchema = z.strictObject({
  action: z.string({ error: 'write the name of a primitive, for example Execute Script' }).refine((name) => Object.hasOwn(PARTS, name), { error: `write one of ${Object.keys(PARTS).join(', ')}` }),
  args: z.record(z.string(), z.string({ error: 'write a text, with {{field}} where a value belongs' }), { error: 'write the arguments as field: text' }),
  arguments: z.array(z.string({ error: 'write a list of texts' }), { error: 'write the arguments that the script gets, as a list of texts' }).max(50).optional(),
}).superRefine((part, context) => {
  const wanted = PARTS[part.action]
  if (wanted === undefined) return
  for (const name of wanted) if (!Object.hasOwn(part.args, name)) context.addIssue({ code: 'custom', path: ['args', name], message: `${part.action} needs it` })
  for (const name of Object.keys(part.args)) if (!wanted.includes(name)) context.addIssue({ code: 'custom', path: ['args', name], message: `${part.action} takes ${wanted.join(' and ')} only` })
  if (part.arguments !== undefined && part.action !== 'Execute Script') context.addIssue({ code: 'custom', path: ['arguments'], message: 'only Execute Script takes arguments' })
})

export const addedAction = z.strictObject({
  name: z.string({ error: 'write a name' }).regex(/^[A-Z][A-Za-z0-9 ()_-]{1,59}$/, { error: 'write a name of up to 60 letters, digits, spaces, brackets and hyphens that begins with a capital, for example Run Tests' }),
  description: sentence('what the action does, in a sentence or two'),
  arguments: z.record(z.string(), sentence('what the argument means'), { error: 'write the arguments as name: meaning, {} for none' }).superRefine((fields, context) => {
    const names = Object.keys(fields)
    if (names.length > 12) context.addIssue({ code: 'custom', message: 'at most 12 arguments' })
    for (const name of names) if (!FIELD.test(name)) context.addIssue({ code: 'custom', path: [name], message: 'write names of arguments in small letters, digits and _, for example file_name' })
  }),
  returns: sentence('what the observation says'),
  does: z.array(partSchema, { error: 'write a list of primitives with their arguments' }).min(1, { error: 'an action does at least one thing' }).max(8, { error: 'at most 8 primitives' }),
}).superRefine((action, context) => {
  for (const [index, part] of action.does.entries()) {
    const templates = [...Object.entries(part.args).map(([name, template]) => [['args', name], template] as const), ...(part.arguments ?? []).map((template, at) => [['arguments', at], template] as const)]
    for (const [path, template] of templates) {
      for (const field of fieldsOf(template)) if (!Object.hasOwn(action.arguments, field)) context.addIssue({ code: 'custom', path: ['does', index, ...path], message: `there is no argument "${field}"` })
    }
  }
})
export type AddedAction = z.infer<typeof addedAction>

/** The list as it is recorded. */
export const addedActions = z.array(addedAction).max(50, { error: 'at most 50 actions' }).superRefine((actions, context) => {
  const names = actions.map(({ name }) => name)
  for (const [index, name] of names.entries()) if (names.indexOf(name) !== index) context.addIssue({ code: 'custom', path: [index, 'name'], message: `there are two actions of the name ${name}` })
})

const HOLE = /\{\{\s*([^{}]*?)\s*\}\}/g

const fieldsOf = (template: string): string[] => [...template.matchAll(HOLE)].map((match) => match[1] ?? '')

/** A template with its fields filled in; a value is never taken for a template itself. */
export const filledIn = (template: string, values: Readonly<Record<string, unknown>>): string => template.replace(HOLE, (_hole, field: string) => String(values[field] ?? ''))
