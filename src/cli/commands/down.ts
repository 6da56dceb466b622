import { resolve } from 'node:path'
import { isKymoError } from '../../../schemas/errors.ts'
import { StoreClient } from '../../bus/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { count } from '../format.ts'
import { printJson, stderr, stdout } from '../output.ts'
import { natsAddress, storeName } from '../store.ts'

/** `kymo down`: ends a store's service at once. Runs that were being served start it again: they are said. */
export async function down(options: StoreFlags): Promise<number> {
  const screen = options.json === true ? stderr() : stdout()
  const directory = resolve(options.store)
  let client: StoreClient
  try {
    client = await StoreClient.connect({ ...(options.nats === undefined ? { directory } : { nats: natsAddress(options.nats, directory) }), what: 'kymo down', autostart: false, patienceMs: 3000 })
  } catch (error) {
    if (!isKymoError(error, 'KYMO_STORE_UNREACHABLE')) throw error
    screen.line(`No service runs for ${storeName(options)}: nothing to end.`)
    if (options.json === true) printJson({ ended: false, runs_served: 0, clients: 0 })
    return EXIT.ok
  }
  const { runs_served: served, clients, pid } = await client.hello({})
  await client.down({ reason: 'kymo down' })
  await client.close()
  screen.line(`The service of ${storeName(options)} (pid ${pid}) ends.`)
  // This command is a client too.
  const others = Math.max(0, clients - 1)
  if (served > 0) screen.line(`${count(served, 'run was', 'runs were')} being served: ${served === 1 ? 'its process starts the service again and goes on' : 'their processes start the service again and go on'}; Ctrl-C there ends ${served === 1 ? 'it' : 'them'}.`)
  else if (others > 0) screen.line(`${count(others, 'other process was', 'other processes were')} connected and will start it again when they need it.`)
  if (options.json === true) printJson({ ended: true, runs_served: served, clients: others })
  return EXIT.ok
}
