import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { execa } from 'execa'
import { atLeast, ok } from './row.ts'
import type { DoctorRow } from './row.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const executable = (path: string): Promise<boolean> => access(path, constants.X_OK).then(() => true, () => false)

/** First line of a program's --version, or undefined if it does not run. */
export async function versionOf(path: string, args: string[] = ['--version']): Promise<string | undefined> {
  const result = await execa(path, args, { reject: false, timeout: 10_000, stdin: 'ignore' })
  return result.failed ? undefined : (result.stdout || result.stderr).split('\n')[0]
}

/** A program on PATH, or in the further folders (Debian's /usr/sbin is not on everybody's PATH). */
export async function findProgram(name: string, environment: Environment, further: string[] = []): Promise<string | undefined> {
  for (const folder of [...(environment['PATH'] ?? '').split(delimiter).filter(isAbsolute), ...further]) {
    if (await executable(join(folder, name))) return join(folder, name)
  }
  return undefined
}

export function nodeRow(version = process.version): DoctorRow {
  if (atLeast(version, '20.19')) return ok('node', version)
  return { what: 'node', state: 'too old', detail: `${version}, needs 20.19 or newer`, fix: 'install a newer Node.js from https://nodejs.org' }
}

export async function npmRow(environment: Environment): Promise<DoctorRow> {
  const path = await findProgram('npm', environment)
  const version = path === undefined ? undefined : await versionOf(path)
  if (version !== undefined) return ok('npm', version)
  return { what: 'npm', state: 'warning', detail: 'not found; only setting up needs it', fix: 'it comes with Node.js from https://nodejs.org (Debian: sudo apt-get install npm)' }
}

const NATS_FIX = 'sudo apt-get install nats-server (macOS: brew install nats-server), or set NATS_SERVER to its path'
export const OLDEST_NATS = '2.9'

/** Searched as the store's service searches: $NATS_SERVER, PATH, /usr/sbin, /usr/local/{sbin,bin}. */
export async function natsRow(environment: Environment, further = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin']): Promise<DoctorRow> {
  const what = 'nats-server'
  const named = environment['NATS_SERVER'] ?? ''
  if (named !== '' && !(await executable(named))) return { what, state: 'missing', detail: `NATS_SERVER is ${named}, which cannot be run`, fix: 'correct NATS_SERVER or unset it' }
  const path = named !== '' ? named : await findProgram('nats-server', environment, further)
  if (path === undefined) return { what, state: 'missing', detail: 'not found', fix: NATS_FIX }
  const version = /\d+\.\d+(\.\d+)?/.exec(await versionOf(path) ?? '')?.[0]
  if (version === undefined) return { what, state: 'missing', detail: `${path} does not run`, fix: NATS_FIX }
  if (!atLeast(version, OLDEST_NATS)) return { what, state: 'too old', detail: `${version} (${path}), needs ${OLDEST_NATS} or newer`, fix: NATS_FIX }
  return ok(what, `${version} (${path})`)
}
