import { assign, setup } from 'xstate'
import { instanceNumber, text, violation } from '../protocol.ts'
import type { MachineInput, Message, Received, ReceivedOf } from '../protocol.ts'
import type { ActorLogic } from '../logic.ts'
import { observe } from './observation.ts'

interface Context { name: string; call: number; script: string; tree: string; cancelled: string }

/** Attempts that may be lost (a killed worker, a machine that went away) before the agent is told. */
const MAX_ATTEMPTS = 5

const finished = (context: Context, reason: string, exitCode: number, tree: string, observation: string): Message => ({
  type: 'execution.finished', to: 'environment',
  data: { call: context.call, reason, exit_code: exitCode, tree, observation: text(observation), ok: reason === 'exited' && exitCode === 0 },
})

/** One run of one script: asks for the execution, turns its outcome into what the agent will read, and is gone. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
}).createMachine({
  id: 'executor',
  context: ({ input }) => ({ name: input.name, call: instanceNumber(input.name), script: '', tree: '', cancelled: '' }),
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ context, event }) => violation(context.name, event, 'executor') } } },
  states: {
    waiting: {
      on: {
        'execution.requested': {
          target: 'running',
          actions: [
            assign({ call: ({ event }: { event: ReceivedOf<'execution.requested'> }) => event.data.call, script: ({ event }: { event: ReceivedOf<'execution.requested'> }) => event.data.script, tree: ({ event }: { event: ReceivedOf<'execution.requested'> }) => event.data.tree }),
            {
              type: 'send',
              params: ({ event: { data } }) => ({
                type: 'effect.requested' as const, to: 'runner',
                data: {
                  kind: 'execution', call: data.call, max_attempts: MAX_ATTEMPTS, retry_of: '',
                  execution: { script: data.script, arguments: data.arguments, tree: data.tree, layers: data.layers, limits: data.limits, python_key: data.python_key },
                },
              }),
            },
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
        'effect.succeeded': {
          target: 'done',
          actions: {
            type: 'send',
            params: ({ context, event: { data, read } }) => {
              const outcome = data.execution
              if (outcome === undefined) return finished(context, 'lost', -1, context.tree, `The script ${context.script} left no outcome.`)
              return finished(context, outcome.reason, outcome.exit_code, outcome.tree, observe(context.script, outcome, read))
            },
          },
        },
        'effect.failed': {
          target: 'done',
          actions: {
            type: 'send',
            params: ({ context, event: { data } }) => finished(context, data.error?.code === 'cancelled' ? 'cancelled' : 'lost', -1, context.tree, `${context.script} was not run: ${data.error?.message ?? 'no reason was given'}`),
          },
        },
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
