import { assign, setup } from 'xstate'
import { violation } from '../../protocol.ts'
import type { MachineInput, Message, Received } from '../../protocol.ts'
import type { ActorLogic } from '../../logic.ts'
import {
  askForReview, askForSolution, begin, done, enoughRoom, gaveUp, gaveUpUnreadable, initialContext, isFatal, listFiles, noteFiles, noteStarter, noteWritten, readStarter, recordFailure, recordNode, retried, runScript, solutionOf,
  startOver, submit, takeSolution, writeScript,
} from './search.ts'
import type { Context } from './search.ts'

interface Args { context: Context; event: Received }
const to = (make: (context: Context, event: Received) => Message) => ({ type: 'send' as const, params: ({ context, event }: Args) => make(context, event) })
const over = { guard: 'over' as const, target: '#tree-search.done' }

/**
 * Tries whole solutions: draft, run, judge, then repair or improve, each from the tree of the solution it begins from. The workspace is a
 * value, so a branch costs nothing and leaves no traces in another; the best solution's tree is what is handed in.
 */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
  guards: {
    over: ({ event }: Args) => event.type === 'observation.delivered' && event.data.final,
    ok: ({ event }: Args) => event.type === 'observation.delivered' && event.data.ok,
    enoughRoom: ({ context }: Args) => enoughRoom(context),
    fatal: ({ event }: Args) => isFatal(event),
    readable: ({ event }: Args) => solutionOf(event).ok,
    mayAskAgain: ({ context }: Args) => context.retries < context.config.max_retries,
    startedOverTooOften: ({ context }: Args) => context.barren >= 3,
  },
}).createMachine({
  id: 'tree-search',
  context: initialContext(),
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ event }) => violation('agent', event, 'tree-search') } } },
  states: {
    waiting: { on: { 'agent.briefed': { target: 'listing', actions: [assign(({ event }) => begin(event)), to(listFiles)] } } },
    listing: { on: { 'observation.delivered': [over, { target: 'reading', actions: [assign(({ context, event }) => noteFiles(context, event)), to(readStarter)] }] } },
    reading: { on: { 'observation.delivered': [over, { target: 'choosing', actions: assign(({ context, event }) => noteStarter(context, event)) }] } },

    choosing: {
      always: [
        { guard: 'enoughRoom', target: 'proposing', actions: [assign(({ context }) => startOver(context)), { type: 'send', params: ({ context }) => askForSolution(context) }] },
        { target: 'submitting' },
      ],
    },
    proposing: {
      on: {
        'completion.delivered': [
          { guard: 'fatal', target: 'done', actions: to(gaveUp) },
          { guard: 'readable', target: 'writing', actions: [assign(({ context, event }) => takeSolution(context, event)), to(writeScript)] },
          { guard: 'mayAskAgain', actions: [assign(({ context, event }) => retried(context, event)), { type: 'send', params: ({ context }) => askForSolution(context) }] },
          { guard: 'startedOverTooOften', target: 'done', actions: { type: 'send', params: () => gaveUpUnreadable() } },
          { target: 'choosing', actions: assign(({ context }) => ({ ...context, call: context.call + 1, barren: context.barren + 1, choice: null })) },
        ],
      },
    },
    writing: {
      on: {
        'observation.delivered': [
          over,
          { guard: 'ok', target: 'running', actions: [assign(({ context, event }) => noteWritten(context, event)), to(runScript)] },
          // The script could not even be written: a solution that failed, with the reason as its output.
          { target: 'choosing', actions: assign(({ context, event }) => recordFailure(context, event)) },
        ],
      },
    },
    running: { on: { 'observation.delivered': [over, { target: 'reviewing', actions: [assign(({ context, event }) => noteWritten(context, event)), to(askForReview)] }] } },
    reviewing: {
      on: {
        'completion.delivered': [
          { guard: 'fatal', target: 'done', actions: to(gaveUp) },
          { target: 'choosing', actions: assign(({ context, event }) => recordNode(context, event)) },
        ],
      },
    },
    submitting: {
      entry: { type: 'send', params: ({ context }) => submit(context) },
      exit: assign(({ context }) => done(context)),
      on: { 'observation.delivered': 'done' },
    },
    done: { type: 'final' },
  },
})

export const treeSearch: ActorLogic = { module: 'agent/tree-search', machine }
