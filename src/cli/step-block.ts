import { serviceFacts } from '../../schemas/services.ts'
import type { TreeDiff } from '../../schemas/tree-diff.ts'
import type { Captured, TraceStep } from '../replay/index.ts'
import { bytes, count, duration, oneLine, printable, printableName } from './format.ts'
import { modelLines } from './model-block.ts'
import type { Screen } from './output.ts'
import { subject } from './run-view.ts'

/** How much of a text is shown unless all of it is asked for. */
const CUT = { lines: 8, width: 160 }
/** Room for the longest argument's name. */
const WIDTH = 19

export interface StepOptions { full: boolean; /** ids for the hint that tells how to see the rest */ hint: string }

/** One step for people: what the agent thought, asked for and was told, and how the script went. */
export function stepBlock(screen: Screen, step: TraceStep, { full, hint }: StepOptions, changes?: TreeDiff | null): string {
  const { colors } = screen
  const lines: string[] = []
  const mark = !step.accepted ? colors.yellow('refused') : !step.done ? colors.cyan('open') : step.ok ? colors.green('ok') : colors.red(step.code.replaceAll('_', ' ') || 'failed')
  lines.push(`${colors.bold(`step ${step.step}`)}  ${colors.cyan(printable(step.action))}  ${mark}  ${colors.dim(`${duration(step.duration_ms)}, seq ${step.seqs[0]}-${step.seqs[1]}`)}`)
  const part = (name: string, text: string | undefined, paint: (line: string) => string = (line) => line): void => {
    if (text === undefined || text === '') return
    const { shown, rest } = cut(printable(text), full)
    lines.push(...shown.map((line, index) => `  ${colors.dim((index === 0 ? name : '').padEnd(WIDTH))}${paint(line)}`))
    if (rest !== '') lines.push(`  ${' '.repeat(WIDTH)}${colors.dim(`... ${rest}; ${hint}`)}`)
  }
  part('thought', readableThought(step.thought?.text ?? ''), colors.italic)
  for (const [name, value] of argumentsOf(step.arguments?.text ?? '')) part(oneLine(name, WIDTH - 1), value)
  for (const one of step.primitives) {
    part(`${step.step}.${one.index}`, oneLine(`${one.name}  ${subject(one.arguments?.text ?? '')}`, 100) + (one.done ? (one.ok ? '' : `  ${one.code.replaceAll('_', ' ') || 'failed'}`) : '  open'), one.done && !one.ok ? colors.red : undefined)
    // The text that a composite read may be a whole file: its beginning will do.
    if (full && one.done) part('', cut(one.observation?.text ?? '', false).shown.join('\n'), colors.dim)
  }
  for (const [name, text] of modelLines(step, full)) part(name, text)
  for (const attempt of step.attempts) if (attempt.lost !== undefined) part('attempt', `${attempt.attempt} of ${attempt.kind} was lost: ${attempt.lost}`, colors.yellow)
  if (step.script !== null) {
    const { reason, exit_code, signal, wall_ms, cpu_ms, max_rss_bytes, sandbox } = step.script
    const how = reason === 'exited' ? `exit code ${exit_code}` : `${reason.replaceAll('_', ' ')}${signal === '' ? '' : ` (${signal})`}`
    part('script', `${how} after ${duration(wall_ms)} (processor ${duration(cpu_ms)}, memory ${bytes(max_rss_bytes)}, ${sandboxName(sandbox)})`, reason === 'finished' || (reason === 'exited' && exit_code === 0) ? colors.green : colors.red)
    part('services', servicesLine(step.script.services))
    if (full) for (const [name, captured] of [['stdout', step.script.stdout], ['stderr', step.script.stderr]] as const) part(name, outputOf(captured))
    if (step.script.dropped.length > 0) part('left out', step.script.dropped.map(printableName).join(', '), colors.yellow)
  }
  part('observation', step.observation?.text)
  if (changes !== undefined && changes !== null) part('workspace', changesLine(changes))
  return lines.join('\n')
}

/** What the agent thought, without the action that its reply ends with: that is shown below. Auto-GPT's thoughts come as JSON. */
export function readableThought(reply: string): string {
  if (reply.trimStart().startsWith('{')) {
    try {
      const { thoughts } = JSON.parse(reply) as { thoughts?: unknown }
      if (typeof thoughts === 'object' && thoughts !== null) return Object.entries(thoughts).filter(([, words]) => typeof words === 'string' && words !== '').map(([name, words]) => `${name}: ${String(words)}`).join('\n')
    } catch {
      // shown as it is
    }
  }
  return reply.replace(/(?:^|\n)[\s*#]*(?:Action|Final Answer)[\s*]*:[^]*$/, '')
}

const outputOf = ({ text, total_bytes, truncated }: Captured): string => `${text?.text ?? ''}${truncated ? `\n[the script wrote ${bytes(total_bytes)}; its beginning and end are kept]` : ''}`

/** The fields of an action, texts as they are; what is no JSON object as one text. */
export function argumentsOf(text: string): [string, string][] {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value).map(([name, field]) => [name, typeof field === 'string' ? field : JSON.stringify(field)])
  } catch {
    // shown as it is
  }
  return text === '' ? [] : [['arguments', text]]
}

function cut(text: string, full: boolean): { shown: string[]; rest: string } {
  const lines = text.replace(/\n+$/, '').split('\n')
  if (full) return { shown: lines, rest: '' }
  const shown = lines.slice(0, CUT.lines).map((line) => (line.length > CUT.width ? `${line.slice(0, CUT.width - 1)}…` : line))
  const rest = lines.length - shown.length
  return { shown, rest: rest > 0 ? `${rest} more ${rest === 1 ? 'line' : 'lines'}` : '' }
}

/** +a.csv ~train.py -old.txt */
export const changesLine = ({ added, removed, changed, mode }: TreeDiff): string => oneLine([
  ...added.map(({ path }) => `+${printableName(path)}`), ...changed.map(({ after }) => `~${printableName(after.path)}`), ...mode.map(({ after }) => `~${printableName(after.path)} (mode)`), ...removed.map(({ path }) => `-${printableName(path)}`),
].join('  '), 400)

/** What a script asked of its task's services: literature 60 searches, 14 refused; model 30 questions (local/model.mjs). */
export function servicesLine(recorded: string): string {
  if (recorded === '') return ''
  const { literature, model } = serviceFacts.parse(JSON.parse(recorded))
  const also = (number: number, what: string): string => (number === 0 ? '' : `, ${number} ${what}`)
  return [
    ...(literature === undefined ? [] : [`literature: ${count(literature.calls, 'search', 'searches')}, ${count(literature.records, 'record')}${also(literature.refused, 'refused')}`]),
    ...(model === undefined ? [] : [`model ${printable(model.name)}: ${count(model.calls, 'question')}, ${count(model.input_tokens + model.output_tokens, 'token')}${also(model.refused, 'refused')}${also(model.failed, 'failed')}`]),
  ].join('; ')
}

/** The recorded facts of a sandbox in a word. */
export function sandboxName(facts: string): string {
  try {
    const { sandbox, version } = JSON.parse(facts) as { sandbox?: unknown; version?: unknown }
    return sandbox === 'none' ? 'no sandbox' : `${String(sandbox)}${typeof version === 'string' && version !== '' ? ` ${version}` : ''}`
  } catch {
    return facts === '' || facts === 'none' ? 'no sandbox' : facts
  }
}
