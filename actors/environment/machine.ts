import { assign, setup } from 'xstate'
import { violation } from '../protocol.ts'
import type { MachineInput, Message, Received } from '../protocol.ts'
import type { ActorLogic } from '../logic.ts'
import {
  after, begin, begun, briefing, cancelExecution, cancelled, execution, faulted, fileEffect, finished, grading, initialContext, isAction, outOfSteps, outOfTime, stepsUsed, submission, takeStep, told, withoutFaulted,
} from './state.ts'
import type { Context } from './state.ts'

interface Args { context: Context; event: Received }

/** 0 is no limit, for time as for steps; the timer is armed all the same, a hundred years from now. */
const NO_LIMIT_MS = 100 * 365 * 86_400_000

/** Ends a step: what is said, then the context that follows from it. */
const tell = (ending: boolean) => [
  { type: 'sendAll' as const, params: ({ context, event }: Args) => ({ messages: told(context, event, ending || stepsUsed(context)) }) },
  assign<Context, Received, undefined, Received, never>(({ context, event }) => ({ ...after(context, event), current: null })),
]

/**
 * What is allowed and what it means: every action of the agent passes here, is judged, carried out as an effect or by another
 * actor, and answered with one observation. Limits, cancellation and the end of the run are decided here too.
 */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: {
    send: (_args, _message: Message) => {},
    sendAll: (_args, _params: { messages: Message[] }) => {},
  },
  delays: { maxTime: ({ context }: { context: Context }) => (context.limits.maxTimeMs > 0 ? context.limits.maxTimeMs : NO_LIMIT_MS) },
  guards: {
    isFile: ({ context, event }: Args) => isAction(context, event, 'file'),
    isScript: ({ context, event }: Args) => isAction(context, event, 'script'),
    isFinal: ({ context, event }: Args) => isAction(context, event, 'final'),
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
    'score.recorded': { actions: assign({ gradings: ({ context: { gradings } }) => ({ ...gradings, open: Math.max(0, gradings.open - 1) }) }) },
    '*': { actions: { type: 'send', params: ({ event }) => violation('environment', event, 'environment') } },
  },
  states: {
    waiting: {
      on: { 'run.started': { target: 'running', actions: [assign(({ event }) => begin(event)), { type: 'send', params: ({ event }) => briefing(event) }] } },
    },

    running: {
      initial: 'ready',
      after: { maxTime: { target: 'draining', actions: assign({ ending: () => outOfTime() }) } },
      on: {
        'run.cancel_requested': { target: 'draining', actions: assign({ ending: ({ event }) => cancelled(event) }) },
        'actor.faulted': { target: 'draining', actions: assign(({ context, event }) => ({ ...withoutFaulted(context, event), ending: faulted(event) })) },
      },
      states: {
        ready: {
          on: {
            'action.requested': [
              {
                guard: 'isFile', target: 'acting',
                actions: [
                  assign(({ context, event }) => takeStep(context, event, 'file')),
                  { type: 'sendAll', params: ({ context, event }: Args) => ({ messages: [begun(context, event), fileEffect(context, event)] }) },
                ],
              },
              {
                guard: 'isScript', target: 'executing',
                actions: [
                  assign(({ context, event }) => takeStep(context, event, 'script')),
                  { type: 'sendAll', params: ({ context, event }: Args) => ({ messages: [begun(context, event), execution(context)] }) },
                ],
              },
              {
                guard: 'isFinal', target: '#environment.grading',
                actions: [
                  assign(({ context, event }) => ({ ...takeStep(context, event, 'nothing'), ending: submission(context, event) })),
                  { type: 'send', params: ({ context, event }: Args) => begun(context, event) },
                ],
              },
              {
                // Refused: a step all the same, told to the agent, and nothing was done.
                target: 'told',
                actions: [
                  assign(({ context, event }) => takeStep(context, event, 'nothing')),
                  { type: 'send', params: ({ context, event }: Args) => begun(context, event) },
                  ...tell(false),
                ],
              },
            ],
          },
        },
        acting: { on: { 'effect.succeeded': { target: 'told', actions: tell(false) }, 'effect.failed': { target: 'told', actions: tell(false) } } },
        executing: { on: { 'execution.finished': { target: 'told', actions: tell(false) } } },
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
      entry: { type: 'sendAll', params: ({ context }) => ({ messages: cancelExecution(context) }) },
      always: [{ guard: 'idle', target: 'closing' }],
      on: {
        'effect.succeeded': { target: 'closing', actions: tell(true) },
        'effect.failed': { target: 'closing', actions: tell(true) },
        'execution.finished': { target: 'closing', actions: tell(true) },
        'action.requested': { actions: { type: 'send', params: ({ context, event }) => begun(context, event, 'run_over') } },
        'run.cancel_requested': { actions: assign({ ending: ({ event }) => cancelled(event) }) },
        'actor.faulted': { actions: assign(({ context, event }) => withoutFaulted(context, event)) },
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
        'action.requested': { actions: { type: 'send', params: ({ context, event }) => begun(context, event, 'run_over') } },
        'actor.faulted': { actions: assign(({ context, event }) => ({ ...withoutFaulted(context, event), ending: event.data.actor === 'evaluator' ? faulted(event) : context.ending })) },
        'run.cancel_requested': {},
      },
    },

    finished: { type: 'final', entry: { type: 'send', params: ({ context }) => finished(context) } },
  },
})

export const environment: ActorLogic = { module: 'environment', machine }
