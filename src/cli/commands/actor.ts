import { ACTORS } from '../../../schemas/actor-names.ts'
import { serveActor } from '../../effects/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { didYouMean } from '../nearest.ts'
import { stdout } from '../output.ts'
import { openStore, storeName } from '../store.ts'
import { machineOf } from '../machine-options.ts'
import type { MachineOptions } from '../machine-options.ts'
import { usageError } from '../usage-error.ts'

export interface ActorOptions extends StoreFlags, MachineOptions {}

/** `kymo actor NAME`: one actor as a process of its own, for every run that leaves it apart, until a signal. */
export async function actor(name: string, options: ActorOptions): Promise<number> {
  const known = ACTORS.find((one) => one === name)
  if (known === undefined) throw usageError(`There is no actor ${name.slice(0, 60)}.${didYouMean(name, ACTORS)} The actors are: ${ACTORS.join(', ')}.`)
  const screen = stdout()
  const say = (message: string): void => screen.line(`${screen.colors.dim(new Date().toLocaleTimeString('en-GB'))} ${message}`)
  const client = await openStore(options, { what: `kymo actor ${known}`, create: true, onNotice: say })
  const machine = machineOf(options)
  const served = await serveActor({ client, actor: known, ...machine, onNotice: say })
  say(`${known} serves the store ${storeName(options)}: runs begun with "kymo run TASK --apart ${known}". Ctrl-C ends it.`)
  await untilSignal(say, () => served.close())
  await client.close()
  return EXIT.ok
}

/** Resolves once the first signal's work is done; a second signal ends the process at once. */
const untilSignal = (say: (message: string) => void, close: () => Promise<void>): Promise<void> => new Promise((resolve, reject) => {
  let signals = 0
  const stop = (): void => {
    if (++signals > 1) process.exit(EXIT.stopped)
    say('finishing up... (Ctrl-C again to stop at once)')
    close().then(resolve, reject)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
})
