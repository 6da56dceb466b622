import { existsSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { formatRunId } from '../../schemas/record.ts'
import { KymoError } from '../../schemas/errors.ts'
import { hex } from '../../schemas/hash.ts'
import { StoreClient, readEndpoint } from '../bus/index.ts'
import { setting } from './dotenv.ts'
import type { StoreFlags } from './flags.ts'
import { usageError } from './usage-error.ts'
import { chooseRun } from './run-names.ts'

/** `--nats` may carry a token: nats://TOKEN@host:port; or it stands in KYMO_NATS_TOKEN, or the store's folder knows it. */
export function natsAddress(text: string, directory?: string): { url: string; token: string } {
  let url: URL
  try {
    url = new URL(text.includes('://') ? text : `nats://${text}`)
  } catch {
    throw usageError(`"${text}" is no NATS address. Write --nats nats://host:4222, with a token: nats://TOKEN@host:4222.`)
  }
  if (!['nats:', 'tls:', 'ws:', 'wss:'].includes(url.protocol) || url.hostname === '') throw usageError(`"${text}" is no NATS address. Write --nats nats://host:4222, with a token: nats://TOKEN@host:4222.`)
  const address = `${url.protocol}//${url.host}`
  const known = directory === undefined ? undefined : readEndpoint(resolve(directory))
  const token = url.username !== '' ? decodeURIComponent(url.username) : setting('KYMO_NATS_TOKEN') ?? (known?.url === address ? known.token : '')
  return { url: address, token }
}

/** How people read a store's place. */
export const storeName = (flags: StoreFlags): string => (flags.nats === undefined ? relative('', resolve(flags.store)) || '.' : withoutToken(flags.nats))

/** A token does not belong on a screen or into a log. */
export const withoutToken = (address: string): string => address.replace(/\/\/[^@/]*@/, '//')

/** The part of a command line that names this store again, '' for the default one. */
export const storeArgument = (flags: StoreFlags): string => (flags.nats !== undefined ? ` --nats ${flags.nats}` : flags.store === '.kymo' || process.env['KYMO_STORE'] === flags.store ? '' : ` --store ${quote(flags.store)}`)

/** A word for a shell. */
export const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll('\'', '\'\\\'\'')}'`)

export const storeExists = (flags: StoreFlags): boolean => flags.nats !== undefined || existsSync(join(flags.store, 'store.json'))

interface OpenOptions { what: string; create?: boolean; onNotice?: (message: string) => void; patienceMs?: number }

/** Connects to the store, starting its service if there is none. Without `create` there must be a store: reading makes none. */
export async function openStore(flags: StoreFlags, { what, create = false, onNotice, patienceMs }: OpenOptions): Promise<StoreClient> {
  if (!storeExists(flags)) {
    if (!create) throw usageError(`There is no store at ${storeName(flags)}. "kymo run TASK" makes one; --store FOLDER (or KYMO_STORE) names another.`, 'KYMO_NO_STORE')
    refuseOtherFolder(flags.store)
  }
  const directory = resolve(flags.store)
  return StoreClient.connect({
    ...(flags.nats === undefined ? { directory } : { nats: natsAddress(flags.nats, directory) }), what, ...(onNotice === undefined ? {} : { onNotice }), ...(patienceMs === undefined ? {} : { patienceMs }),
  })
}

/** A store is not made among other people's files. */
export function refuseOtherFolder(folder: string): void {
  let names: string[]
  try {
    names = existsSync(folder) ? readdirSync(folder) : []
  } catch (error) {
    throw new KymoError('KYMO_STORE_UNAVAILABLE', `the folder ${folder} cannot be used as a store (${(error as Error).message}). Name another one with --store`)
  }
  const foreign = names.find((name) => !/^(service\.(log|failed)|lost\+found)$/.test(name))
  if (foreign !== undefined) throw usageError(`The folder ${folder} is no store and holds other things, like ${foreign}. Name a new folder with --store.`, 'KYMO_NO_STORE')
}

export interface ListedRun { id: string; createdAt: number; updatedAt: number; headSeq: number; headHash: string; sealed: boolean; served: boolean; servedBy: string; damage: string; apart: string[]; interrupted: boolean }

/** The runs of a store as its journal lists them. */
export async function listRuns(client: StoreClient): Promise<ListedRun[]> {
  const { runs } = await client.list({})
  return runs.map((row) => ({
    id: formatRunId(Uint8Array.from(row.run_id)), createdAt: row.created_at_ms, updatedAt: row.updated_at_ms, headSeq: row.head_seq, headHash: hex(row.head_hash), sealed: row.sealed, served: row.served, servedBy: row.served_by,
    damage: row.damage, apart: [...row.apart], interrupted: !row.sealed && !row.served,
  }))
}

/** The run a person named, and all others. Throws as chooseRun. */
export async function findRun(client: StoreClient, name: string, flags: StoreFlags): Promise<{ run: ListedRun; runs: ListedRun[] }> {
  const runs = await listRuns(client)
  return { run: chooseRun(name, runs, Date.now(), `the store ${storeName(flags)}`), runs }
}
