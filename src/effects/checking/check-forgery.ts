import { judge } from '../../../actors/index.ts'
import type { GradingOutcome } from '../../../schemas/generated/events.ts'
import type { Forgery } from '../../../schemas/task.ts'
import type { Grading } from '../grading/index.ts'
import type { Task } from '../tasks/index.ts'
import type { Attempted } from './attempt.ts'

/** `said`: the last line that the forgery wrote to stderr, for those who look into it. */
export interface CheckedForgery { file: string; attempt: string; expect: string; found: string; held: boolean; value: number | null; said: string; seconds: number }

/** What never answers and what remembers its first answer shows itself soon. */
export const forgeryMeasure = ({ grading }: Task['manifest']): NonNullable<Grading['measure']> => ({ repeats: Math.min(2, grading.repeats), call_seconds: Math.min(20, grading.call_seconds) })

export const judged = (outcome: GradingOutcome, { manifest }: Task): { improvement: number; success: boolean } =>
  judge(outcome, { higher_is_better: manifest.metric.higher_is_better, success_improvement: manifest.success_improvement })

/** Whether a forgery ended as its manifest says, and the sentence that says how it did when not. */
export function checkForgery({ file, attempt: what, expect }: Forgery, tried: Attempted, seconds: number, task: Task): { checked: CheckedForgery; problem: string | undefined } {
  const { outcome, script } = tried
  const found = !outcome.graded ? outcome.code : judged(outcome, task).success ? 'a success' : 'no_gain'
  const held = found === expect
  return {
    checked: { file, attempt: what, expect, found, held, value: outcome.graded ? outcome.value : null, said: lastLine(script), seconds },
    problem: held ? undefined : `${file} (${what}) should end with ${expect} and ended with ${found}: ${outcome.message}${saidBy(tried)}`,
  }
}

const lastLine = (script: Attempted['script']): string => (script === null ? '' : (Buffer.from(script.stderr.bytes).toString().trim().split('\n').at(-1) ?? '').slice(0, 2000))

/** How the script ended, for people who look for the reason. */
export function saidBy({ script }: Attempted): string {
  if (script === null || (script.reason === 'exited' && script.exitCode === 0)) return ''
  const said = Buffer.from(script.stderr.bytes).toString().trim().split('\n').slice(-4).join(' | ')
  return `. Its script ended with ${script.reason === 'exited' ? `exit code ${script.exitCode}` : script.reason}${said === '' ? '' : `: ${said}`}`
}
