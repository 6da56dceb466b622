import { messageOf } from '../../schemas/errors.ts'
import { ACTIONS, usage } from './actions.ts'
import type { ActionSpec } from './action-spec.ts'
import { normalisePath } from './files/index.ts'

/** Characters that a refusal may quote of the arguments: an observation is read by a model, and paid for. */
const MAX_PROBLEMS = 1000

export type Checked = { ok: true; spec: ActionSpec; args: Record<string, unknown> } | { ok: false; code: string; sentence: string }

/** What may be done: the names on the list, and those among them that were added. */
export interface Allowed { names: readonly string[]; added: () => readonly ActionSpec[]; first: boolean }

/** The action of a name, when it is on the list. */
export const specNamed = (name: string, { names, added }: Allowed): ActionSpec | undefined => (names.includes(name) ? (ACTIONS.get(name) ?? added().find((spec) => spec.name === name)) : undefined)

/** Judges what an agent asked for: the name, that the arguments are JSON, and that they fit. What is not on the list is refused, whether it exists or not. */
export function checkAction(name: string, args: string, allowed: Allowed): Checked {
  if (name === '' && !allowed.first) return { ok: false, code: 'no_action', sentence: noAction(allowed) }
  const spec = specNamed(name, allowed)
  if (spec === undefined) return { ok: false, code: 'unknown_action', sentence: `There is no action "${name.slice(0, 80)}". The actions are: ${allowed.names.join(', ')}.` }
  let parsed: unknown
  try {
    parsed = JSON.parse(args)
  } catch {
    return { ok: false, code: 'bad_arguments', sentence: `The arguments of ${name} are not valid JSON. They look like this: ${usage(spec)}` }
  }
  const result = spec.args.safeParse(parsed)
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`).join('; ').slice(0, MAX_PROBLEMS)
    return { ok: false, code: 'bad_arguments', sentence: `The arguments of ${name} do not fit (${problems}). They look like this: ${usage(spec)}` }
  }
  if (spec.kind === 'script') return checkScript(spec, result.data)
  return { ok: true, spec, args: result.data }
}

function checkScript(spec: ActionSpec, args: Record<string, unknown>): Checked {
  try {
    return { ok: true, spec, args: { script_name: normalisePath(String(args['script_name'])) } }
  } catch (error) {
    return { ok: false, code: 'outside', sentence: messageOf(error) }
  }
}

/** A reply without an action costs a step, and its observation shows what one looks like. */
function noAction({ names, added }: Allowed): string {
  const spec = names.map((name) => ACTIONS.get(name) ?? added().find((one) => one.name === name)).find((one) => one !== undefined)
  const example = spec === undefined ? '' : ` One looks like this: the action ${spec.name} with the arguments ${usage(spec)}.`
  return `The reply names no action, so nothing was done. A reply must name exactly one action of the list, with its arguments as one JSON object.${example} The actions are: ${names.join(', ')}.`
}
