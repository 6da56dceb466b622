import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { instanceOf, listAfter, text, textOf } from '../../protocol.ts'
import type { Message, ReceivedOf, TextValue } from '../../protocol.ts'
import { mended, named, opening, readSpecs } from '../prompt/index.ts'
import { textFormatConfig } from './config.ts'
import type { Context, CurrentStep } from './context.ts'
import { correctionOf } from './prompting.ts'
import { planIn, problemOf, readText, readingOf } from './reading.ts'
import { systemText } from './style.ts'
import type { Style } from './style.ts'

type Delivered = ReceivedOf<'completion.delivered'>
type Read = Readonly<Record<string, string>>

/** Characters of an unusable reply that the record of its step keeps. */
const TAIL = 1000
/** Characters of a reply and of an observation that the summary of a step is made from. */
const SUMMARISED = 12_000

/** What an agent knows after its briefing. */
export function begin(style: Style, { data }: ReceivedOf<'agent.briefed'>): Partial<Context> {
  const { entries: chosen, ...config } = textFormatConfig.parse(JSON.parse(data.config))
  const entries = chosen ?? [...style.entries]
  const specs = readSpecs(textOf(data.specs))
  return {
    config, entries: entries.map(({ name }) => name), actions: specs.map(({ name }) => name), llm: data.llm ?? '{}', maxSteps: data.limits?.max_steps ?? 0,
    opening: opening(systemText(style, specs, entries, config.tell_steps ? (data.limits?.max_steps ?? 0) : 0), data.problem ?? text('')),
  }
}

/** The step that a usable reply begins. */
export function takeStep(style: Style, context: Context, event: Delivered): Partial<Context> {
  const reading = readingOf(context, event)
  const step = context.steps + 1
  if (!reading.ok) return { ...next(context, step), invalid: context.invalid + 1, current: { ...nothingYet(step), reply: event.data.reply === undefined ? text('(no reply)') : shown(event) } }
  const reply = countingReply(reading.used, event)
  const remark = mended(reading.repairs)
  return {
    ...next(context, step), invalid: 0,
    current: { ...nothingYet(step), action: reading.action, reply, remark: remark === '' ? null : text(remark) },
    ...(style.plan !== undefined && (reading.entries[style.plan] ?? '') !== '' ? { plan: { step, reply } } : {}),
  }
}
const next = (context: Context, step: number): Partial<Context> => ({ call: context.call + 1, refused: null, steps: step })
const nothingYet = (step: number): CurrentStep => ({ step, reply: {}, observation: {}, remark: null, action: '', long: false })
/** An empty reply stands in a prompt as words: providers take no empty message. */
const shown = ({ data }: Delivered) => (textOf(data.reply).trim() === '' ? text('(an empty reply)') : named(data.reply ?? {}))

/**
 * The action of a reply; without one, the end of the reply under no name: the environment refuses it, which costs the step. Its thought is the reply as far as
 * it counts, by the hash that it has: the same words are not stored twice.
 */
export function act(context: Context, event: Delivered): Message {
  const reading = readingOf(context, event)
  const reply = textOf(event.data.reply)
  const [name, args] = reading.ok ? [reading.action, canonicalJson(reading.args)] : ['', reply.slice(-TAIL)]
  return { type: 'action.requested', to: 'environment', data: { call: context.call, name, arguments: text(args), base: '', ...(reading.ok && reading.thought !== '' ? { thought: countingReply(reading.used, event) } : {}) } }
}
const countingReply = (used: string, { data }: Delivered): TextValue => (used === textOf(data.reply) ? named(data.reply ?? {}) : text(used))

/** A reply that was not used: it is asked for again. */
export const refuse = (context: Context, event: Delivered): Partial<Context> => ({
  refused: {
    reply: !event.data.ok || textOf(event.data.reply).trim() === '' ? null : named(event.data.reply ?? {}), correction: correctionOf(problemOf(context, event), context), count: (context.refused?.count ?? 0) + 1,
  },
})

export const gaveUp = (error: { source: string; code: string; message: string }): Message => ({ type: 'agent.gave_up', to: 'environment', data: { error } })

