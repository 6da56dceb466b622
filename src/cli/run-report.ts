import type { StoreClient } from '../bus/index.ts'
import { storeViews } from '../replay/index.ts'
import type { RunMetrics } from '../replay/index.ts'
import { EXIT, exitOfStatus } from './exit-codes.ts'
import { printJson } from './output.ts'
import type { Screen } from './output.ts'
import { readMetrics } from './read-metrics.ts'
import { shortId } from './run-names.ts'
import { nextLines, scoreBlock, unitOf } from './score-block.ts'
import { listRuns } from './store.ts'
import type { ListedRun } from './store.ts'

/** The end of a run, from its log: score, where to look next, or the JSON document. */
export async function report(client: StoreClient, runId: string, { screen, json, storeWords }: { screen: Screen; json: boolean; storeWords: string }): Promise<number> {
  const runs = await listRuns(client)
  const row = runs.find((run) => run.id === runId)
  if (row === undefined) return EXIT.failed
  const summary = await finalMetrics(client, row)
  const short = shortId(runId, runs.map((run) => run.id))
  screen.line()
  screen.line(scoreBlock(screen, summary, await unitOf(summary.task)))
  screen.line()
  screen.line(nextLines(screen, short, storeWords, summary.status))
  if (json) printJson(summary)
  return exitOfStatus(summary.status, summary.score !== null)
}

/** Keeps the metrics of a finished run, so that lists are quick; without them they are computed again. */
async function finalMetrics(client: StoreClient, row: ListedRun): Promise<RunMetrics> {
  if (!row.sealed) return { ...(await readMetrics(client, row)), status: 'interrupted' }
  try {
    return await storeViews(client, row.id)
  } catch {
    return readMetrics(client, row)
  }
}
