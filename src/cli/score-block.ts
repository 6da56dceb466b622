import { change, count, duration, number, oneLine, printable } from './format.ts'
import type { Screen } from './output.ts'
import { programName } from './program-name.ts'
import type { RunMetrics, RunScore } from '../replay/index.ts'
import { tableOf } from './table.ts'
import { loadTask } from '../effects/tasks/index.ts'

/** The end of a run for people: the score beside its baseline and the paper's metric, or why there is none. `unit` as the task says it. */
export function scoreBlock(screen: Screen, summary: RunMetrics, unit = ''): string {
  const { colors } = screen
  const { score } = summary
  const lines: string[] = []
  const cause = summary.error === null || (score === null && summary.status === 'finished') ? '' : `: ${oneLine(summary.error.message, 200)} (${summary.error.source})`
  const ended = summary.status + cause
  lines.push(`${summary.status === 'finished' ? colors.green(ended) : colors.yellow(ended)} ${colors.dim(`after ${count(summary.steps, 'step')}, ${duration(summary.run_time_ms)}, ${count(summary.events, 'event')}`)}`)
  if (score === null) {
    if (summary.status === 'finished') lines.push(`${colors.red('no score')}  ${printable(summary.error?.message ?? 'the evaluator gave none')}`)
    return lines.join('\n')
  }
  const better = score.higher_is_better ? 'higher is better' : 'lower is better'
  const measured = (value: number): string => number(value) + (unit === '' ? '' : ` ${unit}`)
  const rows = [[colors.bold(oneLine(score.metric, 48)), colors.bold(measured(score.value)), ...(score.baseline_runs === 0 ? ['not measured', ''] : [withSpread(measured(score.baseline), score.baseline_deviation), paint(screen, score.improvement)]), better]]
  for (const paper of score.paper) rows.push([colors.dim(`${oneLine(paper.metric, 40)} (paper)`), number(paper.value), number(paper.baseline), change(paper.improvement), colors.dim(noteFits(paper.note) ? oneLine(paper.note, 60) : 'see below')])
  lines.push('', tableOf(screen, [{ title: 'metric' }, { title: 'score', right: true }, { title: 'baseline', right: true }, { title: 'improvement', right: true }, { title: '' }], rows), '')
  const long = score.paper.filter(({ note }) => !noteFits(note))
  if (long.length > 0) lines.push(...long.map(({ metric, note }) => colors.dim(`${oneLine(metric, 120)} (paper): ${oneLine(note, 400)}`)), '')
  lines.push(score.success ? colors.green('success: better than the baseline by more than the task asks for') : colors.yellow(noSuccess(summary, score, measured)))
  return lines.join('\n')
}

/** Room in the table. */
const noteFits = (note: string): boolean => note.length <= 60

/** Why a score is no success. */
function noSuccess({ task, profile }: RunMetrics, score: RunScore, measured: (value: number) => string): string {
  if (score.baseline_runs === 0) return `no success: there is no baseline to compare with yet. Measure it once with: ${programName()} task check ${task} --profile ${profile} --update-baseline`
  if (score.above_threshold === true && typeof score.chance_bound === 'number') return `no success: better than the baseline by more than the task asks for, but the starter itself reaches ${measured(score.chance_bound)} by chance (95 %, ${score.baseline_runs} runs)`
  if (score.improvement < 0) return 'no success: worse than the baseline'
  return score.improvement === 0 ? 'no success: as good as the baseline' : 'no success: not enough better than the baseline'
}

const withSpread = (mean: string, deviation: number | undefined): string => (deviation === undefined || deviation === 0 ? mean : `${mean} ± ${number(Number(deviation.toPrecision(2)))}`)

const paint = ({ colors }: Screen, improvement: number): string => (improvement > 0 ? colors.green(change(improvement)) : improvement < 0 ? colors.red(change(improvement)) : change(improvement))

/** The unit of a task's metric; '' where it has none or the task is not here any more. */
export async function unitOf(task: string): Promise<string> {
  const unit = await loadTask(task).then(({ manifest }) => manifest.metric.unit, () => '1')
  return unit === '1' ? '' : unit
}

/** Where to look next, with lines that work when pasted. */
export function nextLines(screen: Screen, short: string, storeWords: string, status: string): string {
  const { colors } = screen
  const line = (command: string, what: string): string => `  ${`${programName()} ${command}${storeWords}`.padEnd(46 + storeWords.length + programName().length - 4)} ${colors.dim(what)}`
  if (status === 'interrupted') return ['Go on with:', line(`resume ${short}`, 'finish what was cut off'), line(`trace ${short}`, 'what happened until now')].join('\n')
  return ['Look at:', line(`trace ${short}`, 'what the agent did, step by step'), line(`workspace diff ${short}`, 'what it changed'), line(`verify ${short}`, 'prove the run from its record'), line(`metrics ${short}`, 'where the time went')].join('\n')
}
