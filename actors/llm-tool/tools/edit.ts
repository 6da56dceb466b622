import { settingsFor } from '../../../schemas/completion.ts'
import { listAfter, text, textOf } from '../../protocol.ts'
import type { ReceivedOf } from '../../protocol.ts'
import { shownName } from './arguments.ts'
import { extractCode } from './code.ts'
import type { Extracted } from './code.ts'
import { ONE_JOB, blankTool, stored } from './context.ts'
import type { Prepared, ToolContext } from './context.ts'
import { askAgain, editQuestion, linesWithEnds, segmentPrompt, segmentQuestion, wholePrompt } from './editing.ts'

const bad = (message: string): Prepared => ({ failure: { source: 'system', code: 'bad_arguments', message } })

/** An edit of a whole file, or of some of its lines. */
export function prepareEdit({ data }: ReceivedOf<'tool.requested'>, args: Record<string, unknown>): Prepared | undefined {
  if (data.tool !== 'edit' && data.tool !== 'edit_segment') return undefined
  const subject = shownName(args['script_name'])
  const instruction = typeof args['edit_instruction'] === 'string' ? args['edit_instruction'].trim() : ''
  if (instruction === '') return bad('an edit needs an edit_instruction')
  const document = textOf(data.document)
  const tool = { ...blankTool(data.tool, data.nth ?? 0), subject, role: 'edit' as const, settings: settingsFor(data.llm ?? '{}', 'edit').settings, document: document === '' ? null : stored(data.document ?? {}), jobs: [ONE_JOB] }
  if (data.tool === 'edit') return { tool: { ...tool, base: wholePrompt(subject, tool.document), question: text(editQuestion(subject, instruction)) } }
  const lines = linesWithEnds(document)
  const first = Number(args['start_line_number'])
  const last = Number(args['end_line_number'])
  if (!Number.isInteger(first) || !Number.isInteger(last) || first < 1 || last < first || last > lines.length) return bad(`lines ${String(args['start_line_number'])} to ${String(args['end_line_number'])} are not in ${subject}, which has ${lines.length} lines`)
  return { tool: { ...tool, lines: { first, last }, base: segmentPrompt(subject, lines, first, last), question: text(segmentQuestion(subject, instruction, first, last)) } }
}

/** What became of an edit's completion: its code, a second request, or a failure. */
export type Edited = { answer: string } | { again: ToolContext } | { code: string; message: string }

/** Takes the code out of a reply. A reply that cannot be used is asked for once more, with the reason; then the edit is refused. */
export function edited(tool: ToolContext, data: ReceivedOf<'completion.delivered'>['data'], document: string): Edited {
  // Half a file was shown: whatever came back would lose the other half.
  if ((data.shortened ?? 0) > 0) return { code: 'context_overflow', message: `${tool.subject} is too long for the model that edits. Edit fewer lines at a time, or change the file with a script` }
  const taken = codeOf(tool, data, document)
  if (taken.ok) return { answer: taken.code }
  const cut = data.stop_reason === 'length'
  if (tool.refused !== '') return { code: taken.code, message: `the edit of ${tool.subject} was refused twice, and nothing was changed: ${taken.reason}${cut ? '. Edit fewer lines at a time, or change the file with a script' : ''}` }
  const reply = cut ? [] : [{ role: 'assistant', text: stored(data.reply ?? {}) }]
  return {
    again: {
      ...tool, refused: taken.code, base: listAfter(tool.base, { role: 'user', text: tool.question, keep: true }, ...reply), question: text(askAgain(tool.subject, taken.reason, tool.lines === null)), jobs: [ONE_JOB],
    },
  }
}

function codeOf(tool: ToolContext, data: ReceivedOf<'completion.delivered'>['data'], document: string): Extracted {
  if (data.stop_reason === 'length') return { ok: false, code: 'truncated_reply', reason: 'the reply was cut off where it reached its limit of tokens' }
  const original = tool.lines === null ? document : linesWithEnds(document).slice(tool.lines.first - 1, tool.lines.last).join('')
  return extractCode(textOf(data.reply), { fileName: tool.subject, original, whole: tool.lines === null })
}
