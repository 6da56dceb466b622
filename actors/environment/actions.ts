import { z } from 'zod'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { messageOf } from '../../schemas/errors.ts'
import { FILE_ACTIONS, normalisePath } from './files/index.ts'

/** How the environment carries an action out. Composites of the AI actions join here. */
export type ActionKind = 'file' | 'script' | 'final'

export interface ActionSpec {
  name: string
  description: string
  args: z.ZodObject
  returns: string
  kind: ActionKind
}

const EXECUTE: ActionSpec = {
  name: 'Execute Script',
  description: 'Runs a Python script of the workspace, from the top of the workspace and without arguments, and waits for its end.',
  args: z.strictObject({ script_name: z.string().min(1).describe('the script, relative to the workspace') }),
  returns: 'how the script ended and what it wrote',
  kind: 'script',
}

const FINAL: ActionSpec = {
  name: 'Final Answer',
  description: 'Submits the workspace as it is now and ends the run.',
  args: z.strictObject({ final_answer: z.string().describe('what was achieved, in a few sentences') }),
  returns: 'nothing: the run is over',
  kind: 'final',
}

/** Every action of an environment: the one place where names, arguments and meanings stand. */
export const ACTIONS: ReadonlyMap<string, ActionSpec> = new Map(
  [...Object.values(FILE_ACTIONS).map((action) => ({ ...action, kind: 'file' as const })), EXECUTE, FINAL].map((action) => [action.name, action]),
)

/** Characters that a refusal may quote of the arguments: an observation is read by a model, and paid for. */
const MAX_PROBLEMS = 1000

export type Checked = { ok: true; spec: ActionSpec; args: Record<string, unknown> } | { ok: false; code: string; sentence: string }

/** Judges what an agent asked for: the name, that the arguments are JSON, and that they fit. */
export function checkAction(name: string, args: string, allowed: readonly string[]): Checked {
  const spec = ACTIONS.get(name)
  if (spec === undefined || !allowed.includes(name)) {
    return { ok: false, code: 'unknown_action', sentence: `There is no action "${name.slice(0, 80)}". The actions are: ${allowed.join(', ')}.` }
  }
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

/** An example of an action's arguments, from its schema. */
export const usage = (spec: ActionSpec): string =>
  canonicalJson(Object.fromEntries(Object.entries(spec.args.shape).map(([key, schema]) => [key, `[${(schema as z.ZodType).description ?? key}]`])))
