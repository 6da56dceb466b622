import { assign, setup } from 'xstate'
import { violation } from '../protocol.ts'
import type { MachineInput, Message, Received } from '../protocol.ts'
import type { ActorLogic } from '../logic.ts'
import { briefing } from './briefing.ts'
import { begin, initialContext, stored } from './context.ts'
import type { Context } from './context.ts'
import { budgetReached, cancelled, faulted, finished, gaveUp, grading, isAbandoned, outOfBudget, outOfSteps, outOfTime, stepsUsed, used, withoutFaulted } from './ending.ts'
import { needs } from './judged.ts'
import { isAwaited } from './outcome.ts'
import { cancelOpen } from './pieces.ts'
import { innerAbandoned, noted, stepBegun, turn } from './turn.ts'

interface Args { context: Context; event: Received }

/** 0 is no limit, for time as for steps; the timer is armed all the same, a hundred years from now. */
const NO_LIMIT_MS = 100 * 365 * 86_400_000

/** What an event leads to: what is said, then the context that follows from it. */
const take = [
  { type: 'sendAll' as const, params: ({ context, event }: Args) => ({ messages: turn(context, event).messages }) },
  assign<Context, Received, undefined, Received, never>(({ context, event }) => turn(context, event).context),
]

/** Who cannot go on is not waited for; what it had begun is closed in the record. */
const abandon = [
  { type: 'sendAll' as const, params: ({ context, event }: Args) => ({ messages: event.type === 'actor.faulted' && isAbandoned(context, event) ? innerAbandoned(context) : [] }) },
  assign<Context, Received, undefined, Received, never>(({ context, event }) => (event.type === 'actor.faulted' ? withoutFaulted(context, event) : {})),
]

/**
 * What is allowed and what it means: every action of the agent passes here, is judged, carried out piece by piece by effects and
 * other actors, and answered with one observation. Limits, cancellation and the end of the run are decided here too.
 */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: {
    send: (_args, _message: Message) => {},
    sendAll: (_args, _params: { messages: Message[] }) => {},
  },
  delays: { maxTime: ({ context }: { context: Context }) => (context.limits.maxTimeMs > 0 ? context.limits.maxTimeMs : NO_LIMIT_MS) },
  guards: {
    submits: ({ context, event }: Args) => turn(context, event).context.ending !== null,
    opens: ({ context, event }: Args) => turn(context, event).context.current !== null,
    awaited: ({ context, event }: Args) => isAwaited(context, event),
    opensNext: ({ context, event }: Args) => isAwaited(context, event) && turn(context, event).context.current !== null,
    overBudget: ({ context, event }: Args) => budgetReached(context, event) !== undefined,
    stepsUsed: ({ context }: Args) => stepsUsed(context),
    idle: ({ context }: Args) => context.current === null,
    ungraded: ({ context }: Args) => context.ending?.status === 'cancelled' || context.gradings.lost,
    allGraded: ({ context }: Args) => context.gradings.open === 0,
  },
}).createMachine({
  id: 'environment',
  context: initialContext(),
  initial: 'waiting',
  on: {
    // Whatever the run is about, from its beginning to its end.
    'score.recorded': { actions: assign({ gradings: ({ context: { gradings } }) => ({ ...gradings, open: Math.max(0, gradings.open - 1) }) }) },
    'usage.recorded': { actions: assign({ usage: ({ context, event }) => used(context, event) }) },
    'log.noted': { actions: assign({ log: ({ context, event }) => (event.data.note?.ref === undefined ? context.log : noted(context, stored(event.data.note), event.data.step)) }) },
    '*': { actions: { type: 'send', params: ({ event }) => violation('environment', event, 'environment') } },
  },
  states: {
    waiting: {
      on: {
        'run.started': { target: 'running', actions: [assign(({ event }) => begin(event)), { type: 'send', params: ({ event }) => briefing(event) }] },
        // There is no run yet that anything else could be about.
        '*': { actions: { type: 'send', params: ({ event }) => violation('environment', event, 'environment') } },
      },
    },

    running: {
      initial: 'ready',
      after: { maxTime: { target: 'draining', actions: assign({ ending: () => outOfTime() }) } },
      on: {
        'run.cancel_requested': { target: 'draining', actions: assign({ ending: ({ event }) => cancelled(event) }) },
        'agent.gave_up': { target: 'draining', actions: assign({ ending: ({ event }) => gaveUp(event) }) },
        'usage.recorded': [
          { guard: 'overBudget', target: 'draining', actions: assign(({ context, event }) => ({ ending: outOfBudget(context, event), usage: used(context, event) })) },
          { actions: assign({ usage: ({ context, event }) => used(context, event) }) },
        ],
        'actor.faulted': { target: 'draining', actions: [...abandon, assign({ ending: ({ event }) => faulted(event) })] },
      },
      states: {
        ready: {
          on: {
            'action.requested': [
              { guard: 'submits', target: '#environment.grading', actions: take },
              { guard: 'opens', target: 'busy', actions: take },
              // Over at once: refused, or nothing that anybody else had to do. A step all the same, told to the agent.
              { target: 'told', actions: take },
            ],
          },
        },
        busy: {
          on: Object.fromEntries((['effect.succeeded', 'effect.failed', 'execution.finished', 'tool.answered'] as const).map((type) => [type, [
            { guard: 'opensNext' as const, actions: take },
            { guard: 'awaited' as const, target: 'told', actions: take },
          ]])),
        },
        told: {
          always: [
            { guard: 'stepsUsed', target: '#environment.grading', actions: assign({ ending: () => outOfSteps() }) },
            { target: 'ready' },
          ],
        },
      },
    },

    /** The run is ending while an action may still be under way: its end is waited for, so that nothing outlives the run. */
    draining: {
      entry: { type: 'sendAll', params: ({ context }) => ({ messages: cancelOpen(context) }) },
      always: [{ guard: 'idle', target: 'closing' }],
      on: {
        ...Object.fromEntries((['effect.succeeded', 'effect.failed', 'execution.finished', 'tool.answered'] as const).map((type) => [type, { guard: 'awaited' as const, target: 'closing', actions: take }])),
        'action.requested': { actions: { type: 'send', params: ({ context, event }) => stepBegun(context, event, 'run_over') } },
        'run.cancel_requested': { actions: assign({ ending: ({ event }) => cancelled(event) }) },
        'agent.gave_up': {},
        'actor.faulted': { actions: abandon },
      },
    },

    closing: { always: [{ guard: 'ungraded', target: 'settling' }, { target: 'grading' }] },

    grading: {
      entry: [
        assign({ gradings: ({ context: { gradings } }) => ({ ...gradings, asked: gradings.asked + 1, open: gradings.open + 1 }) }),
        { type: 'send', params: ({ context }) => grading(context, context.gradings.asked, true) },
      ],
      always: { target: 'settling' },
    },

    settling: {
      always: { guard: 'allGraded', target: 'finished' },
      on: {
        'action.requested': { actions: { type: 'send', params: ({ context, event }) => stepBegun(context, event, 'run_over') } },
        'actor.faulted': { actions: assign(({ context, event }) => ({ ...withoutFaulted(context, event), ending: event.data.actor === 'evaluator' ? faulted(event) : context.ending })) },
        'run.cancel_requested': {},
        'agent.gave_up': {},
      },
    },

    finished: { type: 'final', entry: { type: 'send', params: ({ context }) => finished(context) } },
  },
})

export const environment: ActorLogic = { module: 'environment', machine, needs: (context, event) => needs(context as unknown as Context, event) }
