import type { ExecutionFinished, Failure } from '../../schemas/generated/events.ts'
import { text } from '../protocol.ts'
import type { ListValue, Received, TextValue } from '../protocol.ts'
import type { Context, Open } from './context.ts'

/** What came of what an action waited for. */
export interface Outcome { observation: TextValue; ok: boolean; code: string; head: string; edits: ListValue | null; repl: Context['repl'] }

const ANSWERS: Readonly<Record<Open, readonly Received['type'][]>> = {
  nothing: [], file: ['effect.succeeded', 'effect.failed'], human: ['effect.succeeded', 'effect.failed'], script: ['execution.finished'], repl: ['execution.finished'], tool: ['tool.answered'],
}

/** True for what the present action waits for. */
export const isAwaited = ({ current }: Context, event: Received): boolean => ANSWERS[current?.open ?? 'nothing'].includes(event.type)

export function outcomeOf(context: Context, event: Received): Outcome {
  const same = { head: context.head, edits: context.edits, repl: context.repl }
  switch (event.type) {
    case 'effect.succeeded': {
      const { file, human } = event.data
      if (human?.answer !== undefined) return { ...same, observation: human.answer, ok: true, code: '' }
      if (file === undefined) return { ...same, observation: text('The action left no outcome.'), ok: false, code: 'lost' }
      return { ...same, observation: file.observation ?? text(''), ok: file.ok, code: file.code, head: file.changed ? file.tree : context.head, edits: file.edits ?? context.edits }
    }
    case 'effect.failed': return { ...same, ...failed(event.data.error) }
    case 'tool.answered': {
      const { ok, answer, error } = event.data
      return ok && answer?.ref !== undefined ? { ...same, observation: answer, ok: true, code: '' } : { ...same, ...failed(error) }
    }
    case 'execution.finished': {
      const { observation, ok, reason, tree } = event.data
      const repl = context.current?.open === 'repl' ? sessionAfter(context.repl, event.data) : context.repl
      return { ...same, observation: observation ?? text(''), ok, code: ok ? '' : reason, head: tree === '' && reason === 'lost' ? context.head : tree, repl }
    }
    default: return { ...same, ...failed(undefined) }
  }
}

/** The session that a command ran in. Without `fresh` it ran in none: nothing changes, unless the session itself is given up. */
const sessionAfter = (repl: Context['repl'], { session = repl.session, fresh }: ExecutionFinished): Context['repl'] => {
  if (fresh === undefined && session === repl.session) return repl
  return { session, commands: fresh === true ? 1 : repl.commands + 1 }
}

const failed = ({ code, message }: Failure = { source: '', code: '', message: '' }): Pick<Outcome, 'observation' | 'ok' | 'code'> =>
  ({ observation: text(`The action could not be carried out: ${message || 'no reason was given'}. The workspace is unchanged.`), ok: false, code: code || 'failed' })
