import { attemptsOf, claimsOf, metricsOf, storeSource } from '../../replay/index.ts'
import { claimsBlock } from '../claims-block.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { bytes, change, count, duration, number, oneLine } from '../format.ts'
import { servicesLines, usageTable } from '../model-block.ts'
import { printJson, stdout } from '../output.ts'
import { findRun, openStore } from '../store.ts'
import { tableOf } from '../table.ts'
import { paintStatus } from './list.ts'

/** `kymo metrics`: computed from the log each time. */
export async function metrics(name: string, flags: StoreFlags): Promise<number> {
  const client = await openStore(flags, { what: 'kymo metrics' })
  try {
    const { run } = await findRun(client, name, flags)
    await using source = await storeSource(client, run.id)
    const found = await metricsOf(source)
    const repeated = await attemptsOf(source)
    const claims = await claimsOf(source)
    if (flags.json === true) {
      printJson({ ...found, repeated, claims })
      return EXIT.ok
    }
    const screen = stdout()
    const { colors } = screen
    const row = (label: string, value: string): void => screen.line(`${colors.dim(label.padEnd(11))}${value}`)
    row('run', run.id)
    row('status', paintStatus(screen, found.status))
    row('time', `${duration(found.run_time_ms)}, of it in scripts ${duration(found.script_ms)}${share(found.script_ms, found.run_time_ms)}${found.downtime_ms > 0 ? `; cut off for ${duration(found.downtime_ms)}, resumed ${count(found.resumed, 'time')}` : ''}`)
    row('log', `${count(found.events, 'event')}, ${count(found.steps, 'step')}${found.steps > 0 ? `, ${(found.events / found.steps).toFixed(1)} events a step` : ''}`)
    row('attempts', `${found.attempts} at effects${found.lost > 0 ? `, ${colors.yellow(`${found.lost} lost and made again`)}` : ', none lost'}`)
    if (found.workspace !== null) row('workspace', `${count(found.workspace.files, 'file')}, ${bytes(found.workspace.bytes)}`)
    if (found.score !== null) row('score', `${number(found.score.value)} (${found.score.metric}), baseline ${number(found.score.baseline)}, ${change(found.score.improvement)}, ${found.score.success ? 'a success' : 'no success'}`)
    const models = usageTable(screen, found.usage)
    if (models !== '') {
      screen.line()
      screen.line(models)
    }
    const services = servicesLines(found.services)
    if (services.length > 0) {
      screen.line()
      for (const [index, [whose, what]] of services.entries()) row(index === 0 ? 'services' : '', `${whose}: ${what}`)
      screen.line(colors.dim(`${' '.repeat(11)}asked by programs through the task's services, apart from the models above; what scripts ask counts towards the run's limits, grading does not`))
    }
    const actions = Object.entries(found.actions)
    if (actions.length > 0) {
      screen.line()
      screen.line(tableOf(screen, [{ title: 'action' }, { title: 'count', right: true }, { title: 'ok', right: true }, { title: 'refused', right: true }, { title: 'failed', right: true }, { title: 'why' }],
        actions.map(([action, { count: all, ok, refused, failed, codes }]) => [oneLine(action, 40), String(all), String(ok), String(refused), String(failed), Object.entries(codes).map(([code, times]) => `${code} ${times}`).join(', ')])))
    }
    if (found.intermediate.length > 0) {
      screen.line()
      screen.line(tableOf(screen, [{ title: 'step', right: true }, { title: 'score', right: true }, { title: 'improvement', right: true }],
        found.intermediate.map(({ step, score, error }) => [String(step), score === null ? oneLine(error?.message ?? 'not graded', 60) : number(score.value), score === null ? '' : change(score.improvement)])))
    }
    const unsupported = claimsBlock(screen, claims)
    if (unsupported !== '') {
      screen.line()
      screen.line(unsupported)
    }
    return EXIT.ok
  } finally {
    await client.close()
  }
}

const share = (part: number, whole: number): string => (whole > 0 ? ` (${Math.round((100 * part) / whole)} %)` : '')
