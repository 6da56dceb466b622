import { settingsFor } from '../../../schemas/completion.ts'
import { instanceOf, listAfter, text } from '../../protocol.ts'
import type { Message, TextValue } from '../../protocol.ts'
import { correction, fewStepsLeft, segment } from '../prompt/index.ts'
import type { Segment } from '../prompt/index.ts'
import type { Context, PastStep } from './context.ts'
import { planIn, readText } from './reading.ts'
import type { Style } from './style.ts'

/** What stands where an observation was that the window no longer shows. */
export const ELIDED = '[This observation is no longer shown.]'

/** The next completion: what never changes, what memory says, the last steps, and the question. */
export function ask(context: Context, style: Style, read: Readonly<Record<string, string>>): Message {
  const { refused, config, call, asked, llm } = context
  const memory = [...planSegments(context, style, read), ...retrievedSegments(context)]
  const question = refused?.correction ?? questionOf(context, style)
  const failed = refused?.reply === null || refused === null ? [] : [segment('assistant', refused.reply)]
  return {
    type: 'completion.requested', to: instanceOf('llm-tool', 'agent', call),
    data: {
      call, role: 'model', nth: asked - 1, ...settingsFor(llm, 'model', config.stop_at_observation ? { stop: ['\nObservation:'] } : {}),
      base: listAfter(context.opening, ...memory, ...windowSegments(context), ...failed), ...(question === null ? {} : { appended: question }),
    },
  }
}

/** The plan, when the reply that holds it has left the window. */
function planSegments({ plan, ...context }: Context, style: Style, read: Readonly<Record<string, string>>): Segment[] {
  if (plan === null || style.plan === undefined || !planIsHidden({ ...context, plan })) return []
  const carried = planIn(readText(plan.reply, read), { ...context, plan }, style.plan)
  return carried === '' ? [] : [segment('user', `Your ${style.plan} as of step ${plan.step}:\n${carried}`, { keep: true })]
}

export const planIsHidden = ({ plan, window, current }: Context): boolean => plan !== null && current?.step !== plan.step && !window.some(({ step }) => step === plan.step)

const retrievedSegments = ({ retrieved }: Context): Segment[] =>
  (retrieved === null ? [] : [segment('user', 'From your research log, what matters now of the steps that you no longer see:', { keep: true }), segment('user', retrieved, { keep: true })])

/** The last steps, each as the reply and what was observed. Replies and observations go by the hashes they have. */
export function windowSegments({ window, config }: Context): Segment[] {
  const shown = window.length - config.max_observation_steps_in_context
  return window.flatMap(({ reply, observation, remark }: PastStep, index): Segment[] => [
    segment('assistant', reply), segment('user', index < shown ? ELIDED : observation, { lead: 'Observation:' }), ...(remark === null ? [] : [segment('user', remark)]),
  ])
}

/** What is asked beside the last observation: to begin, and near the end how much is left. Otherwise nothing, which is the cheapest question. */
function questionOf({ steps, maxSteps, config }: Context, { beginning }: Style): TextValue | null {
  const left = config.tell_steps ? fewStepsLeft(maxSteps, steps) : ''
  const words = [...(steps === 0 ? [beginning] : []), ...(left === '' ? [] : [left])].join(' ')
  return words === '' ? null : text(words)
}

/** Asks again, saying what was wrong. */
export const correctionOf = (problem: string, { entries }: Context) => text(correction(problem, [...entries, 'Action', 'Action Input']))
