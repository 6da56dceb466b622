import type { z } from 'zod'
import type { TextValue } from '../protocol.ts'
import type { FileActionName } from './files/index.ts'

/** How the environment carries an action out. */
export type ActionKind = 'file' | 'script' | 'repl' | 'human' | 'final' | 'composite'

/** One thing done on the way of an action. What is done at once (the research log) has no effect and no other actor. */
export type Piece =
  | { kind: 'file'; action: FileActionName; args: Record<string, unknown> }
  | { kind: 'script'; script: string; arguments: string[] }
  | { kind: 'repl'; command: string }
  | { kind: 'human'; prompt: string }
  | { kind: 'tool'; tool: string; args: Record<string, unknown>; document?: TextValue; log?: boolean }
  | { kind: 'log'; name: string; note?: string; refused?: { code: string; sentence: string } }
  /** an inner action that does not even begin */
  | { kind: 'refused'; name: string; args: Record<string, unknown>; code: string; sentence: string }
  /** nothing more is to be done: the last piece's observation stands, or this one */
  | { kind: 'done'; observation?: TextValue }

/** What a plan may know: the action's arguments, how many of its pieces went well, what they gave, and how long the research log is. */
export interface Given {
  args: Record<string, unknown>
  at: number
  said: readonly TextValue[]
  /** a text of `said`; only those of an action that says so with `reads` can be read */
  read: (text: TextValue) => string
  logged: number
}

/** The next piece of an action. Pure, and asked again from the record: a piece that fails ends the action, so a plan only knows good ends. */
export type Plan = (given: Given) => Piece

export interface ActionSpec {
  name: string
  description: string
  args: z.ZodObject
  /** what the observation says */
  returns: string
  /** one action of the environment, in the benchmark's count; false for what is made of several or of a model's work */
  primitive: boolean
  kind: ActionKind
  plan: Plan
  /** the plan wants to read what its pieces said */
  reads?: boolean
}

const field = (args: Record<string, unknown>, name: string): string => String(args[name] ?? '')

/** An argument that is a text. */
export { field as textArgument }

/** The plan of an action that is one piece. */
export const onePiece = (piece: (args: Record<string, unknown>, given: Given) => Piece): Plan => (given) => (given.at === 0 ? piece(given.args, given) : { kind: 'done' })
