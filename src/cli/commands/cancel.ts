import { KymoError } from '../../../schemas/errors.ts'
import { cancelRun } from '../../effects/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { printJson, stderr, stdout } from '../output.ts'
import { programName } from '../program-name.ts'
import { shortId } from '../run-names.ts'
import { findRun, openStore, storeArgument } from '../store.ts'

/** `kymo cancel RUN`: ends a run for good. One that nobody serves ends when it is resumed. */
export async function cancel(name: string, options: StoreFlags & { reason: string }): Promise<number> {
  const client = await openStore(options, { what: 'kymo cancel' })
  try {
    const { run } = await findRun(client, name, options)
    if (run.sealed) throw new KymoError('KYMO_RUN_FINISHED', `Run ${shortId(run.id)} has ended already; "kymo show ${shortId(run.id)}" tells how.`)
    await cancelRun(client, run.id, options.reason)
    const screen = options.json === true ? stderr() : stdout()
    screen.line(run.served ? `run ${shortId(run.id)} is told to end (it is ${run.servedBy})` : `run ${shortId(run.id)} will end when it is resumed: ${programName()} resume ${shortId(run.id)}${storeArgument(options)}`)
    if (options.json === true) printJson({ run_id: run.id, served: run.served })
    return EXIT.ok
  } finally {
    await client.close()
  }
}