/** What came of the step under way. The environment counts the steps: its number is the one that holds. */
export function observe({ current, config, plan }: Context, { data }: ReceivedOf<'observation.delivered'>): Partial<Context> {
  if (current === null) return {}
  const long = config.observation_limit > 0 && textOf(data.observation).length > config.observation_limit
  return {
    steps: data.step, current: { ...current, step: data.step, observation: data.observation ?? text(''), long },
    ...(plan !== null && plan.step === current.step ? { plan: { ...plan, step: data.step } } : {}),
  }
}

/** Housekeeping: costs tokens, no step. */
const tool = ({ call, tools, llm }: Context, name: string, args: object, more: Partial<Extract<Message, { type: 'tool.requested' }>['data']>): Message =>
  ({ type: 'tool.requested', to: instanceOf('llm-tool', 'agent', call), data: { call, tool: name, arguments: text(canonicalJson(args)), llm, nth: tools - 1, ...more } })

export const summarise = (context: Context): Message =>
  tool(context, 'summarise', { what: `the observation after the action "${context.current?.action ?? ''}"` }, { document: named(context.current?.observation ?? {}) })

/** The summary takes the observation's place; where there is none, its beginning and its end do. */
export function summarised({ current, config }: Context, { data }: ReceivedOf<'tool.answered'>, read: Read): Partial<Context> {
  if (current === null) return {}
  const observation = readText(current.observation, read)
  const half = Math.floor(config.observation_limit / 2)
  const answer = textOf(data.answer).trim()
  const shorter = data.ok && answer !== ''
    ? `[A summary; the observation has ${observation.length} characters.]\n${answer}`
    : `${observation.slice(0, half)}\n[... ${observation.length - 2 * half} characters are left out here ...]\n${observation.slice(-half)}`
  return { current: { ...current, observation: text(shorter), long: false } }
}

const cut = (value: string): string => (value.length <= SUMMARISED ? value : `${value.slice(0, SUMMARISED / 2)}\n[...]\n${value.slice(-SUMMARISED / 2)}`)

/** Asks for the entry of the research log about the step under way. */
export const summariseStep = (context: Context, read: Read): Message =>
  tool(context, 'summarise_step', {}, { document: text(`${cut(readText(context.current?.reply ?? null, read))}\n\nObservation:\n${cut(readText(context.current?.observation ?? null, read))}`) })

/** The entry that was made; without one, the log says at least what was done. */
const noteOf = ({ current }: Context, { data }: ReceivedOf<'tool.answered'>): string => {
  const answer = textOf(data.answer).trim()
  return data.ok && answer !== '' ? answer : `${current?.action === '' ? 'A reply without an action.' : `Action: ${current?.action ?? ''}.`} No summary was made of this step.`
}
export const noted = (context: Context, event: ReceivedOf<'tool.answered'>): Message =>
  ({ type: 'log.noted', to: 'environment', data: { step: context.steps, note: text(noteOf(context, event)) } })
export const logged = (context: Context, event: ReceivedOf<'tool.answered'>): Partial<Context> =>
  ({ log: listAfter(context.log, { step: context.steps, note: text(noteOf(context, event)) }) })

/** The step under way joins the window, and the oldest leaves it. */
export const remember = ({ current, window, config }: Context): Partial<Context> => {
  if (current === null) return {}
  const { action: _action, long: _long, ...past } = current
  return { current: null, window: [...window, past].slice(-config.max_steps_in_context) }
}

/** Asks the research log for what the window no longer holds, by the plan as it is now. */
export const retrieve = (context: Context, style: Style, read: Read): Message =>
  tool(context, 'retrieve', { current_plan: style.plan === undefined ? '' : planIn(readText(context.plan?.reply ?? null, read), context, style.plan) }, context.log === null ? {} : { log: context.log })

/** A log that could not be asked leaves what was retrieved before. */
export const retrievedText = ({ retrieved }: Context, { data }: ReceivedOf<'tool.answered'>): Partial<Context> =>
  ({ retrieved: data.ok && textOf(data.answer).trim() !== '' ? named(data.answer ?? {}) : retrieved })
