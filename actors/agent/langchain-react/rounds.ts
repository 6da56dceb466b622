import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { isFatal, settingsFor } from '../../../schemas/completion.ts'
import type { Failure } from '../../../schemas/generated/events.ts'
import { instanceOf, listAfter, text, textOf } from '../../protocol.ts'
import type { ListValue, Message, Received, ReceivedOf, TextValue } from '../../protocol.ts'
import { named, readSpecs } from '../prompt/index.ts'
import { langchainReactConfig } from './config.ts'
import type { LangchainReactConfig } from './config.ts'
import { CUE, STOP, beginning, round, unreadable } from './prompts.ts'
import { readRound } from './read-round.ts'
import type { Round } from './read-round.ts'

/** All that the agent keeps: the scratchpad grows in the log, not here. */
export interface Context {
  config: LangchainReactConfig
  llm: string
  /** names of the actions there are */
  actions: string[]
  call: number
  asked: number
  /** the prompt so far: problem and tools, then every round in full */
  scratchpad: ListValue | null
  /** the reply whose action is being carried out */
  reply: TextValue | null
  /** replies in a row that could not be read */
  errors: number
  /** steps in a row that such replies cost */
  invalid: number
}

export const initialContext = (): Context => ({ config: langchainReactConfig.parse({}), llm: '{}', actions: [], call: 0, asked: 0, scratchpad: null, reply: null, errors: 0, invalid: 0 })

type Briefed = ReceivedOf<'agent.briefed'>
type Delivered = ReceivedOf<'completion.delivered'>

export function begin({ data }: Briefed): Context {
  const specs = textOf(data.specs)
  return { ...initialContext(), config: langchainReactConfig.parse(JSON.parse(data.config)), llm: data.llm ?? '{}', actions: readSpecs(specs).map(({ name }) => name), scratchpad: beginning(specs, data.problem ?? text('')) }
}

/** Counts a call that is about to be made. */
export const counted = (context: Context, completion: boolean): Context => ({ ...context, call: context.call + 1, asked: context.asked + (completion ? 1 : 0) })

export const ask = ({ call, asked, llm, scratchpad }: Context): Message => ({
  type: 'completion.requested', to: instanceOf('llm-tool', 'agent', call),
  data: { call, role: 'model', base: scratchpad ?? {}, appended: text(CUE), ...settingsFor(llm, 'model', { stop: STOP }), nth: asked - 1 },
})

const rounds = new WeakMap<Received, Round>()

/** What a reply amounts to; one that was refused or filtered cannot be read. */
export function roundOf({ actions }: Context, event: Delivered): Round {
  const known = rounds.get(event)
  if (known !== undefined) return known
  const { ok, error, reply, stop_reason } = event.data
  const read: Round = ok ? readRound(textOf(reply), actions, stop_reason === 'length') : { kind: 'unreadable', sentence: error?.code === 'content_filter' ? 'the provider filtered it out' : 'it was a refusal' }
  rounds.set(event, read)
  return read
}

export const isReadable = (context: Context, event: Delivered): boolean => roundOf(context, event).kind !== 'unreadable'
export const isHopeless = ({ data }: Delivered): boolean => !data.ok && isFatal(data.error?.code ?? 'unknown')
export const isCancelled = ({ data }: Delivered): boolean => data.error?.code === 'cancelled'

/** Characters of an unreadable reply that the scratchpad and the record of its step keep. */
const TAIL = 2000

const replyOf = ({ data }: Delivered, used: string): TextValue => {
  if (used.trim() === '') return text('(an empty reply)')
  return used === textOf(data.reply) ? named(data.reply ?? {}) : text(used)
}

/** A reply that cannot be read is answered within the agent's own loop: it observes what was wrong, and no step is taken. */
export function observeError(context: Context, event: Delivered): Context {
  const read = roundOf(context, event)
  const said = textOf(event.data.reply)
  const sentence = read.kind === 'unreadable' ? read.sentence : ''
  return { ...context, errors: context.errors + 1, scratchpad: listAfter(context.scratchpad, ...round(replyOf(event, said.length > TAIL ? said.slice(-TAIL) : said), text(unreadable(sentence)))) }
}

/** The action of a reply. Of one that cannot be read its end, under no name: the environment refuses that, which costs a step. */
export function act(context: Context, event: Delivered): Message {
  const read = roundOf(context, event)
  const [name, args] = read.kind === 'action' ? [read.name, canonicalJson(read.args)]
    : read.kind === 'final' ? ['Final Answer', canonicalJson({ final_answer: read.answer })] : ['', textOf(event.data.reply).slice(-TAIL)]
  const thought = read.kind === 'unreadable' || read.thought === '' ? undefined : replyOf(event, read.used)
  return { type: 'action.requested', to: 'environment', data: { call: context.call, name, arguments: text(args), base: '', ...(thought === undefined ? {} : { thought }) } }
}

export function acted(context: Context, event: Delivered): Context {
  const read = roundOf(context, event)
  const lost = read.kind === 'unreadable'
  return { ...context, errors: 0, invalid: lost ? context.invalid + 1 : 0, reply: replyOf(event, lost ? textOf(event.data.reply).slice(-TAIL) : read.used) }
}

/** The round is over: it joins the scratchpad in full. */
export const observe = (context: Context, { data }: ReceivedOf<'observation.delivered'>): Context =>
  ({ ...context, reply: null, scratchpad: listAfter(context.scratchpad, ...round(context.reply ?? text(''), shown(data.observation, context.config.observation_limit))) })

function shown(observation: TextValue | undefined, limit: number): TextValue {
  const words = textOf(observation)
  if (words.trim() === '') return text('(nothing)')
  if (limit === 0 || words.length <= limit) return named(observation ?? {})
  const half = Math.floor(limit / 2)
  return text(`${words.slice(0, half)}\n[... ${words.length - 2 * half} characters left out ...]\n${words.slice(words.length - half)}`)
}

export const gaveUp = (error: Failure): Message => ({ type: 'agent.gave_up', to: 'environment', data: { error } })
export const NO_MODEL: Failure = { source: 'user', code: 'no_model', message: 'the agent "langchain-react" asks a model, and this run has none; say --model PROVIDER/MODEL' }
export const noValidReply = ({ invalid, config }: Context): Failure =>
  ({ source: 'agent', code: 'no_valid_reply', message: `${invalid + 1} times in a row the model gave no reply that could be read, each time asked ${config.max_parse_errors + 1} times` })
