import type { ActorName } from '../../schemas/actor-names.ts'
import { askPerson } from './ask-person.ts'
import { ACTORS } from '../../schemas/actor-names.ts'
import { messageOf } from '../../schemas/errors.ts'
import { readText } from '../blobs/index.ts'
import type { StoreClient } from '../bus/index.ts'
import { serveRun } from '../effects/index.ts'
import type { MachineRoomOptions } from '../effects/index.ts'
import { EXIT } from './exit-codes.ts'
import { lastWords, stderr, stdout } from './output.ts'
import type { Screen } from './output.ts'
import { RunView } from './run-view.ts'
import { shortId } from './run-names.ts'
import { programName } from './program-name.ts'

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
  const view = new RunView({ screen, seenSeq, quiet, read: (hash) => readText(client.blobs, hash) })
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
    // Loaded at the end, which is far from a run's start.
    const { report } = await import('./run-report.ts')
    return await report(client, runId, { screen, json, storeWords })
  } finally {
    person?.close()
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    process.off('SIGHUP', stop)
  }
}
