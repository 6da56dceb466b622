import type { Failure } from '../../../schemas/generated/events.ts'
import type { ListValue, Message, TextValue } from '../../protocol.ts'
import type { Job } from './fan-out.ts'

/** What an instance keeps of a tool between the completions that it asks for. */
export interface ToolContext {
  tool: string
  /** the file it is about, as prompts show it */
  subject: string
  /** who of the run's models is asked, and how */
  role: 'fast' | 'edit'
  settings: TextValue
  /** completions that the caller had asked for before */
  nth: number
  document: TextValue | null
  /** the lines that an edit of a segment replaces, from 1, both included */
  lines: { first: number; last: number } | null
  /** prompt of a tool of one completion; that of a reading tool depends on the job */
  base: ListValue | null
  /** last words of every request */
  question: TextValue
  /** completions asked for so far: the number of the newest instance below this one */
  asked: number
  /** 0: the document is being read; then reports are brought together, level by level */
  level: number
  /** the reports of the level before */
  parts: TextValue[]
  jobs: Job[]
  /** parts of the document that the model would not read */
  unread: number
  /** characters of the document that are not read */
  leftOut: { start: number; end: number } | null
  /** why the first reply of an edit was not taken */
  refused: string
  /** the answer, once it is a failure: it is told when all that is open has ended */
  failure: Failure | null
}

export const blankTool = (tool: string, nth: number): ToolContext => ({
  tool, subject: '', role: 'fast', settings: {}, nth, document: null, lines: null, base: null, question: {}, asked: 0, level: 0, parts: [], jobs: [], unread: 0, leftOut: null, refused: '', failure: null,
})

/** The one job of a tool that asks one completion at a time. */
export const ONE_JOB: Job = { from: 0, to: 0, line: 1, call: 0, answer: null }

/** A request, judged: answered at once, or begun. */
export type Prepared = { answer: string } | { failure: Failure } | { tool: ToolContext }

/** What a tool does about one event: what it keeps (null when it has answered) and what it sends. */
export interface ToolStep { tool: ToolContext | null; messages: Message[] }

/** A text by its reference: what the store has is not written again. */
export const stored = ({ ref, bytes = 0, text }: TextValue): TextValue => (ref === undefined ? { text: text ?? '' } : { ref, bytes })
