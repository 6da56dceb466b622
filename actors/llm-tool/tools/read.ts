import { settingsFor } from '../../../schemas/completion.ts'
import type { Failure } from '../../../schemas/generated/events.ts'
import { listAfter, text, textOf } from '../../protocol.ts'
import type { ListValue, ReceivedOf, TextValue } from '../../protocol.ts'
import { shownName } from './arguments.ts'
import { chooseBlocks, splitIntoBlocks } from './blocks.ts'
import { ONE_JOB, blankTool, stored } from './context.ts'
import type { Prepared, ToolContext } from './context.ts'
import type { Job } from './fan-out.ts'
import { LOG_TOOLS, logPrompt, readLog } from './log-reading.ts'
import { READING } from './reading.ts'
import { spokenPart } from './spoken.ts'

type Requested = ReceivedOf<'tool.requested'>
type Delivered = ReceivedOf<'completion.delivered'>['data']

/** A tool that reads a document: the blocks it will read, and the question. */
export function prepareReading({ data }: Requested, args: Record<string, unknown>): Prepared | undefined {
  const reading = READING.get(data.tool)
  if (reading === undefined) return undefined
  const document = textOf(data.document)
  if (document.trim() === '') return { answer: reading.nothing }
  const { read, leftOut } = chooseBlocks(splitIntoBlocks(document))
  const jobs = read.map(({ start, end, line }): Job => ({ from: start, to: end, line, call: 0, answer: null }))
  return {
    tool: {
      ...blankTool(data.tool, data.nth ?? 0), subject: data.tool === 'understand' ? shownName(args['file_name']) : '', settings: settingsFor(data.llm ?? '{}', 'fast').settings,
      document: stored(data.document ?? {}), question: text(reading.question(args)), jobs, leftOut,
    },
  }
}

/** A tool that reads the research log. An empty one is answered without a model. */
export function prepareLogReading({ data, read }: Requested, args: Record<string, unknown>): Prepared | undefined {
  const tool = LOG_TOOLS.get(data.tool)
  if (tool === undefined) return undefined
  const part = readLog(data.log, read)
  if ('missing' in part || part.entries.length === 0) return { answer: tool.nothing }
  return { tool: { ...blankTool(data.tool, data.nth ?? 0), settings: settingsFor(data.llm ?? '{}', 'fast').settings, base: logPrompt(tool.instructions, part), question: text(tool.question(args)), jobs: [ONE_JOB] } }
}

interface Segment { role: string; text: TextValue; keep?: true; breakpoint?: true }
const user = (value: TextValue, more: { keep?: true; breakpoint?: true } = {}): Segment => ({ role: 'user', text: value, ...more })
const KEEP = { keep: true } as const

/** The prompt of one job: a stretch of the document between two tags, or reports of the level before, each by reference. */
export function jobPrompt(tool: ToolContext, job: Job, document: string): ListValue {
  const reading = READING.get(tool.tool)
  if (reading === undefined) return listAfter(null)
  const system = (instructions: string): ListValue => listAfter(null, { role: 'system', text: text(instructions), keep: true, breakpoint: true } satisfies Segment)
  if (tool.level > 0) {
    const reports = tool.parts.slice(job.from, job.to)
    return listAfter(system(reading.merges), ...reports.flatMap((report, index) => [user(text(`<report part="${job.from + index + 1} of ${tool.parts.length}">`), KEEP), user(stored(report)), user(text('</report>'), KEEP)]))
  }
  const name = tool.subject === '' ? '' : ` name="${tool.subject}"`
  const alone = tool.jobs.length === 1
  const place = alone ? '' : ` part="${tool.jobs.findIndex(({ from }) => from === job.from) + 1} of ${tool.jobs.length}" first_line="${job.line}" characters="${job.from + 1}-${job.to} of ${document.length}"`
  const block = alone && tool.document !== null ? stored(tool.document) : text(document.slice(job.from, job.to))
  return listAfter(system(reading.reads), user(text(`<${reading.tag}${name}${place}>`), KEEP), user(block), user(text(`</${reading.tag}>`), { keep: true, breakpoint: true }))
}

/** What a reply says, without reasoning written out before it; what was cut or left out is said. */
export function wordsOf({ reply, stop_reason, shortened = 0 }: Delivered): string {
  const words = (spokenPart(textOf(reply)) ?? textOf(reply)).trim() || '(no words)'
  return `${words}${stop_reason === 'length' ? '\n[The report was cut off here: it reached its limit of tokens.]' : ''}${shortened > 0 ? '\n[What was read had to be shortened to fit the model.]' : ''}`
}

/** The words of a reply as a value: by reference when the store has exactly them. */
export const reportOf = (data: Delivered): TextValue => (wordsOf(data) === textOf(data.reply) ? stored(data.reply ?? {}) : text(wordsOf(data)))

/** What stands for a part that the model would not read. */
export const unreadPart = (error: Failure | undefined): TextValue => text(`[This part was not read: ${(error?.message ?? 'no reason was given').slice(0, 500)}]`)

/** The answer of a reading tool: the last reply, and what was not read. */
export function finishedReading({ leftOut }: ToolContext, words: string): string {
  if (leftOut === null) return words
  return `${words}\n[Not read: characters ${leftOut.start + 1} to ${leftOut.end}; only the beginning and the end of a text this long are.]`
}
