import type { ExecutionOutcome } from '../../schemas/generated/events.ts'
import { captured, notKept } from './observation.ts'

const SESSION_OVER = 'The session is over and its variables are lost; the next command starts a new one.'
const SESSION_STAYS = 'The session and its variables are still there.'

/** Reasons after which nothing is left of the session; a time limit may go either way, and the signal tells. */
const OVER = new Set(['killed', 'protocol_error', 'output_limit', 'out_of_memory', 'exited', 'cancelled'])

const HOW: Readonly<Record<string, (outcome: ExecutionOutcome) => string>> = {
  finished: () => '',
  raised: () => 'The command ended with an error.',
  interrupted: () => 'The command was interrupted.',
  timed_out: ({ signal }) => (signal === '' ? 'The command ran into its time limit and was interrupted.' : 'The command ran into its time limit, did not let itself be interrupted, and was killed.'),
  killed: () => 'The command was killed.',
  protocol_error: () => "The command disturbed the connection through which the REPL's answers come, and was killed.",
  output_limit: () => 'The command wrote more output than it may and was killed.',
  out_of_memory: () => 'The command used more memory than it may and was killed.',
  exited: ({ exit_code: code, signal }) => `The command ended the interpreter itself (${signal === '' ? `exit code ${code}` : signal}).`,
  cancelled: () => 'The command was cancelled.',
}

const plural = (count: number): string => (count === 1 ? 'the earlier command' : `the ${count} earlier commands`)

/** Said when a session had to be started anew though there was one before; empty otherwise. */
export const restarted = (outcome: ExecutionOutcome, commands: number): string =>
  outcome.fresh === true && commands > 0 ? `The Python REPL was started anew${outcome.started === '' ? '' : `, because ${outcome.started}`}. The variables and imports of ${plural(commands)} are lost; files in the workspace are not.` : ''

/** The observation of a REPL command: what it wrote, in the order of a terminal (output, then the error), with what became of the session around it. */
export function observeCommand(outcome: ExecutionOutcome, commands: number, read: Readonly<Record<string, string>>): string {
  const out = captured(outcome.stdout, read)
  const err = captured(outcome.stderr, read)
  const how = (HOW[outcome.reason] ?? (({ reason }) => `The command ended: ${reason}.`))(outcome)
  const over = OVER.has(outcome.reason) || outcome.signal !== ''
  const tail = over ? SESSION_OVER : outcome.reason === 'timed_out' || outcome.reason === 'interrupted' ? SESSION_STAYS : ''
  const parts = [restarted(outcome, commands), how === '' && out === '' && err === '' ? 'The command finished and wrote nothing.' : [how, tail].filter((one) => one !== '').join(' ')]
  if (out !== '') parts.push(how === '' && err === '' ? out : `Standard output:\n${out}`)
  if (err !== '') parts.push(`Standard error:\n${err}`)
  parts.push(notKept(outcome))
  return parts.filter((part) => part !== '').join('\n')
}

/** A command whose runner went away: nobody knows how far it came, so it is not repeated. */
export const LOST_COMMAND = 'The command was lost together with the process that ran it, and commands are not repeated. The workspace is as it was before it. The REPL\'s variables are lost; the next command starts a new session.'
