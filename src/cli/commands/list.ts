import { messageOf } from '../../../schemas/errors.ts'
import { DEFAULT_PROFILE } from '../../../schemas/profile-names.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { age, change, number, oneLine } from '../format.ts'
import { printJson, stdout } from '../output.ts'
import type { Screen } from '../output.ts'
import { readMetrics } from '../read-metrics.ts'
import type { RunMetrics } from '../../replay/index.ts'
import { shortId } from '../run-names.ts'
import { listRuns, openStore, storeExists, storeName } from '../store.ts'
import type { ListedRun } from '../store.ts'
import { tableOf } from '../table.ts'

type Row = { run: ListedRun; summary: RunMetrics } | { run: ListedRun; problem: string }

/** `kymo list`: newest first. A damaged run is listed as such and makes the exit code 1. */
export async function list(flags: StoreFlags & { limit?: number }): Promise<number> {
  const screen = stdout()
  if (!storeExists(flags)) {
    if (flags.json === true) printJson([])
    else screen.line(`No runs yet: there is no store at ${storeName(flags)}. Begin one with: kymo run TASK (kymo task list shows the tasks)`)
    return EXIT.ok
  }
  const client = await openStore(flags, { what: 'kymo list' })
  try {
    const all = (await listRuns(client)).toSorted((a, b) => b.createdAt - a.createdAt)
    const rows: Row[] = []
    for (const run of all.slice(0, flags.limit ?? all.length)) {
      if (run.damage !== '') rows.push({ run, problem: run.damage })
      else rows.push(await readMetrics(client, run).then((summary) => ({ run, summary }), (error: unknown) => ({ run, problem: messageOf(error) })))
    }
    const damaged = rows.some((row) => 'problem' in row)
    if (flags.json === true) printJson(rows.map((row) => ('summary' in row ? row.summary : { run_id: row.run.id, status: 'damaged', problem: row.problem })))
    else if (rows.length === 0) screen.line(`No runs in ${storeName(flags)} yet. Begin one with: kymo run TASK (kymo task list shows the tasks)`)
    else screen.line(runTable(screen, rows, all.map(({ id }) => id)))
    if (flags.json !== true && all.length > rows.length) screen.line(screen.colors.dim(`${all.length - rows.length} more`))
    return damaged ? EXIT.failed : EXIT.ok
  } finally {
    await client.close()
  }
}

function runTable(screen: Screen, rows: readonly Row[], ids: readonly string[]): string {
  const { colors } = screen
  const now = Date.now()
  const cells = rows.map((row) => {
    const short = shortId(row.run.id, ids)
    const when = age(now - row.run.createdAt)
    if (!('summary' in row)) return [short, colors.red('damaged'), '', '', '', '', oneLine(row.problem, 60), '', when]
    const { status, task, profile, agent, steps, score } = row.summary
    return [short, paintStatus(screen, status), `${task}${profile === DEFAULT_PROFILE ? '' : ` (${profile})`}`, agent, String(steps), score === null ? '-' : number(score.value), score === null ? '' : change(score.improvement), score === null ? '' : score.success ? colors.green('yes') : 'no', when]
  })
  return tableOf(screen, [{ title: 'run' }, { title: 'status' }, { title: 'task' }, { title: 'agent' }, { title: 'steps', right: true }, { title: 'score', right: true }, { title: 'improvement', right: true }, { title: 'success' }, { title: 'age' }], cells)
}

/** A status in its colour. */
export function paintStatus({ colors }: Screen, status: string): string {
  if (status === 'finished') return colors.green(status)
  if (status === 'running') return colors.cyan(status)
  return status === 'failed' ? colors.red(status) : colors.yellow(status)
}
