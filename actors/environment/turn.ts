import { canonicalJson } from '../../schemas/canonical-json.ts'
import { listAfter, text } from '../protocol.ts'
import type { Message, Received, ReceivedOf, TextValue } from '../protocol.ts'
import type { ActionSpec } from './action-spec.ts'
import { stored } from './context.ts'
import type { Context, Current } from './context.ts'
import { gradesStep, grading, stepsUsed, submission } from './ending.ts'
import { currentSpec, judge } from './judged.ts'
import { outcomeOf } from './outcome.ts'
import { opening, recordedAs } from './pieces.ts'

/** What the environment does about one event: what it says, and what it knows afterwards. */
export interface Turn { messages: Message[]; context: Context }

const turns = new WeakMap<Received, { before: Context; turn: Turn }>()

/** The turn that an action or an answer makes. Guards and actions ask it of one event: it is made once. */
export function turn(context: Context, event: Received): Turn {
  const known = turns.get(event)
  if (known?.before === context) return known.turn
  const made = event.type === 'action.requested' ? beginAction(context, event) : goOn(context, event)
  turns.set(event, { before: context, turn: made })
  return made
}

/** Names come from a model: one that is cut must not end in half a character, which no record can hold. */
const shortName = (name: string): string => name.slice(0, 200).toWellFormed()

/** A step is one action.requested, accepted or refused. */
function beginAction(context: Context, event: ReceivedOf<'action.requested'>): Turn {
  const { call, name, arguments: args } = event.data
  const judged = judge(context, event)
  const current: Current = { call, name: shortName(name), args: stored(args ?? {}), open: 'nothing', waits: '', tree: context.head, at: 0, said: [], inner: 0, innerOpen: false }
  const begun: Turn = { messages: [stepBegun({ ...context, step: context.step + 1 }, event, judged.ok ? '' : judged.code)], context: { ...context, step: context.step + 1, current } }
  if (!judged.ok) return told(begun, { observation: text(judged.sentence), ok: false, code: judged.code })
  const placed = judged.place === undefined ? begun : moved(begun, judged.place.tree, 'branch', { edits: judged.place.edits, current: { ...current, tree: judged.place.tree } })
  if (judged.spec.kind === 'final') return { ...placed, context: { ...placed.context, current: null, ending: submission(judged.args) } }
  return proceed(placed, event, judged.spec, judged.args)
}

/** The record of a step. `reason` says why it is none, or refused. */
export function stepBegun(context: Context, event: ReceivedOf<'action.requested'>, reason: string): Message {
  const { call, name, arguments: args, thought } = event.data
  return {
    type: 'step.begun', to: '',
    data: {
      step: context.step, call, name: shortName(name), accepted: reason === '', reason,
      // What was asked for stands in the action.requested that led here; the first version said it again.
      ...(!context.task.first || args?.ref === undefined ? {} : { arguments: stored(args) }), ...(!context.task.first || thought?.ref === undefined ? {} : { thought: stored(thought) }),
    },
  }
}

/** What was waited for is there: the action ends with it, or its next piece begins. */
function goOn(context: Context, event: Received): Turn {
  const { current } = context
  if (current === null) return { messages: [], context }
  const outcome = outcomeOf(context, event)
  const { observation, ok, code, head, edits, repl } = outcome
  const settled: Current = { ...current, open: 'nothing', waits: '', innerOpen: false, ...(ok ? { at: current.at + 1, said: [...current.said, stored(observation)] } : {}) }
  const messages = current.innerOpen ? [innerFinished(context, current, { ok, code, observation })] : []
  const next = moved({ messages, context }, head, current.name, { edits, repl, current: settled })
  const spec = currentSpec(context, event)
  if (!ok || spec?.kind !== 'composite') return told(next, outcome)
  return proceed(next, event, spec, spec.args.parse(JSON.parse(event.read[current.args.ref ?? ''] ?? '{}')))
}

