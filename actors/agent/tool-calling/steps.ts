import { isFatal, settingsFor } from '../../../schemas/completion.ts'
import { instanceOf, listAfter, text, textOf } from '../../protocol.ts'
import type { Message, Received, ReceivedOf, TextValue } from '../../protocol.ts'
import { atMostSteps, fewStepsLeft, mended, named, opening, readSpecs, segment, toolSpecs } from '../prompt/index.ts'
import { actionOf, parseCalls, readCalls } from './calls.ts'
import type { Calls } from './calls.ts'
import { toolCallingConfig } from './config.ts'
import type { Context } from './context.ts'
import { addTurn, nodesNeeded, shorten, turnSegments } from './history.ts'

type Delivered = ReceivedOf<'completion.delivered'>
type Observed = ReceivedOf<'observation.delivered'>
type Read = Readonly<Record<string, string>>

const INTRODUCTION = [
  'You are a careful machine-learning researcher. You work alone on the research problem that follows, in a folder of files, by calling the tools that you have. Every reply calls at least one tool; before the call, say in a sentence or two what you expect of it.',
  'Several calls in one reply are carried out in their order, and you see their results together: use that for steps that do not depend on each other.',
  'Measure the starting point before you change it, change one thing at a time, and keep a version that works. State a number only when a result has shown it. You cannot install packages, and there is no network.',
  'When your best version is in place and the files that the problem asks for are there, call final_answer, once.',
].join('\n')

const ASK_AGAIN = 'call one of the tools; to finish, call final_answer'
/** Characters of an unusable reply that the record of its step keeps. */
const TAIL = 1000

export function begin({ data }: ReceivedOf<'agent.briefed'>): Partial<Context> {
  const specs = readSpecs(textOf(data.specs))
  const config = toolCallingConfig.parse(JSON.parse(data.config))
  const steps = config.tell_steps ? (data.limits?.max_steps ?? 0) : 0
  const start = opening(steps > 0 ? `${INTRODUCTION}\n${atMostSteps(steps)}` : INTRODUCTION, data.problem ?? text(''))
  return {
    config, actions: specs.map(({ name }) => name), llm: data.llm ?? '{}', maxSteps: data.limits?.max_steps ?? 0, tools: text(toolSpecs(specs)), opening: start, history: start,
  }
}

/** The next completion. */
export function ask({ history, refused, config, call, asked, llm, tools, ...context }: Context): Message {
  const question = refused?.correction ?? questionOf({ config, ...context })
  return {
    type: 'completion.requested', to: instanceOf('llm-tool', 'agent', call),
    data: {
      call, role: 'model', nth: asked - 1, ...settingsFor(llm, 'model'), base: refused === null || refused.reply === null ? (history ?? listAfter(null)) : listAfter(history, segment('assistant', refused.reply)),
      ...(tools === null ? {} : { tools }), ...(question === null ? {} : { appended: question }),
    },
  }
}

function questionOf({ config, steps, maxSteps }: Pick<Context, 'config' | 'steps' | 'maxSteps'>): TextValue | null {
  const left = config.tell_steps ? fewStepsLeft(maxSteps, steps) : ''
  return left === '' ? null : text(left)
}

const callsOf = ({ config }: Context, { data }: Delivered): Calls => readCalls(data.ok ? textOf(data.tool_calls) : '', data.stop_reason === 'length', config.max_parallel)

export const isHopeless = ({ data }: Delivered): boolean => !data.ok && isFatal(data.error?.code ?? 'unknown')
export const isUsable = (context: Context, event: Delivered): boolean => callsOf(context, event).calls.length > 0
export const mayAskAgain = ({ refused, config }: Context): boolean => (refused?.count ?? 0) < config.max_retries

/** A reply without a call that can be carried out: it is asked for again. */
export function refuse(context: Context, event: Delivered): Partial<Context> {
  const { data } = event
  const cut = data.ok && data.stop_reason === 'length'
  const problem = !data.ok ? (data.error?.code === 'content_filter' ? 'was filtered out by the provider' : 'was a refusal') : cut ? 'was cut off at its length limit before a tool call was complete' : 'called no tool'
  const reply = data.ok && textOf(data.reply).trim() !== '' ? named(data.reply ?? {}) : null
  return { refused: { reply, correction: text(`Your last reply ${problem}, so nothing was done: ${cut ? 'be shorter, and ' : ''}${ASK_AGAIN}.`), count: (context.refused?.count ?? 0) + 1 } }
}

/** The turn that a reply begins. */
export function takeTurn(context: Context, event: Delivered): Partial<Context> {
  const { calls, changed, remarks } = callsOf(context, event)
  const { data } = event
  const said = textOf(data.reply)
  const none = calls.length === 0
  return {
    call: context.call + 1, refused: null, invalid: none ? context.invalid + 1 : 0,
    current: {
      reply: none && said.trim() === '' ? text('(an empty reply)') : said === '' ? text('') : named(data.reply ?? {}), calls: none ? null : changed ? text(JSON.stringify(calls)) : named(data.tool_calls ?? {}), count: Math.max(1, calls.length), results: [],
      remark: none ? '' : mended(remarks),
    },
  }
}

/** The first action of a reply; without a call, the end of the reply under no name: the environment refuses it, which costs the step. */
export function actFirst(context: Context, event: Delivered): Message {
  const reply = textOf(event.data.reply)
  const first = callsOf(context, event).calls[0]
  const { name, arguments: args } = first === undefined ? { name: '', arguments: reply.slice(-TAIL) } : actionOf(first, context.actions)
  return action(context.call + 1, name, args, first !== undefined && reply.trim() !== '' ? named(event.data.reply ?? {}) : undefined)
}

const action = (call: number, name: string, args: string, thought?: TextValue): Message => ({ type: 'action.requested', to: 'environment', data: { call, name, arguments: text(args), base: '', ...(thought === undefined ? {} : { thought }) } })

export const hasMore = ({ current }: Context): boolean => current !== null && current.results.length + 1 < current.count

/** The next call of the same reply, after one more observation. */
export function actNext({ current, call, actions }: Context, read: Read): Message {
  const next = parseCalls(read[current?.calls?.ref ?? ''] ?? '')[(current?.results.length ?? 0) + 1]
  const { name, arguments: args } = next === undefined ? { name: '', arguments: '' } : actionOf(next, actions)
  return action(call + 1, name, args)
}

export function observe({ current, call, config }: Context, { data }: Observed): Partial<Context> {
  if (current === null) return {}
  return { call: call + 1, steps: data.step, current: { ...current, results: [...current.results, named(shorten(data.observation ?? text(''), config.observation_limit))] } }
}

/** All calls of a reply have their results: the turn joins the prompt. */
export function endTurn(context: Context, event: Observed): Partial<Context> {
  const { current, ...observed } = { ...context, ...observe(context, event), call: context.call }
  if (current === null) return {}
  const segments = turnSegments(current, current.calls === null ? [] : parseCalls(event.read[current.calls.ref ?? ''] ?? ''))
  return { steps: observed.steps, current: null, ...addTurn(context, segments, event.read) }
}

export const gaveUp = (error: { source: string; code: string; message: string }): Message => ({ type: 'agent.gave_up', to: 'environment', data: { error } })

/** The calls of the turn, and the nodes of the prompt when the window moves. */
export function toolCallingNeeds(context: Record<string, unknown>, event: Received): string[] {
  if (event.type !== 'observation.delivered') return []
  const state = context as unknown as Context
  const calls = state.current?.calls?.ref
  return [...(calls === undefined ? [] : [calls]), ...(hasMore(state) ? [] : nodesNeeded(state, event.read))]
}
