import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { isFatal, settingsFor } from '../../../schemas/completion.ts'
import type { Failure } from '../../../schemas/generated/events.ts'
import { instanceOf, listAfter, text, textOf } from '../../protocol.ts'
import type { ListValue, Message, Received, ReceivedOf, TextValue } from '../../protocol.ts'
import { named, readSpecs, segment } from '../prompt/index.ts'
import { autogptConfig } from './config.ts'
import type { AutogptConfig } from './config.ts'
import { SUMMARISE, beginning, correction, folded, memory, past, question, summarising } from './prompts.ts'
import { readCommand } from './read-command.ts'
import type { Command } from './read-command.ts'

/** A step in sight, by the hashes of what was said and what came of it. */
interface Past { step: number; action: string; reply: TextValue; result: TextValue }

/** All that the agent keeps. */
export interface Context {
  config: AutogptConfig
  llm: string
  actions: string[]
  maxSteps: number
  call: number
  asked: number
  tools: number
  steps: number
  opening: ListValue | null
  /** beginning of every request for a summary */
  summariser: ListValue | null
  /** the prompt so far: opening, running summary, the steps in sight */
  history: ListValue | null
  summary: TextValue | null
  /** the steps in sight, oldest first */
  window: Past[]
  /** the step under way */
  current: { action: string; reply: TextValue } | null
  /** the last reply that could not be used, and how many there were in a row */
  refused: { reply: TextValue | null; sentence: string; count: number } | null
  /** steps in a row that such replies cost */
  invalid: number
}

export const initialContext = (): Context => ({
  config: autogptConfig.parse({}), llm: '{}', actions: [], maxSteps: 0, call: 0, asked: 0, tools: 0, steps: 0, opening: null, summariser: null, history: null, summary: null, window: [], current: null, refused: null, invalid: 0,
})

type Briefed = ReceivedOf<'agent.briefed'>
type Delivered = ReceivedOf<'completion.delivered'>

export function begin({ data }: Briefed): Context {
  const config = autogptConfig.parse(JSON.parse(data.config))
  const specs = textOf(data.specs)
  const opening = beginning(specs, data.problem ?? text(''), config.goals)
  return { ...initialContext(), config: { ...config, goals: [] }, llm: data.llm ?? '{}', actions: readSpecs(specs).map(({ name }) => name), maxSteps: data.limits?.max_steps ?? 0, opening, summariser: summarising(), history: opening }
}

export const counted = (context: Context, counter?: 'asked' | 'tools'): Context => ({ ...context, call: context.call + 1, ...(counter === undefined ? {} : { [counter]: context[counter] + 1 }) })

export function ask({ call, asked, llm, history, refused, maxSteps, steps }: Context): Message {
  const again = refused === null ? [] : [...(refused.reply === null ? [] : [segment('assistant', refused.reply)]), segment('user', correction(refused.sentence), { keep: true })]
  return {
    type: 'completion.requested', to: instanceOf('llm-tool', 'agent', call),
    data: { call, role: 'model', base: again.length === 0 ? (history ?? {}) : listAfter(history, ...again), appended: text(question(maxSteps === 0 ? null : maxSteps - steps)), ...settingsFor(llm, 'model'), nth: asked - 1 },
  }
}

const commands = new WeakMap<Received, Command>()

/** What a reply amounts to; one that was refused or filtered is no command. */
export function commandOf({ actions }: Context, event: Delivered): Command {
  const known = commands.get(event)
  if (known !== undefined) return known
  const { ok, error, reply, stop_reason } = event.data
  const read: Command = ok ? readCommand(textOf(reply), actions, stop_reason === 'length') : { ok: false, sentence: error?.code === 'content_filter' ? 'the provider filtered it out' : 'it was a refusal' }
  commands.set(event, read)
  return read
}

export const isUsable = (context: Context, event: Delivered): boolean => commandOf(context, event).ok
export const isHopeless = ({ data }: Delivered): boolean => !data.ok && isFatal(data.error?.code ?? 'unknown')

/** Characters of an unusable reply that the prompt and the record of its step keep. */
const TAIL = 2000
const said = ({ data }: Delivered): string => textOf(data.reply)
const replyOf = (event: Delivered, whole: boolean): TextValue => {
  if (said(event).trim() === '') return text('(an empty reply)')
  return whole || said(event).length <= TAIL ? named(event.data.reply ?? {}) : text(said(event).slice(-TAIL))
}

