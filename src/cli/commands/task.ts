import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPython } from '../../effects/python/index.ts'
import { findData, isQuick, listTasks, loadTask, pythonDependencies, readBaselines, taskFor } from '../../effects/tasks/index.ts'
import type { Task } from '../../effects/tasks/index.ts'
import { PROFILES } from '../../../schemas/task.ts'
import type { ProfileName } from '../../../schemas/task.ts'
import { messageOf } from '../../../schemas/errors.ts'
import { EXIT } from '../exit-codes.ts'
import { bytes, count, duration, number, oneLine } from '../format.ts'
import { printJson, stdout } from '../output.ts'
import { tableOf } from '../table.ts'

interface JsonFlag { json?: boolean }

/** `kymo task list`: a task whose manifest is wrong is listed with its problem, and makes the exit code 1. */
export async function taskList({ json }: JsonFlag): Promise<number> {
  const tasks = await listTasks()
  const broken = tasks.some((listing) => 'problem' in listing)
  const data = new Map(await Promise.all(tasks.flatMap((listing) => ('task' in listing ? [listing.task] : [])).map(async (task) => [task.name, { small: await dataHere(task, 'small'), full: await dataHere(task, 'full') }] as const)))
  if (json === true) {
    printJson(tasks.map((listing) => ('task' in listing
      ? { name: listing.name, title: listing.task.manifest.title, summary: listing.task.manifest.summary, metric: listing.task.manifest.metric, folder: listing.folder, data: data.get(listing.name) }
      : { name: listing.name, folder: listing.folder, problem: listing.problem.message })))
    return broken ? EXIT.failed : EXIT.ok
  }
  const screen = stdout()
  if (tasks.length === 0) screen.line('There are no tasks here. KYMO_TASKS names a folder whose subfolders are tasks.')
  const rows = tasks.map((listing) => ('task' in listing
    ? [screen.colors.bold(listing.name), listing.task.manifest.metric.name, `${data.get(listing.name)?.small.short ?? ''}, ${data.get(listing.name)?.full.short ?? ''}`, oneLine(listing.task.manifest.summary, 100)]
    : [screen.colors.red(listing.name), '', '', `${screen.colors.red('broken')} ${oneLine(listing.problem.message, 160)}`]))
  if (rows.length > 0) screen.line(tableOf(screen, [{ title: 'task' }, { title: 'metric' }, { title: 'data: small, full' }, { title: 'what to do' }], rows))
  const [first] = tasks.flatMap((listing) => ('task' in listing ? [listing] : []))
  if (first !== undefined) screen.line(`\nSee one: kymo task show ${first.name}     run one: kymo run ${first.name}`)
  return broken ? EXIT.failed : EXIT.ok
}

