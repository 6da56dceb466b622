import { readObject, resolveAction } from '../parsing/index.ts'
import type { JsonObject } from '../parsing/index.ts'
import type { Json } from '../../../schemas/canonical-json.ts'

/** A reply in Auto-GPT's form, read. */
export type Command =
  | { ok: true; name: string; args: JsonObject; thought: string; criticism: string }
  | { ok: false; sentence: string }

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
const words = (value: Json | undefined): string => {
  if (typeof value === 'string') return value.trim()
  if (Array.isArray(value)) return value.map(words).filter((one) => one !== '').map((one) => `- ${one}`).join('\n')
  return isObject(value) ? Object.values(value).map(words).filter((one) => one !== '').join('\n') : value === undefined || value === null ? '' : String(value)
}
const bad = (sentence: string): Command => ({ ok: false, sentence })

/**
 * Reads the JSON object of a reply: thoughts, and a command with its arguments. Thoughts may be missing or of another form, for
 * nothing that is done depends on them; the command may not. `cut`: the provider stopped the reply at its length limit.
 */
export function readCommand(reply: string, actions: readonly string[], cut = false): Command {
  if (reply.trim() === '') return bad('it is empty')
  const read = readObject(reply, { finished: !cut })
  if (!read.ok) return bad(cut && read.code === 'truncated' ? 'it was cut off at its length limit; say less in "thoughts"' : read.sentence)
  const { command, thoughts } = read.value
  if (!isObject(command)) return bad('it has no "command" with a "name" and "args"')
  const { name, args = {} } = command
  if (typeof name !== 'string' || name.trim() === '') return bad('its "command" has no "name"')
  const action = resolveAction(name.trim(), actions)
  if (action === undefined) return bad(`there is no command ${JSON.stringify(name.slice(0, 80))}`)
  const given = isObject(args) ? args : typeof args === 'string' ? fromText(args) : undefined
  if (given === undefined) return bad(`the "args" of "${action.name}" are no JSON object`)
  return { ok: true, name: action.name, args: given, thought: thoughtOf(thoughts), criticism: isObject(thoughts) ? words(thoughts['criticism']) : '' }
}

/** Arguments that were written as a text of JSON. */
const fromText = (args: string): JsonObject | undefined => {
  if (args.trim() === '') return {}
  const read = readObject(args, { finished: true })
  return read.ok ? read.value : undefined
}

const PARTS = [['text', ''], ['reasoning', 'Reasoning: '], ['plan', 'Plan:\n'], ['criticism', 'Criticism: ']] as const

function thoughtOf(thoughts: Json | undefined): string {
  if (!isObject(thoughts)) return words(thoughts)
  return PARTS.map(([key, lead]) => (words(thoughts[key]) === '' ? '' : `${lead}${words(thoughts[key])}`)).filter((part) => part !== '').join('\n')
}
