import { resolve } from 'node:path'
import { isKymoError, messageOf } from '../../../schemas/errors.ts'
import { recordServiceFailure, startService } from '../../bus/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { stdout } from '../output.ts'
import { natsAddress, refuseOtherFolder, storeExists } from '../store.ts'

export interface ServeOptions extends StoreFlags { background?: boolean; idleMs?: number }

/** How long a service that was started by a command outlives its last client. */
const IDLE_MS = 30_000

/** `kymo serve`: serves a store until a signal, `kymo down`, or (in the background) until nobody needs it. */
export async function serve(options: ServeOptions): Promise<number> {
  const directory = resolve(options.store)
  const background = options.background === true
  const log = background ? await fileLog() : peopleLog()
  let leave: (reason: string) => void = () => undefined
  const left = new Promise<string>((done) => { leave = done })
  try {
    if (!storeExists({ store: options.store })) refuseOtherFolder(directory)
    const service = await startService({
      directory, idleMs: options.idleMs ?? (background ? IDLE_MS : 0), onProblem: log, onLeave: () => leave('nobody needs it, or "kymo down" was typed'),
      ...(options.nats === undefined ? {} : { nats: natsAddress(options.nats, directory) }),
    })
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => { void service.close().then(() => leave(signal)) })
    log(`serving ${directory} on ${service.endpoint.url} (pid ${process.pid})`)
    if (!background) log('Ctrl-C ends it; whoever records then starts it again in the background')
    log(`ended: ${await left}`)
    return EXIT.ok
  } catch (error) {
    recordServiceFailure(directory, error)
    if (isKymoError(error, 'KYMO_STORE_LOCKED')) {
      log(`another process serves ${directory} already: ${messageOf(error)}`)
      return EXIT.ok
    }
    if (!background) throw error
    log(`cannot serve ${directory}: ${messageOf(error)}`)
    return EXIT.failed
  }
}

const peopleLog = (): ((message: string) => void) => {
  const { line, colors } = stdout()
  return (message) => line(`${colors.dim(new Date().toLocaleTimeString('en-GB'))} ${message}`)
}

/** One JSON line per notice, with its time. A log that cannot be written (a full disk) must not end the service. */
async function fileLog(): Promise<(message: string) => void> {
  const { pino } = await import('pino')
  const destination = pino.destination({ fd: 1, sync: true })
  destination.on('error', () => undefined)
  const logger = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return (message) => {
    try {
      logger.info(message)
    } catch {
      // as above
    }
  }
}
