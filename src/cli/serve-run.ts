import type { ActorName } from '../../schemas/actor-names.ts'
import { askPerson } from './ask-person.ts'
import { ACTORS } from '../../schemas/actor-names.ts'
import { messageOf } from '../../schemas/errors.ts'
import type { StoreClient } from '../bus/index.ts'
import { serveRun } from '../effects/index.ts'
import type { MachineRoomOptions } from '../effects/index.ts'
import { EXIT, exitOfStatus } from './exit-codes.ts'
import { lastWords, printJson, stderr, stdout } from './output.ts'
import type { Screen } from './output.ts'
import { readMetrics } from './read-metrics.ts'
import { RunView } from './run-view.ts'
import { shortId } from './run-names.ts'
import { nextLines, scoreBlock, unitOf } from './score-block.ts'
import { programName } from './program-name.ts'
import { listRuns } from './store.ts'
import type { ListedRun } from './store.ts'
import { storeViews } from '../replay/index.ts'
import type { RunMetrics } from '../replay/index.ts'

/** Notices of the client before and while a run is on the screen. */
export interface Notices { show: (message: string) => void }

export interface ServeOptions {
  client: StoreClient
  runId: string
  seenSeq: number
  apart: readonly ActorName[]
  machine: MachineRoomOptions
  quiet: boolean
  json: boolean
  storeWords: string
  notices: Notices
  /** a person sits here and answers questions */
  interactive?: boolean
}

export const screenFor = (json: boolean): Screen => (json ? stderr() : stdout())

/** Serves a run with its story on the screen, until it is finished or cut off; gives the exit code. */
export async function serveWithView({ client, runId, seenSeq, apart, machine, quiet, json, storeWords, notices, interactive = false }: ServeOptions): Promise<number> {
  const screen = screenFor(json)
  const view = new RunView({ screen, seenSeq, quiet, read: async (hash) => Buffer.from(await client.blobs.get(hash)).toString() })
  notices.show = (message) => view.notice(message)
  const short = shortId(runId)
  const person = interactive ? askPerson(screen, (work) => view.whileAsking(work)) : undefined
  const session = await serveRun({
    client, runId, ...machine, ...(person === undefined ? {} : { ask: person.ask }), actors: new Set(ACTORS.filter((actor) => !apart.includes(actor))),
    onEvent: (event) => view.onEvent(event), onOutput: (stream, chunk) => view.onOutput(stream, chunk),
  })
  if (apart.length > 0) view.notice(`${apart.join(' and ')} ${apart.length === 1 ? 'is' : 'are'} left to ${apart.map((name) => `"${programName()} actor ${name}${storeWords}"`).join(' and ')}`)
  view.start()

  let signals = 0
  const stop = (): void => {
    signals++
    if (signals > 1) {
      view.abandon()
      // Scripts of this process die with it; their attempts are given to whoever resumes.
      lastWords(`stopped at once; "${programName()} resume ${short}${storeWords}" goes on`)
      process.exit(EXIT.stopped)
    }
    view.notice('finishing up... (Ctrl-C again to stop at once)')
    void session.interrupt()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  try {
    const ending = await session.finished
    await view.finish()
    notices.show = (message) => screen.line(`note  ${message}`)
    if (ending.how === 'interrupted' && ending.error !== undefined) screen.line(`${screen.colors.red('cut off')} ${messageOf(ending.error)}`)
    return await report(client, runId, { screen, json, storeWords })
  } finally {
    person?.close()
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    process.off('SIGHUP', stop)
  }
}

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
