import type { Failure } from '../../schemas/generated/events.ts'
import { text } from '../protocol.ts'
import type { Message, Received, ReceivedOf } from '../protocol.ts'
import type { Context, Ending } from './context.ts'

export const stepsUsed = ({ limits, step }: Context): boolean => limits.maxSteps > 0 && step >= limits.maxSteps

/** A step's tree is graded when the task asks for it and the step changed something. */
export const gradesStep = ({ gradings, task, current, head }: Context): boolean => !gradings.lost && task.grading.at_every_step && current !== null && head !== current.tree

export const grading = ({ task, head, step }: Context, call: number, final: boolean): Message => ({
  type: 'grading.requested', to: 'evaluator',
  data: { call, task: task.name, profile: task.profile, tree: head, layers: task.layers, grading: task.grading, step, final, python_key: task.pythonKey },
})

/** What the models of the run have used, this record included. */
export const used = ({ usage }: Context, event: Received): Context['usage'] => {
  if (event.type !== 'usage.recorded') return usage
  const { input_tokens, output_tokens, cost_usd } = event.data
  return { ...usage, tokens: usage.tokens + input_tokens + output_tokens, costUsd: usage.costUsd + cost_usd }
}

/** Which limit this use reaches, if any. Every attempt counts, whoever made it. */
export function budgetReached(context: Context, event: Received): 'max_tokens' | 'max_cost' | undefined {
  const { tokens, costUsd } = used(context, event)
  const { maxTokens, maxCostUsd } = context.limits
  if (maxTokens > 0 && tokens >= maxTokens) return 'max_tokens'
  return maxCostUsd > 0 && costUsd >= maxCostUsd ? 'max_cost' : undefined
}

export const submission = (args: Record<string, unknown>): Ending => ({ status: 'finished', failure: null, answer: text(String(args['final_answer'] ?? '')) })

const stopped = (status: string, source: string, code: string, message: string): Ending => ({ status, failure: { source, code, message }, answer: null })
export const outOfSteps = (): Ending => stopped('limit-reached', 'user', 'max_steps', 'the run used all its steps')
export const outOfTime = (): Ending => stopped('limit-reached', 'user', 'max_time', 'the run reached its time limit')
export const outOfBudget = (context: Context, event: Received): Ending =>
  budgetReached(context, event) === 'max_cost' ? stopped('limit-reached', 'user', 'max_cost', 'the run\'s models cost as much as they may') : stopped('limit-reached', 'user', 'max_tokens', 'the run\'s models used as many tokens as they may')
export const cancelled = (event: Received): Ending => stopped('cancelled', 'user', 'cancelled', (event.type === 'run.cancel_requested' ? event.data.reason : '') || 'cancelled by the user')
export const gaveUp = ({ data }: ReceivedOf<'agent.gave_up'>): Ending => {
  const { source = 'agent', code = 'gave_up', message = 'no reason was given' }: Partial<Failure> = data.error ?? {}
  return stopped('failed', source, code, message)
}
export const faulted = (event: Received): Ending => {
  const { actor = 'an actor', message = '' } = event.type === 'actor.faulted' ? event.data : {}
  return stopped('failed', actor === 'agent' ? 'agent' : 'system', 'actor_faulted', `${actor} cannot go on: ${message}`)
}

/** True when nobody will answer what the present action waits for. */
export const isAbandoned = ({ current }: Context, { data }: ReceivedOf<'actor.faulted'>): boolean => current !== null && current.waits !== '' && (data.actor === current.waits || data.actor.startsWith(`${current.waits}/`))

/** Who cannot go on is not waited for: neither for what it did nor for a score. */
export const withoutFaulted = (context: Context, event: ReceivedOf<'actor.faulted'>): Pick<Context, 'current' | 'gradings'> => ({
  current: isAbandoned(context, event) ? null : context.current,
  gradings: event.data.actor === 'evaluator' ? { ...context.gradings, open: 0, lost: true } : context.gradings,
})

export const finished = ({ ending, head, step }: Context): Message => ({
  type: 'run.finished', to: '',
  data: {
    status: ending?.status ?? 'failed', tree: head, steps: step,
    ...(ending?.failure ? { error: ending.failure } : {}), ...(ending?.answer ? { answer: ending.answer } : {}),
  },
})
