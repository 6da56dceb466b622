import { ACTORS } from '../../../schemas/actor-names.ts'
import type { ActorName } from '../../../schemas/actor-names.ts'
import { decodeRecord, parseRunId } from '../../../schemas/record.ts'
import type { StoreClient } from '../../bus/index.ts'
import { checkKeys } from '../../effects/index.ts'
import { setting } from '../dotenv.ts'
import { runHeader } from '../run-header.ts'
import { shortId } from '../run-names.ts'
import { readMetrics } from '../read-metrics.ts'
import { screenFor, serveWithView } from '../serve-run.ts'
import type { Notices } from '../serve-run.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson } from '../output.ts'
import { findRun, listRuns, openStore, storeArgument, storeName } from '../store.ts'
import type { ListedRun } from '../store.ts'
import type { StoreFlags } from '../flags.ts'
import { machineOf } from '../machine-options.ts'
import type { MachineOptions } from '../machine-options.ts'
import { usageError } from '../usage-error.ts'

export interface ResumeOptions extends StoreFlags, MachineOptions { apart?: ActorName[]; interactive?: boolean; quiet?: boolean }

/** `kymo resume`: goes on with a run that was cut off. A finished run shows its score again; one that is being served is left to its process. */
export async function resume(name: string | undefined, options: ResumeOptions): Promise<number> {
  const json = options.json === true
  const screen = screenFor(json)
  const notices: Notices = { show: (message) => screen.line(`note  ${message}`) }
  const client = await openStore(options, { what: 'kymo resume', onNotice: (message) => notices.show(message) })
  const storeWords = storeArgument(options)
  try {
    const row = name === undefined ? newestInterrupted(await listRuns(client)) : (await findRun(client, name, options)).run
    if (row === undefined) {
      screen.line(`No run in ${storeName(options)} was cut off: nothing to resume.`)
      if (json) printJson(null)
      return EXIT.ok
    }
    const short = shortId(row.id)
    if (row.served) throw usageError(`Run ${short} is being served by ${row.servedBy}. Follow it with: kymo trace ${short}${storeWords}; or stop that process first.`, 'KYMO_RUN_SERVED')
    if (row.sealed) {
      screen.line(`Run ${short} is finished already.`)
      return await (await import('../run-report.ts')).report(client, row.id, { screen, json, storeWords })
    }
    const summary = await readMetrics(client, row)
    screen.line(runHeader(screen, { runId: row.id, task: `${summary.task} (${summary.profile})`, agent: summary.agent, store: options, cutOffMs: Date.now() - row.updatedAt, steps: summary.steps }))
    const apart = options.apart ?? ACTORS.filter((actor) => row.apart.includes(actor))
    const machine = machineOf(options)
    if (!apart.includes('llm-tool')) checkKeys(await modelsOfRun(client, row.id), setting)
    return await serveWithView({ client, runId: row.id, seenSeq: row.headSeq, apart, machine, quiet: options.quiet === true, json, storeWords, notices, interactive: options.interactive === true || summary.agent === 'human' })
  } finally {
    await client.close()
  }
}

/** The models that a run was begun with, as recorded; '{}' for none. */
async function modelsOfRun(client: StoreClient, runId: string): Promise<string> {
  const { records } = await client.read({ run_id: parseRunId(runId), from_seq: 0, limit: 1 })
  const first = records[0] === undefined ? undefined : decodeRecord(Uint8Array.from(records[0]))
  return first?.type === 'run.started' ? first.payload.llm : '{}'
}

const newestInterrupted = (runs: readonly ListedRun[]): ListedRun | undefined => runs.filter((run) => run.interrupted && run.damage === '').toSorted((a, b) => b.createdAt - a.createdAt)[0]
