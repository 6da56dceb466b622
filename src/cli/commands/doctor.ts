import { listTasks, loadTask, pythonDependencies } from '../../effects/tasks/index.ts'
import type { Task } from '../../effects/tasks/index.ts'
import { canRun, doctor } from '../doctor/index.ts'
import type { DoctorRow } from '../doctor/index.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson, stdout } from '../output.ts'

export interface DoctorFlags { json?: boolean; python?: string; store: string }

/** `kymo doctor [TASK]`: exit code 1 when no run can work here. */
export async function doctorCommand(name: string | undefined, { json, python, store }: DoctorFlags): Promise<number> {
  const found: Task[] = name === undefined ? (await listTasks()).flatMap((listing) => ('task' in listing ? [listing.task] : [])) : [await loadTask(name)]
  const tasks = found.flatMap((task) => {
    const full = { name: task.name, profile: 'full', dependencies: pythonDependencies(task.manifest.profiles.full) }
    const small = { name: task.name, profile: 'small', dependencies: pythonDependencies(task.manifest.profiles.small) }
    return JSON.stringify(full.dependencies) === JSON.stringify(small.dependencies) ? [small] : [small, full]
  })
  const rows = await doctor({ tasks, store, ...(python === undefined ? {} : { python }) })
  const able = canRun(rows)
  if (json === true) {
    printJson({ ok: able, rows })
    return able ? EXIT.ok : EXIT.failed
  }
  const screen = stdout()
  const { colors } = screen
  const width = Math.max(...rows.map((row) => row.what.length))
  const paint: Record<DoctorRow['state'], (text: string) => string> = { ok: colors.green, warning: colors.yellow, missing: colors.red, 'too old': colors.red }
  for (const { what, state, detail, fix } of rows) {
    screen.line(`${paint[state](state.padEnd(8))} ${what.padEnd(width)}  ${detail}`)
    if (fix !== '') screen.line(`${' '.repeat(width + 11)}${colors.bold('->')} ${fix}`)
  }
  screen.line(able ? `\nThis machine can run ${name ?? 'tasks'}: kymo run ${name ?? tasks[0]?.name ?? 'TASK'}` : '\nSomething is missing: do what the arrows say, then look again with "kymo doctor".')
  return able ? EXIT.ok : EXIT.failed
}
