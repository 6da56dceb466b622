import { z } from 'zod'
import { messageOf } from '../../schemas/errors.ts'
import { addedActions, filledIn } from '../../schemas/added-actions.ts'
import type { AddedAction } from '../../schemas/added-actions.ts'
import { text } from '../protocol.ts'
import type { ActionSpec, Given, Piece } from './action-spec.ts'
import { normalisePath } from './files/index.ts'
import type { FileActionName } from './files/index.ts'

/** Models like to write numbers; an added action knows texts only. */
const value = (what: string) => z.union([z.string(), z.number(), z.boolean()], { error: 'write a text' }).transform(String).describe(what)

/** An action that a task or a run added: its primitives one after the other, until one fails. */
const specOf = (action: AddedAction): ActionSpec => ({
  name: action.name, description: action.description, returns: action.returns, primitive: false, kind: 'composite', reads: true,
  args: z.strictObject(Object.fromEntries(Object.entries(action.arguments).map(([name, what]) => [name, value(what)]))),
  plan: (given) => {
    const part = action.does[given.at]
    return part === undefined ? { kind: 'done', observation: text(together(action, given)) } : pieceOf(part, given.args)
  },
})

function pieceOf(part: AddedAction['does'][number], values: Record<string, unknown>): Piece {
  const args = Object.fromEntries(Object.entries(part.args).map(([name, template]) => [name, filledIn(template, values)]))
  if (part.action !== 'Execute Script') return { kind: 'file', action: part.action as FileActionName, args }
  try {
    return { kind: 'script', script: normalisePath(args['script_name'] ?? ''), arguments: (part.arguments ?? []).map((template) => filledIn(template, values)) }
  } catch (error) {
    return { kind: 'refused', name: part.action, args, code: 'outside', sentence: messageOf(error) }
  }
}

/** What every primitive said; of a single one its own words. */
const together = ({ does }: AddedAction, { said, read }: Given): string =>
  said.length === 1 && said[0] !== undefined ? read(said[0]) : said.map((each, index) => `[${index + 1}] ${does[index]?.action ?? ''}:\n${read(each)}`).join('\n\n')

/** The added actions of a run, from the text that it recorded; '' is none. Throws what zod throws: the text was checked when the run began. */
export const specsOfAdded = (recorded: string): ActionSpec[] => (recorded === '' ? [] : addedActions.parse(JSON.parse(recorded)).map(specOf))