/** `kymo task show TASK`. */
export async function taskShow(name: string, { json }: JsonFlag): Promise<number> {
  const { manifest, folder } = await loadTask(name)
  const description = await readFile(join(folder, manifest.description), 'utf8')
  const task: Task = { name, folder, manifest }
  const baselines = await readBaselines(task)
  const data = { small: await dataHere(task, 'small'), full: await dataHere(task, 'full') }
  const pythons = await Promise.all(PROFILES.map(async (profile) =>
    findPython({ dependencies: pythonDependencies(manifest.profiles[profile]), task: `${name} --profile ${profile}` }).then((python) => ({ ok: true, detail: `Python ${python.version} (${python.executable})` }), (error: Error) => ({ ok: false, detail: error.message }))))
  if (json === true) {
    printJson({ ...manifest, folder, description_text: description, python_here: { small: pythons[0], full: pythons[1] }, data_here: data, baseline: baselines })
    return EXIT.ok
  }
  const screen = stdout()
  const { colors } = screen
  const row = (label: string, value: string): void => screen.line(`${colors.dim(label.padEnd(12))}${value}`)
  const better = manifest.metric.higher_is_better ? 'higher is better' : 'lower is better'
  screen.line(`${colors.bold(manifest.name)}  ${manifest.title}`)
  screen.line()
  row('what to do', manifest.summary)
  row('metric', `${manifest.metric.name}${manifest.metric.unit === '1' ? '' : `, ${manifest.metric.unit}`} (${better}); success is ${manifest.success_improvement * 100} % better than the starter`)
  if (manifest.paper !== undefined) row('paper', `${manifest.paper.row}: ${manifest.paper.metric}${manifest.paper.note === undefined ? '' : `. ${oneLine(manifest.paper.note, 200)}`}`)
  row('starter', `${join(folder, manifest.starter)} (begins with ${manifest.entry})`)
  if (manifest.read_only.length > 0) row('read-only', manifest.read_only.join(', '))
  for (const [index, profile] of PROFILES.entries()) {
    const { script, python, hardware, gpu, network } = manifest.profiles[profile]
    const needs = [...python.dependencies, ...(gpu > 0 ? [`${gpu} GPU`] : []), ...(network ? ['network'] : [])]
    row(profile, `${hardware}; a script may take ${duration(script.wall_seconds * 1000)}, ${bytes(script.memory_mib * 2 ** 20)} of memory; needs ${needs.length === 0 ? 'nothing more' : needs.join(', ')}`)
    const here = pythons[index]
    row('', here?.ok === true ? colors.green(`here: ${here.detail}`) : colors.yellow(`here: ${here?.detail ?? ''}`))
    if (manifest.data !== undefined) row('', data[profile].ready ? colors.green(`data: ${data[profile].detail}`) : colors.yellow(`data: ${data[profile].detail}`))
    const measured = baselines[profile]
    if (measured !== null) row('', `baseline: ${number(measured.mean)}${measured.deviation === null ? '' : ` ± ${number(Number(measured.deviation.toPrecision(2)))}`} (${count(measured.runs.length, 'run')} of the starter, ${measured.measured})`)
  }
  row('licence', `${manifest.source.licence}; data: ${manifest.source.data}`)
  screen.line()
  screen.line(description.trim())
  screen.line()
  const play = `kymo run ${manifest.name} --agent scripted --agent-config`
  row('run it', `kymo run ${manifest.name}     at the paper's size: kymo run ${manifest.name} --profile full`)
  if (manifest.demo !== undefined) row('demo', `${play} script=${join(folder, manifest.demo)}`)
  if (manifest.reference !== undefined) row('see it done', `${play} script=reference`)
  return EXIT.ok
}

interface DataHere { ready: boolean; short: string; detail: string }

/** Whether a run of this profile finds its data here, and what it costs to make or fetch them. */
async function dataHere(given: Task, profile: ProfileName): Promise<DataHere> {
  const task = taskFor(given, profile)
  const { download_mib, disk_mib, consent } = task.manifest.profiles[profile]
  const found = await findData(task, profile).catch((error: unknown) => ({ problem: messageOf(error) }))
  if (found === undefined) return { ready: true, short: 'none', detail: 'none is needed' }
  if ('problem' in found) return { ready: false, short: 'damaged', detail: found.problem }
  if (!('missing' in found)) return { ready: true, short: 'here', detail: `in ${found.public.folder}` }
  const costs = [...(download_mib > 0 ? [`a download of about ${bytes(download_mib * 2 ** 20)}`] : []), ...(disk_mib > 0 ? [`${bytes(disk_mib * 2 ** 20)} of disk`] : []), ...(consent === undefined ? [] : [`an account at ${consent}`])]
  const quick = isQuick(task.manifest.profiles[profile])
  return { ready: quick, short: quick ? 'made' : bytes(download_mib * 2 ** 20), detail: `${quick ? 'made when it is first needed' : `not here yet: kymo task prepare ${task.name} --profile ${profile}`}${costs.length === 0 ? '' : ` (${costs.join(', ')})`}` }
}
