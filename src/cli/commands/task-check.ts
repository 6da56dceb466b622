import type { ProfileName } from '../../../schemas/task.ts'
import { isKymoError, messageOf } from '../../../schemas/errors.ts'
import { checkTasks, jobsHere } from '../../effects/checking/index.ts'
import type { CheckedTask, HinderedTask } from '../../effects/checking/index.ts'
import { MachineRoom } from '../../effects/index.ts'
import { listTasks } from '../../effects/tasks/index.ts'
import { EXIT } from '../exit-codes.ts'
import { change, count, duration, number, oneLine } from '../format.ts'
import { machineOf } from '../machine-options.ts'
import type { MachineOptions } from '../machine-options.ts'
import { lastWords, printJson, stderr, stdout } from '../output.ts'
import type { Screen } from '../output.ts'
import { tableOf } from '../table.ts'
import { usageError } from '../usage-error.ts'

export interface TaskCheckOptions extends MachineOptions { profile: ProfileName; runs: number; jobs?: number; all?: boolean; updateBaseline?: boolean; json?: boolean }

type Row = CheckedTask | HinderedTask

/** `kymo task check TASK...`: exit code 1 when a reference is no success, a forgery gains, a starter is not what was recorded, or a check cannot be made. */
export async function taskCheck(names: readonly string[], options: TaskCheckOptions): Promise<number> {
  if (names.length === 0 && options.all !== true) throw usageError('Name a task, like: kymo task check vectorization, or check them all: kymo task check --all.')
  const began = performance.now()
  const chosen = [...new Set(options.all === true ? (await listTasks()).map(({ name }) => name) : names)]
  const { profile, runs, jobs = jobsHere(), updateBaseline = false } = options
  const progress = stderr()
  const say = (line: string): void => progress.line(progress.colors.dim(`  ${oneLine(line, 200)}`))
  const room = new MachineRoom(machineOf(options))
  const finished: Row[] = []
  const onRow = (row: Row): void => {
    finished.push(row)
    if (chosen.length > 1) say(`${row.task}: ${row.ok ? 'ok' : 'NOT OK'}${'seconds' in row ? `, ${heldOf(row)} forgeries held, ${duration(row.seconds.total * 1000)}` : ''} (${finished.length} of ${chosen.length} tasks)`)
  }
  const { signal, release } = interruptible(say)
  try {
    const rows = await checkTasks(chosen, { profile, room, runs, jobs, updateBaseline, log: say, signal, onRow })
    const [only] = rows
    if (chosen.length === 1 && only !== undefined && 'error' in only) throw only.error
    const seconds = (performance.now() - began) / 1000
    if (options.json === true) printJson({ ok: rows.every(({ ok }) => ok), seconds, jobs, tasks: rows.map((row) => ({ ...row, error: undefined })) })
    else show(stdout(), rows, { seconds, jobs })
    return rows.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed
  } catch (error) {
    const cancelled = isKymoError(error, 'KYMO_CANCELLED')
    if (!cancelled && !signal.aborted) throw error
    // What was cut off in the middle of something may fail in words of its own.
    if (!cancelled) say(messageOf(error))
    if (options.json !== true && finished.length > 0) show(stdout(), chosen.flatMap((name) => finished.find(({ task }) => task === name) ?? []))
    progress.line(`interrupted: ${finished.length} of ${count(chosen.length, 'task')} were checked`)
    return EXIT.stopped
  } finally {
    release()
    room.close()
  }
}

/** Ctrl-C ends what runs and waits for nothing else; a second one does not wait at all. */
function interruptible(say: (line: string) => void): { signal: AbortSignal; release: () => void } {
  const stopping = new AbortController()
  const stop = (): void => {
    if (stopping.signal.aborted) {
      lastWords('stopped at once')
      process.exit(EXIT.stopped)
    }
    say('finishing up... (Ctrl-C again to stop at once)')
    stopping.abort()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, stop)
  return { signal: stopping.signal, release: () => { for (const name of signals) process.off(name, stop) } }
}

function show(screen: Screen, rows: readonly Row[], whole?: { seconds: number; jobs: number }): void {
  const { colors } = screen
  const columns = [{ title: 'task' }, { title: 'metric' }, { title: 'baseline', right: true }, { title: 'reference', right: true }, { title: 'improvement', right: true }, { title: 'forgeries held', right: true }, { title: 'seconds', right: true }, { title: '' }]
  screen.line(tableOf(screen, columns, rows.map((row) => [colors.bold(row.task), ...cells(row), row.ok ? colors.green('ok') : colors.red('not ok')])))
  for (const row of rows) if ('notes' in row) for (const note of row.notes) screen.line(colors.dim(`${row.task}: ${note}`))
  for (const { task, problems } of rows) for (const problem of problems) screen.line(`${colors.red(task)}: ${problem}`)
  if (whole === undefined || rows.length === 1) return
  const checked = rows.flatMap((row) => ('seconds' in row ? [row] : []))
  const forgeries = checked.flatMap((row) => row.forgeries)
  screen.line(`${rows.filter(({ ok }) => ok).length} of ${count(rows.length, 'task')} ok, ${forgeries.filter(({ held }) => held).length} of ${count(forgeries.length, 'forgery', 'forgeries')} held, `
    + `${duration(whole.seconds * 1000)}${whole.jobs > 1 ? ` with ${whole.jobs} side by side` : ''}`)
}

const heldOf = ({ forgeries }: CheckedTask): string => `${forgeries.filter(({ held }) => held).length}/${forgeries.length}`

function cells(row: Row): string[] {
  if (!('seconds' in row)) return ['', '', '', '', '', '']
  const { baseline, reference, metric, seconds } = row
  const unit = metric.unit === '1' ? '' : ` ${metric.unit}`
  return [
    `${oneLine(metric.name, 28)}${metric.higher_is_better ? ' ↑' : ' ↓'}`,
    baseline === null ? '' : `${number(baseline.mean)}${baseline.deviation === null ? '' : ` ± ${number(Number(baseline.deviation.toPrecision(2)))}`}${unit}`,
    reference === null ? '' : `${number(reference.value)}${unit}`,
    reference === null ? '' : change(reference.improvement),
    heldOf(row),
    seconds.total.toFixed(1),
  ]
}
