import type { ProfileName } from '../../../schemas/task.ts'
import { messageOf } from '../../../schemas/errors.ts'
import { checkTask } from '../../effects/checking/index.ts'
import type { CheckedTask } from '../../effects/checking/index.ts'
import { MachineRoom } from '../../effects/index.ts'
import { listTasks, loadTask } from '../../effects/tasks/index.ts'
import { EXIT } from '../exit-codes.ts'
import { change, duration, number, oneLine } from '../format.ts'
import { machineOf } from '../machine-options.ts'
import type { MachineOptions } from '../machine-options.ts'
import { printJson, stderr, stdout } from '../output.ts'
import type { Screen } from '../output.ts'
import { tableOf } from '../table.ts'
import { usageError } from '../usage-error.ts'

export interface TaskCheckOptions extends MachineOptions { profile: ProfileName; runs: number; all?: boolean; updateBaseline?: boolean; json?: boolean }

/** A task whose check could not even be made. */
interface Hindered { task: string; profile: ProfileName; ok: false; problems: string[] }

/** `kymo task check TASK...`: exit code 1 when a reference is no success, a forgery gains, or a starter is not what was recorded. */
export async function taskCheck(names: readonly string[], options: TaskCheckOptions): Promise<number> {
  if (names.length === 0 && options.all !== true) throw usageError('Name a task, like: kymo task check vectorization, or check them all: kymo task check --all.')
  const chosen = options.all === true ? (await listTasks()).map(({ name }) => name) : names
  const progress = stderr()
  const rows: Array<CheckedTask | Hindered> = []
  for (const name of chosen) {
    // A room of its own, so that an interpreter that was just installed is seen.
    const room = new MachineRoom(machineOf(options))
    try {
      const task = await loadTask(name)
      rows.push(await checkTask(task, { profile: options.profile, room, runs: options.runs, updateBaseline: options.updateBaseline === true, log: (line) => progress.line(progress.colors.dim(`  ${oneLine(line, 200)}`)) }))
    } catch (error) {
      if (options.all !== true && names.length === 1) throw error
      rows.push({ task: name, profile: options.profile, ok: false, problems: [messageOf(error)] })
    } finally {
      room.close()
    }
  }
  if (options.json === true) printJson(rows)
  else show(stdout(), rows)
  return rows.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed
}

function show(screen: Screen, rows: ReadonlyArray<CheckedTask | Hindered>): void {
  const { colors } = screen
  const columns = [{ title: 'task' }, { title: 'metric' }, { title: 'baseline', right: true }, { title: 'reference', right: true }, { title: 'improvement', right: true }, { title: 'forgeries held', right: true }, { title: 'time', right: true }, { title: '' }]
  screen.line(tableOf(screen, columns, rows.map((row) => [colors.bold(row.task), ...cells(row), row.ok ? colors.green('ok') : colors.red('not ok')])))
  for (const { task, problems } of rows) for (const problem of problems) screen.line(`${colors.red(task)}: ${problem}`)
}

function cells(row: CheckedTask | Hindered): string[] {
  if (!('seconds' in row)) return ['', '', '', '', '', '']
  const { baseline, reference, forgeries, metric, seconds } = row
  const unit = metric.unit === '1' ? '' : ` ${metric.unit}`
  return [
    `${oneLine(metric.name, 28)}${metric.higher_is_better ? ' ↑' : ' ↓'}`,
    baseline === null ? '' : `${number(baseline.mean)}${baseline.deviation === null ? '' : ` ± ${number(Number(baseline.deviation.toPrecision(2)))}`}${unit}`,
    reference === null ? '' : `${number(reference.value)}${unit}`,
    reference === null ? '' : change(reference.improvement),
    `${forgeries.filter(({ held }) => held).length}/${forgeries.length}`,
    duration(seconds.total * 1000),
  ]
}
