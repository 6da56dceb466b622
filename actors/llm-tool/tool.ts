import type { Failure } from '../../schemas/generated/events.ts'
import { text, textOf, violation } from '../protocol.ts'
import type { Message, Received, ReceivedOf } from '../protocol.ts'
import type { Context } from './context.ts'
import { argumentsOf } from './tools/arguments.ts'
import type { Prepared, ToolContext, ToolStep } from './tools/context.ts'
import { edited, prepareEdit } from './tools/edit.ts'
import { isOpen, isRead, mergingJobs, openCalls, startJobs } from './tools/fan-out.ts'
import type { Job } from './tools/fan-out.ts'
import { LOG_TOOLS, readLog } from './tools/log-reading.ts'
import { finishedReading, jobPrompt, prepareLogReading, prepareReading, reportOf, unreadPart, wordsOf } from './tools/read.ts'

export type { ToolContext } from './tools/context.ts'

interface Args { context: Context; event: Received }
type Requested = ReceivedOf<'tool.requested'>
type Delivered = ReceivedOf<'completion.delivered'>

const steps = new WeakMap<Received, ToolStep>()

/** What a tool does about an event. Guards and actions ask it of one event several times: it is worked out once. */
export function toolStep({ context, event }: Args): ToolStep {
  const known = steps.get(event)
  if (known !== undefined) return known
  const step = stepOf(context, event)
  steps.set(event, step)
  return step
}

function stepOf(context: Context, event: Received): ToolStep {
  if (event.type === 'tool.requested') return begun(context, event)
  const { tool } = context
  if (tool === null) return { tool, messages: [] }
  if (event.type === 'completion.delivered') return delivered(context, tool, event)
  if (event.type === 'tool.cancel_requested') return tool.failure === null ? failing(context, tool, { source: 'user', code: 'cancelled', message: `the tool was cancelled${event.data.reason === '' ? '' : `: ${event.data.reason}`}` }) : { tool, messages: [] }
  return { tool, messages: [] }
}

export const toolGuards = { toolEnds: (args: Args): boolean => toolStep(args).tool === null }

/** The context after the request. */
export const toolBegun = ({ context, event }: { context: Context; event: Requested }): Partial<Context> => ({ caller: event.from, call: event.data.call, tool: toolStep({ context, event }).tool })

/** Blobs that a tool reads: the research log as far back as it goes, the document while stretches of it are still to be sent or an edit is compared with it. */
export function toolNeeds(tool: ToolContext | null, event: Received): string[] {
  if (event.type === 'tool.requested') {
    if (!LOG_TOOLS.has(event.data.tool) || !hasModel(event)) return []
    const part = readLog(event.data.log, event.read)
    return 'missing' in part ? [part.missing] : []
  }
  if (event.type !== 'completion.delivered' || tool === null || tool.failure !== null || tool.document?.ref === undefined) return []
  return tool.role === 'edit' || (tool.level === 0 && tool.jobs.some(({ call }) => call === 0)) ? [tool.document.ref] : []
}

const hasModel = ({ data }: Requested): boolean => (data.llm ?? '{}') !== '{}'

/** A run without a model is told so. */
const noModel = (tool: string): Failure => ({ source: 'user', code: 'no_model', message: `the tool "${tool}" needs a model, and this run has none` })

function prepared(event: Requested): Prepared {
  const { tool } = event.data
  if (!hasModel(event)) return { failure: noModel(tool) }
  const args = argumentsOf(textOf(event.data.arguments))
  if (args === undefined) return { failure: { source: 'system', code: 'bad_arguments', message: `the arguments of the tool "${tool.slice(0, 100)}" are no JSON object` } }
  return prepareReading(event, args) ?? prepareLogReading(event, args) ?? prepareEdit(event, args) ?? { failure: { source: 'system', code: 'unknown_tool', message: `there is no tool "${tool.slice(0, 100)}"` } }
}

