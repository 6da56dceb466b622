import type { ExecutionOutcome, OutputCapture } from '../../schemas/generated/events.ts'

/** What an agent is shown of one stream, in characters: enough for a training log, not enough to drown a prompt. */
const SHOWN = 20_000

/** Progress bars overwrite a line by \r: only what a terminal would still show is kept. Escapes and NUL lose their effect. */
export const readable = (output: string): string =>
  output
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => (line.includes('\r') ? (line.split('\r').findLast((part) => part !== '') ?? '') : line))
    .join('\n')
    // eslint-disable-next-line no-control-regex
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '\ufffd')

const shorten = (output: string): string => {
  if (output.length <= SHOWN) return output
  const half = SHOWN / 2
  return `${output.slice(0, half)}\n[... ${output.length - SHOWN} characters left out ...]\n${output.slice(-half)}`
}

const HOW: Readonly<Record<string, (outcome: ExecutionOutcome) => string>> = {
  exited: ({ exit_code: code }) => (code === 0 ? 'finished' : `ended with exit code ${code}`),
  signalled: ({ signal }) => `was ended by ${signal || 'a signal'}`,
  timed_out: () => 'ran into its time limit and was stopped',
  out_of_memory: () => 'used more memory than it may and was stopped',
  output_limit: () => 'wrote more output than it may and was stopped',
  cancelled: () => 'was cancelled',
  lost: () => 'was lost together with the machine it ran on',
}

/** One stream as an agent reads it. */
export const captured = (capture: OutputCapture | undefined, read: Readonly<Record<string, string>>): string => shorten(readable(capture?.text?.ref === undefined ? '' : (read[capture.text.ref] ?? ''))).trimEnd()

/** What of the workspace was left out, as a sentence; empty if nothing. */
export const notKept = ({ dropped }: ExecutionOutcome): string => (dropped.length === 0 ? '' : `Not kept in the workspace (only plain files and folders are): ${dropped.slice(0, 20).join('; ')}`)

/**
 * The observation of a script run: standard output when it went well, standard error first when it did not; never one of them
 * in silence.
 */
export function observe(script: string, outcome: ExecutionOutcome, read: Readonly<Record<string, string>>): string {
  const out = captured(outcome.stdout, read)
  const err = captured(outcome.stderr, read)
  const good = outcome.reason === 'exited' && outcome.exit_code === 0
  const parts = [`The script ${script} ${(HOW[outcome.reason] ?? (() => `ended: ${outcome.reason}`))(outcome)}.`]
  if (good) parts.push(out !== '' ? `Its output:\n${out}` : err !== '' ? `It wrote nothing to standard output; standard error:\n${err}` : 'It wrote nothing.')
  else {
    if (err !== '') parts.push(`Standard error:\n${err}`)
    if (out !== '') parts.push(`Standard output:\n${out}`)
  }
  if (outcome.dropped.length > 0) parts.push(notKept(outcome))
  return parts.join('\n')
}
