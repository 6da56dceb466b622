import { z } from 'zod'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import type { ActionSpec } from './action-spec.ts'
import { appendSummary, editScript, editScriptSegment, reflection, retrieval, understandFile } from './composites/index.ts'
import { executeScript, fileActions, finalAnswer, pythonRepl, requestHelp } from './primitives.ts'

export type { ActionKind, ActionSpec } from './action-spec.ts'

const [primitiveFiles, otherFiles] = [fileActions.filter(({ primitive }) => primitive), fileActions.filter(({ primitive }) => !primitive)]

/** Every action of an environment, ten primitives and seven composites: the one place where names, arguments and meanings stand. */
export const ACTIONS: ReadonlyMap<string, ActionSpec> = new Map([
  ...primitiveFiles, executeScript, pythonRepl, requestHelp, finalAnswer,
  understandFile, ...otherFiles, editScript, editScriptSegment, reflection, retrieval, appendSummary,
].map((spec) => [spec.name, spec]))

/** What every run of the first version had; its record names no actions. */
export const FIRST_ACTIONS: readonly string[] = ['List Files', 'Read File', 'Write File', 'Append File', 'Copy File', 'Inspect Script Lines', 'Undo Edit Script', 'Execute Script', 'Final Answer']

/** What asks no model: the list of an agent that names none. */
export const ACTIONS_WITHOUT_MODEL: readonly string[] = [...ACTIONS.values()].filter(({ kind }) => kind !== 'composite').map(({ name }) => name)

/** An example of an action's arguments, from its schema. */
export const usage = (spec: ActionSpec): string => canonicalJson(Object.fromEntries(meanings(spec).map(([field, what]) => [field, `[${what}]`])))

const meanings = ({ args }: ActionSpec): [string, string][] => Object.entries(args.shape).map(([field, schema]) => [field, (schema as z.ZodType).description ?? field])

/** An action as agents read it: everything that a prompt or a tool definition is made of. */
export interface ActionSpecText {
  name: string
  description: string
  /** field -> what it means */
  arguments: Record<string, string>
  returns: string
  primitive: boolean
  /** JSON schema of the arguments */
  schema: Record<string, unknown>
}

export const specText = (spec: ActionSpec): ActionSpecText => ({
  name: spec.name, description: spec.description, arguments: Object.fromEntries(meanings(spec)), returns: spec.returns, primitive: spec.primitive, schema: jsonSchema(spec.args),
})

/** JSON schema of an action's arguments, in the part of the language that tool-calling models are good at. */
function jsonSchema(args: z.ZodObject): Record<string, unknown> {
  const { type, properties, required, additionalProperties } = z.toJSONSchema(args, { io: 'input', unrepresentable: 'any' })
  return { type, properties: Object.fromEntries(Object.entries(properties ?? {}).map(([field, schema]) => [field, plain(schema as Record<string, unknown>)])), required: required ?? [], additionalProperties }
}

/** Bounds that only say what a double can hold are noise; of several types texts are what an added action wants. */
const plain = ({ type, anyOf, minimum, maximum, ...rest }: Record<string, unknown>): Record<string, unknown> => ({
  ...rest, type: anyOf !== undefined || Array.isArray(type) ? 'string' : type, ...(isBound(minimum) ? { minimum } : {}), ...(isBound(maximum) ? { maximum } : {}),
})
const isBound = (value: unknown): boolean => typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER
