import { assign, setup } from 'xstate'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { instanceNumber, text, violation } from '../protocol.ts'
import type { MachineInput, Message, Received, ReceivedOf } from '../protocol.ts'
import type { ActorLogic } from '../logic.ts'
import { observe } from './observation.ts'
import { LOST_COMMAND, observeCommand } from './repl-observation.ts'

/** `repl`: the session that a command asked for and how many commands that one had run; null for a script. */
interface Context { name: string; call: number; script: string; tree: string; cancelled: string; repl: { session: number; commands: number } | null }

/** Attempts that may be lost (a killed worker, a machine that went away) before the agent is told. */
const MAX_ATTEMPTS = 5

/**
 * A session that nobody has: a lost command may have gone on in the session it asked for or in the one after, on a machine that comes back, and
 * what it did there is not in the record.
 */
const NO_SUCH_SESSION = 2

const effect = (data: EventPayloads['execution.requested']): Message => {
  const { call, script, arguments: args, tree, layers, limits, python_key, mode, command, session = 0, commands = 0 } = data
  const asked = { script, arguments: args, tree, layers, limits, python_key }
  const about = { kind: 'execution', call, retry_of: '' }
  if (mode !== 'repl') return { type: 'effect.requested', to: 'runner', data: { ...about, max_attempts: MAX_ATTEMPTS, execution: asked } }
  // Running half a command and then all of it is not what was asked: once only.
  const kept = command?.ref === undefined ? {} : { command: { ref: command.ref, bytes: command.bytes ?? 0 } }
  return { type: 'effect.requested', to: 'runner', data: { ...about, max_attempts: 1, execution: { ...asked, mode, ...kept, session, commands } } }
}

const succeeded = (context: Context, { data, read }: ReceivedOf<'effect.succeeded'>): Message => {
  const outcome = data.execution
  if (outcome === undefined) return context.repl === null ? finished(context, 'lost', -1, context.tree, `The script ${context.script} left no outcome.`) : lostCommand(context)
  const { reason, exit_code: exitCode, tree, session, fresh } = outcome
  if (context.repl === null) return finished(context, reason, exitCode, tree, observe(context.script, outcome, read))
  return finished(context, reason, exitCode, tree, observeCommand(outcome, context.repl.commands, read), { session: session ?? context.repl.session, fresh: fresh ?? false })
}

/** What the script's own questions to a model cost, for the run's account. After the outcome: a run that is over its limit then has nothing open any more. */
const use = ({ call }: Context, { data }: ReceivedOf<'effect.succeeded'>): Message[] => {
  const asked = data.execution?.asked
  if (asked === undefined) return []
  const { model, input_tokens, output_tokens, cost_usd } = asked
  return [{ type: 'usage.recorded', to: 'environment', data: { call, role: 'script', model, input_tokens, output_tokens, cost_usd } }]
}

const failed = (context: Context, { data: { error } }: ReceivedOf<'effect.failed'>): Message => {
  const reason = error?.code === 'cancelled' ? 'cancelled' : 'lost'
  const why = error?.message ?? 'no reason was given'
  if (context.repl === null) return finished(context, reason, -1, context.tree, `${context.script} was not run: ${why}`)
  return error?.code === 'lost' ? lostCommand(context) : finished(context, reason, -1, context.tree, `The command was not run: ${why}`, { session: context.repl.session })
}

const lostCommand = (context: Context): Message => finished(context, 'lost', -1, context.tree, LOST_COMMAND, { session: (context.repl?.session ?? 0) + NO_SUCH_SESSION })

const finished = (context: Context, reason: string, exitCode: number, tree: string, observation: string, repl: { session?: number; fresh?: boolean } = {}): Message => ({
  type: 'execution.finished', to: 'environment',
  data: { call: context.call, reason, exit_code: exitCode, tree, observation: text(observation), ok: reason === (context.repl === null ? 'exited' : 'finished') && exitCode === 0, ...repl },
})

/** One run of one script or one command of a REPL: asks for the execution, turns its outcome into what the agent will read, and is gone. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {}, sendAll: (_args, _params: { messages: Message[] }) => {} },
}).createMachine({
  id: 'executor',
  context: ({ input }) => ({ name: input.name, call: instanceNumber(input.name), script: '', tree: '', cancelled: '', repl: null }),
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ context, event }) => violation(context.name, event, 'executor') } } },
  states: {
    waiting: {
      on: {
        'execution.requested': {
          target: 'running',
          actions: [
            assign(({ event: { data } }: { event: ReceivedOf<'execution.requested'> }) => ({
              call: data.call, script: data.script, tree: data.tree, repl: data.mode === 'repl' ? { session: data.session ?? 0, commands: data.commands ?? 0 } : null,
            })),
            { type: 'send', params: ({ event }) => effect(event.data) },
          ],
        },
      },
    },
    running: {
      on: {
        'execution.cancel_requested': {
          actions: [
            assign({ cancelled: ({ event }) => event.data.reason }),
            { type: 'send', params: ({ context, event }) => ({ type: 'effect.cancel_requested' as const, to: 'runner', data: { effect: '', reason: event.data.reason, call: context.call } }) },
          ],
        },
        'effect.succeeded': { target: 'done', actions: { type: 'sendAll', params: ({ context, event }) => ({ messages: [succeeded(context, event), ...use(context, event)] }) } },
        'effect.failed': { target: 'done', actions: { type: 'send', params: ({ context, event }) => failed(context, event) } },
      },
    },
    done: { type: 'final' },
  },
})

export const executor: ActorLogic = {
  module: 'executor',
  machine,
  needs: (_context, event) => {
    if (event.type !== 'effect.succeeded' || event.data.execution === undefined) return []
    const { stdout, stderr } = event.data.execution
    return [stdout?.text?.ref, stderr?.text?.ref].filter((ref) => ref !== undefined)
  },
}
