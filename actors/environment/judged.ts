import { textOf } from '../protocol.ts'
import type { Received } from '../protocol.ts'
import type { ActionSpec } from './action-spec.ts'
import { ACTIONS } from './actions.ts'
import { specsOfAdded } from './added-action.ts'
import { checkAction, specNamed } from './check-action.ts'
import type { Allowed, Checked } from './check-action.ts'
import type { Context } from './context.ts'
import { placeOf } from './lineage.ts'
import type { Place } from './lineage.ts'

const allowedIn = ({ task }: Context, read: Received['read']): Allowed => ({ names: task.actions, added: () => specsOfAdded(read[task.added?.ref ?? ''] ?? ''), first: task.first })

/** The action that is being carried out, as the list knows it. */
export const currentSpec = (context: Context, event: Received): ActionSpec | undefined => (context.current === null ? undefined : specNamed(context.current.name, allowedIn(context, event.read)))

/** True when the action of this name is one that the run added: its meaning has to be read. */
const isAdded = ({ task }: Context, name: string): boolean => task.added !== null && task.actions.includes(name) && !ACTIONS.has(name)

/** Whether the agent wants another workspace than the present one. */
export const branches = (context: Context, event: Received): boolean => event.type === 'action.requested' && event.data.base !== '' && event.data.base !== context.head

/** What a request amounts to, and the workspace it begins from when that is not the present one. */
export function judge(context: Context, event: Received): Checked & { place?: Place } {
  if (event.type !== 'action.requested') return { ok: false, code: 'no_action', sentence: 'No action was named.' }
  const { name, arguments: args, base } = event.data
  const place = branches(context, event) && !context.task.first ? placeOf(context, event, base).found : undefined
  if (branches(context, event) && place === undefined) return { ok: false, code: 'unknown_base', sentence: context.task.first ? ONLY_PRESENT : UNKNOWN_BASE }
  const checked = checkAction(name, textOf(args), allowedIn(context, event.read))
  return checked.ok && place !== undefined ? { ...checked, place } : checked
}
const ONLY_PRESENT = 'The action begins from another state of the workspace than the present one. Leave "base" out: actions are carried out on the workspace as it is.'
const UNKNOWN_BASE = 'The action begins from a state of the workspace that this run never had. Leave "base" out to go on from the present one, or name the tree of one of this run\'s observations.'

/** What an answer must be read for: the arguments of a composite, what its pieces said, and what it is made of when it was added. */
export function needs(context: Context, event: Received): string[] {
  switch (event.type) {
    case 'run.started': return refsOf(event.data.more_actions)
    case 'action.requested': {
      const added = isAdded(context, event.data.name) || (event.data.name === '' && context.task.added !== null) ? refsOf(context.task.added) : []
      const { need } = branches(context, event) && !context.task.first ? placeOf(context, event, event.data.base) : {}
      return [...added, ...(need === undefined ? [] : [need])]
    }
    case 'effect.succeeded':
    case 'effect.failed':
    case 'execution.finished':
    case 'tool.answered': {
      const { current } = context
      if (current === null || !(isAdded(context, current.name) || ACTIONS.get(current.name)?.kind === 'composite')) return []
      return [...refsOf(current.args), ...(isAdded(context, current.name) ? [...refsOf(context.task.added), ...current.said.flatMap(refsOf), ...refsOf(saidIn(event))] : [])]
    }
    default: return []
  }
}

const refsOf = (value: { ref?: string } | null | undefined): string[] => (value?.ref === undefined ? [] : [value.ref])

/** What an answer says, in whatever it came. */
const saidIn = (event: Received): { ref?: string } | undefined => {
  switch (event.type) {
    case 'effect.succeeded': return event.data.file?.observation ?? event.data.human?.answer
    case 'execution.finished': return event.data.observation
    case 'tool.answered': return event.data.answer
    default: return undefined
  }
}