/** Takes an action as far as it goes by itself: to the next piece that somebody else carries out, or to its end. */
function proceed(from: Turn, event: Received, spec: ActionSpec, args: Record<string, unknown>): Turn {
  const composite = spec.kind === 'composite'
  const read = (value: TextValue): string => value.text ?? event.read[value.ref ?? ''] ?? ''
  let { messages, context } = from
  for (;;) {
    const { current } = context
    if (current === null) return { messages, context }
    const piece = spec.plan({ args, at: current.at, said: current.said, read, logged: context.log.entries })
    if (piece.kind === 'done') return told({ messages, context }, { observation: piece.observation ?? current.said.at(-1) ?? text(''), ok: true, code: '' })
    if (context.ending !== null) return told({ messages, context }, { observation: text(`The run ended before ${current.name} was finished.`), ok: false, code: 'run_over' })
    const inner = current.inner + 1
    if (piece.kind === 'log' || piece.kind === 'refused') {
      const refused = piece.kind === 'refused' ? piece : piece.refused
      const begun = innerBegun(context, inner, piece.name, piece.kind === 'refused' ? piece.args : piece.note === undefined ? {} : { content: piece.note })
      const log = piece.kind === 'log' && piece.note !== undefined && refused === undefined ? noted(context, text(piece.note)) : context.log
      const said = text(refused?.sentence ?? (piece.kind === 'log' && piece.note !== undefined ? `The summary was added to the research log; it has ${log.entries} ${log.entries === 1 ? 'entry' : 'entries'} now.` : ''))
      const result = { observation: said, ok: refused === undefined, code: refused?.code ?? '' }
      messages = [...messages, begun, innerFinished(context, { ...current, inner }, result)]
      context = { ...context, log, current: { ...current, inner, ...(result.ok ? { at: current.at + 1, said: [...current.said, said] } : {}) } }
      if (!result.ok) return told({ messages, context }, result)
      continue
    }
    const recorded = composite ? recordedAs(piece) : undefined
    const { open, waits, message } = opening(context, piece, recorded === undefined ? 0 : inner)
    const usage = open === 'tool' ? { ...context.usage, tools: context.usage.tools + 1 } : context.usage
    return {
      messages: [...messages, ...(recorded === undefined ? [] : [innerBegun(context, inner, recorded.name, recorded.args)]), message],
      context: { ...context, usage, current: { ...current, open, waits, ...(recorded === undefined ? {} : { inner, innerOpen: true }) } },
    }
  }
}

const innerBegun = ({ step }: Context, index: number, name: string, args: Record<string, unknown>): Message => ({ type: 'primitive.begun', to: '', data: { step, index, name, arguments: text(canonicalJson(args)) } })

const innerFinished = ({ step }: Context, { inner }: Current, { ok, code, observation }: { ok: boolean; code: string; observation: TextValue }): Message =>
  ({ type: 'primitive.finished', to: '', data: { step, index: inner, ok, code, observation: observation.ref === undefined ? observation : stored(observation) } })

/** An inner action whose end will never be told. */
export const innerAbandoned = (context: Context): Message[] =>
  context.current?.innerOpen === true ? [innerFinished(context, context.current, { ok: false, code: 'lost', observation: text('Who carried it out cannot go on.') })] : []

/** The research log with one more entry. */
export const noted = ({ log, step }: Context, note: TextValue, at = step): Context['log'] => ({ entries: log.entries + 1, notes: listAfter(log.notes, { step: at, note }) })

/** The workspace becomes another tree, if it is one. */
const moved = ({ messages, context }: Turn, after: string, by: string, more: Partial<Context>): Turn => ({
  messages: after === context.head ? messages : [...messages, { type: 'workspace.changed', to: '', data: { step: context.step, before: context.head, after, by } }],
  context: { ...context, head: after, ...more },
})

/** The end of a step: the observation (to nobody when the run is ending), a grading if the task wants one, an entry of the transcript. */
function told({ messages, context }: Turn, { observation, ok, code }: { observation: TextValue; ok: boolean; code: string }): Turn {
  const { current, gradings, head, step } = context
  const ending = context.ending !== null || stepsUsed(context)
  const grades = gradesStep(context)
  const { call = 0, name = '', args = {} } = current ?? {}
  return {
    messages: [
      ...messages,
      { type: 'observation.delivered', to: ending ? '' : 'agent', data: { call, step, observation, tree: head, ok, final: ending, code } },
      ...(grades ? [grading(context, gradings.asked + 1, false)] : []),
    ],
    context: {
      ...context, current: null,
      transcript: listAfter(context.transcript, { step, name, arguments: args, observation, ok, tree: head, ...(context.edits === null ? {} : { edits: context.edits }) }),
      gradings: grades ? { ...gradings, asked: gradings.asked + 1, open: gradings.open + 1 } : gradings,
    },
  }
}
