import { isKymoError, messageOf } from '../../../schemas/errors.ts'
import { OLDEST_PYTHON, findPython } from '../../effects/python/index.ts'
import type { PythonDependencies } from '../../effects/python/index.ts'
import { probeBwrap } from '../../effects/sandbox/index.ts'
import { diskRow, gpuRow, memoryRow } from './machine.ts'
import { natsRow, nodeRow, npmRow } from './programs.ts'
import type { Environment } from './programs.ts'
import { ok } from './row.ts'
import type { DoctorRow } from './row.ts'

export interface DoctorOptions {
  /** What each task's scripts import, from its manifest. */
  tasks?: readonly { name: string; profile: string; dependencies: PythonDependencies }[]
  /** --python */
  python?: string | undefined
  store?: string
  cacheDir?: string
  environment?: Environment
}

async function sandboxRow(environment: Environment): Promise<DoctorRow> {
  const probe = await probeBwrap({ path: environment['PATH'] ?? '' })
  if (probe.ok) return ok('sandbox', `bubblewrap ${probe.sandbox.version}, tried and works`)
  return { what: 'sandbox', state: 'missing', detail: probe.reason, fix: probe.fix }
}

async function pythonRow(what: string, dependencies: PythonDependencies, { python, cacheDir }: DoctorOptions): Promise<DoctorRow> {
  try {
    const found = await findPython({ explicit: python, dependencies, cacheDir })
    const packages = Object.entries(found.packages).map(([name, version]) => `${name} ${version}`)
    return ok(what, [`Python ${found.version} (${found.source}, ${found.executable})`, ...packages].join(', '))
  } catch (error) {
    if (!isKymoError(error)) return { what, state: 'missing', detail: messageOf(error), fix: '' }
    // The sentence ends with what to type.
    const cut = error.message.search(/ Install /)
    return { what, state: 'missing', detail: cut < 0 ? error.message : error.message.slice(0, cut), fix: cut < 0 ? '' : error.message.slice(cut + 1).replace('prepare TASK', `prepare ${what.replace(/^task (\S+) \((\w+)\)$/, '$1 --profile $2')}`) }
  }
}

/**
 * Looks at everything that a run needs and says for each what is there, and what to type if it is not. Starts nothing that stays, installs nothing.
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorRow[]> {
  const { tasks = [], store = '.kymo', environment = process.env } = options
  const base = { pip: [], debian: [], requires: `>=${OLDEST_PYTHON}` }
  return Promise.all([
    nodeRow(), npmRow(environment), natsRow(environment), sandboxRow(environment), pythonRow('python', base, options),
    ...tasks.map(({ name, profile, dependencies }) => pythonRow(`task ${name} (${profile})`, dependencies, options)),
    diskRow(store), memoryRow(), gpuRow(environment),
  ])
}

/** Whether a run can work: nothing but tasks' own packages may be missing, and of the tasks one must be able to run. */
export function canRun(rows: readonly DoctorRow[]): boolean {
  const bad = (row: DoctorRow): boolean => row.state === 'missing' || row.state === 'too old'
  const tasks = rows.filter((row) => row.what.startsWith('task '))
  return !rows.some((row) => !tasks.includes(row) && bad(row)) && (tasks.length === 0 || tasks.some((row) => !bad(row)))
}