export function refuse(context: Context, event: Delivered): Context {
  const command = commandOf(context, event)
  return { ...context, refused: { reply: said(event).trim() === '' ? null : replyOf(event, false), sentence: command.ok ? '' : command.sentence.slice(0, 500), count: (context.refused?.count ?? 0) + 1 } }
}

/** The command of a reply, with the reply itself as its thought, by the hash that it has. Of one that has none its end, under no name: the environment refuses that, which costs a step. */
export function act(context: Context, event: Delivered): Message {
  const command = commandOf(context, event)
  const [name, args, thought] = command.ok ? [command.name, canonicalJson(command.args), command.thought] : ['', said(event).slice(-TAIL), '']
  return { type: 'action.requested', to: 'environment', data: { call: context.call, name, arguments: text(args), base: '', ...(thought === '' ? {} : { thought: replyOf(event, true) }) } }
}

export function acted(context: Context, event: Delivered): Context {
  const command = commandOf(context, event)
  return { ...context, refused: null, invalid: command.ok ? 0 : context.invalid + 1, current: { action: command.ok ? command.name : '', reply: replyOf(event, command.ok) } }
}

const clip = (words: string, limit: number): string => {
  const half = Math.floor(limit / 2)
  return words.length <= limit ? words : `${words.slice(0, half)}\n[... ${words.length - 2 * half} characters left out ...]\n${words.slice(words.length - half)}`
}

/** The step joins those in sight. A long result shows its beginning and its end. */
export function observe(context: Context, { data }: ReceivedOf<'observation.delivered'>): Context {
  const { current, config } = context
  const words = textOf(data.observation)
  const result = words.trim() === '' ? text('(nothing)') : words.length <= config.observation_limit ? named(data.observation ?? {}) : text(clip(words, config.observation_limit))
  const step: Past = { step: data.step, action: current?.action ?? '', reply: current?.reply ?? text(''), result }
  return { ...context, current: null, steps: data.step, window: [...context.window, step], history: listAfter(context.history, ...past(step.reply, step.action, step.result)) }
}

// ---- the running summary ----

const oldest = ({ window, config }: Pick<Context, 'window' | 'config'>): Past[] => window.slice(0, window.length - config.steps_in_context)
export const isFull = ({ window, config }: Context): boolean => window.length >= 2 * config.steps_in_context

/** Asks for one summary of the steps that leave the agent's sight and of the summary before them: costs tokens, no step. */
export function summarise({ call, tools, llm, summary, summariser, ...rest }: Context): Message {
  const { window, config } = rest
  return {
    type: 'completion.requested', to: instanceOf('llm-tool', 'agent', call),
    data: { call, role: 'fast', base: listAfter(summariser, ...folded(summary, oldest({ window, config }))), appended: text(SUMMARISE), ...settingsFor(llm, 'fast'), nth: tools - 1 },
  }
}

/** Characters of a summary that stands in for one that could not be made. */
const SHORT = 8000

/** The new summary in the place of the oldest steps. Where none was made, the old one stays and says what it lacks. */
export function summarised(context: Context, { data, read }: ReceivedOf<'completion.delivered'>): Context {
  const gone = oldest(context)
  const window = context.window.slice(gone.length)
  const answer = textOf(data.reply).trim()
  const old = context.summary === null ? '' : `${context.summary.text ?? read[context.summary.ref ?? ''] ?? ''}\n`
  const summary = data.ok && answer !== '' ? named(data.reply ?? {}) : text(clip(`${old}[Of the steps ${gone[0]?.step ?? 0} to ${gone.at(-1)?.step ?? 0} there is no summary.]`, SHORT))
  const history = listAfter(context.opening, ...memory(summary), ...window.flatMap(({ reply, action, result }) => past(reply, action, result)))
  return { ...context, window, summary, history }
}

/** The summary before, where the next one could not be made. */
export const needs = ({ summary }: Context, event: Received): string[] => (event.type === 'completion.delivered' && !event.data.ok && summary?.ref !== undefined ? [summary.ref] : [])

export const gaveUp = (error: Failure): Message => ({ type: 'agent.gave_up', to: 'environment', data: { error } })
export const NO_MODEL: Failure = { source: 'user', code: 'no_model', message: 'the agent "autogpt" asks a model, and this run has none; say --model PROVIDER/MODEL' }
export const noValidReply = ({ invalid, config }: Context): Failure =>
  ({ source: 'agent', code: 'no_valid_reply', message: `${invalid + 1} times in a row the model gave no reply with a command, each time asked ${config.max_retries + 1} times` })
