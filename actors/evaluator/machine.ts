import { assign, setup } from 'xstate'
import type { Failure, GradingOutcome, Score, TaskGrading } from '../../schemas/generated/events.ts'
import { violation } from '../protocol.ts'
import type { MachineInput, Message, Received, ReceivedOf } from '../protocol.ts'
import type { ActorLogic } from '../logic.ts'
import { judge } from './judge.ts'

interface Pending { step: number; final: boolean; tree: string; grading: TaskGrading }
interface Context { open: Record<string, Pending> }

const scoreOf = (pending: Pending, outcome: GradingOutcome): Score => {
  const { metric, higher_is_better } = pending.grading
  const { baseline_deviation, baseline_runs } = outcome
  return {
    metric, value: outcome.value, higher_is_better, baseline: outcome.baseline, ...judge(outcome, pending.grading), tree: pending.tree, details: outcome.details, paper: outcome.paper,
    // Absent in outcomes of the first version, and then in its scores.
    ...(baseline_deviation === undefined ? {} : { baseline_deviation }), ...(baseline_runs === undefined ? {} : { baseline_runs }),
  }
}

const recorded = (context: Context, call: number, result: { score: Score } | { error: Failure }): Message => {
  const pending = context.open[String(call)]
  return { type: 'score.recorded', to: 'environment', data: { call, step: pending?.step ?? 0, final: pending?.final ?? false, ...result } }
}

const answer = (context: Context, event: ReceivedOf<'effect.succeeded'>): Message => {
  const { call, grading } = event.data
  const pending = context.open[String(call)]
  if (pending === undefined || grading === undefined) return violation('evaluator', event, 'evaluator')
  if (grading.graded) return recorded(context, call, { score: scoreOf(pending, grading) })
  return recorded(context, call, { error: { source: 'agent', code: grading.code, message: grading.message } })
}

const without = (open: Record<string, Pending>, call: number): Record<string, Pending> => Object.fromEntries(Object.entries(open).filter(([key]) => key !== String(call)))

/** Grades trees: asks for the task's evaluator to be run, and judges its number against the baseline. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
}).createMachine({
  id: 'evaluator',
  context: { open: {} },
  on: {
    'grading.requested': {
      actions: [
        assign({
          open: ({ context, event: { data } }) => ({
            ...context.open,
            [String(data.call)]: { step: data.step, final: data.final, tree: data.tree, grading: data.grading ?? { metric: '', higher_is_better: false, success_improvement: 0, at_every_step: false, evaluator: '' } },
          }),
        }),
        {
          type: 'send',
          params: ({ event: { data } }) => ({
            type: 'effect.requested' as const, to: 'runner',
            data: {
              kind: 'grading', call: data.call, max_attempts: 5, retry_of: '',
              grading: { task: data.task, profile: data.profile, tree: data.tree, layers: data.layers, evaluator: data.grading?.evaluator ?? '', seed: data.call, python_key: data.python_key, ...(data.grading?.services === undefined ? {} : { services: data.grading.services }) },
            },
          }),
        },
      ],
    },
    'effect.succeeded': {
      actions: [{ type: 'send', params: ({ context, event }) => answer(context, event) }, assign({ open: ({ context, event }) => without(context.open, event.data.call) })],
    },
    'effect.failed': {
      actions: [
        { type: 'send', params: ({ context, event: { data } }) => recorded(context, data.call, { error: data.error ?? { source: 'system', code: 'unknown', message: 'the grader failed' } }) },
        assign({ open: ({ context, event }) => without(context.open, event.data.call) }),
      ],
    },
    '*': { actions: { type: 'send', params: ({ event }) => violation('evaluator', event, 'evaluator') } },
  },
})

export const evaluator: ActorLogic = { module: 'evaluator', machine }