const answered = (to: string, call: number, outcome: { answer: string } | { failure: Failure }): ToolStep => ({
  tool: null,
  messages: [{ type: 'tool.answered', to, data: 'answer' in outcome ? { call, ok: true, answer: text(outcome.answer) } : { call, ok: false, error: outcome.failure } }],
})

function begun(context: Context, event: Requested): ToolStep {
  const what = prepared(event)
  return 'tool' in what ? goOn(context, what.tool, textOf(event.data.document)) : answered(event.from, event.data.call, what)
}

/** Asks for whatever may be asked for now. A level that is read through gives the next one. */
function goOn(context: Context, tool: ToolContext, document: string): ToolStep {
  let current = tool
  while (current.jobs.length > 1 && isRead(current.jobs)) {
    const parts = current.jobs.map(({ answer }) => answer ?? {})
    current = { ...current, level: current.level + 1, parts, jobs: mergingJobs(parts) }
  }
  const { jobs, asked, started } = startJobs(current.jobs, current.asked)
  const next = { ...current, jobs, asked }
  return { tool: next, messages: started.map((job) => request(context, next, job, document)) }
}

const request = ({ name }: Context, tool: ToolContext, job: Job, document: string): Message => ({
  type: 'completion.requested', to: `${name}/${job.call}`,
  data: { call: job.call, role: tool.role, base: tool.base ?? jobPrompt(tool, job, document), appended: tool.question, params: '', settings: tool.settings, nth: tool.nth + job.call - 1 },
})

function delivered(context: Context, tool: ToolContext, event: Delivered): ToolStep {
  const job = tool.jobs.find((one) => isOpen(one) && one.call === event.data.call)
  if (job === undefined) return { tool, messages: [violation(context.name, event, 'tool')] }
  const settled = (answer: Job['answer']): ToolContext => ({ ...tool, jobs: tool.jobs.map((one) => (one === job ? { ...job, answer } : one)) })
  if (tool.failure !== null) return ended(context, settled(text('')), tool.failure)
  const document = event.read[tool.document?.ref ?? ''] ?? ''
  if (!event.data.ok) {
    const unread = tool.unread + 1
    if (!mayMiss(tool, event) || unread === tool.jobs.length) return failing(context, settled(text('')), event.data.error ?? { source: 'provider', code: 'unknown', message: 'no reason was given' })
    return goOn(context, { ...settled(unreadPart(event.data.error)), unread }, document)
  }
  if (tool.role === 'edit') {
    const what = edited(tool, event.data, document)
    if ('again' in what) return goOn(context, what.again, document)
    return answered(context.caller, context.call, 'answer' in what ? what : { failure: { source: what.code === 'context_overflow' ? 'provider' : 'agent', ...what } })
  }
  if (tool.jobs.length === 1) return answered(context.caller, context.call, { answer: finishedReading(tool, wordsOf(event.data)) })
  return goOn(context, settled(reportOf(event.data)), document)
}

/** One part of several that the model will not read does not cost the others. */
const mayMiss = ({ level, jobs }: ToolContext, { data }: Delivered): boolean => level === 0 && jobs.length > 1 && (data.error?.code === 'refusal' || data.error?.code === 'content_filter')

/** What is open is cancelled, and its end waited for: nothing outlives the tool. */
function failing(context: Context, tool: ToolContext, failure: Failure): ToolStep {
  const step = ended(context, tool, failure)
  if (step.tool === null) return step
  return { ...step, messages: openCalls(tool.jobs).map((call) => ({ type: 'completion.cancel_requested', to: `${context.name}/${call}`, data: { call, reason: failure.code } })) }
}

const ended = (context: Context, tool: ToolContext, failure: Failure): ToolStep =>
  openCalls(tool.jobs).length > 0 ? { tool: { ...tool, failure }, messages: [] } : answered(context.caller, context.call, { failure })
