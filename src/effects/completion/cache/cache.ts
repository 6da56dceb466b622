import { isKymoError } from '../../../../schemas/errors.ts'
import { sha256Hex } from '../../../../schemas/hash.ts'
import type { StoreConnection } from '../../../bus/index.ts'
import type { ProviderAnswer, ProviderRequest } from '../provider.ts'
import { decodeEntry, encodeEntry, isWorthKeeping } from './entry.ts'

type Store = Pick<StoreConnection, 'viewGet' | 'viewPut' | 'blobs'>
type Asked = Pick<ProviderRequest, 'key' | 'endpoint' | 'settings'>

/** Views belong to runs; those of the store itself stand under this id, which no run has. */
const STORE_ITSELF = new Uint8Array(16)
/** A larger answer is kept as a blob that the row names. */
const MAX_ROW = 48 * 1024

const rowOf = ({ key, endpoint }: Asked): string => `completion/${sha256Hex('kymo.cache\0', key, '\0', endpoint)}`

/**
 * The answer that the very same request got before, in whatever run of this store, with the usage of that call. What is missing, damaged or of
 * another version is a miss. Throws only what says that the store is away.
 */
export async function cachedAnswer(store: Store, request: Asked): Promise<Extract<ProviderAnswer, { ok: true }> | undefined> {
  try {
    const reply = await store.viewGet({ run_id: STORE_ITSELF, name: rowOf(request) })
    if (!reply.found) return undefined
    const row = Uint8Array.from(reply.data)
    const blob = /^blob ([0-9a-f]{64})$/.exec(Buffer.from(row.subarray(0, 80)).toString())?.[1]
    return decodeEntry(request.key, blob === undefined ? row : await store.blobs.get(blob))
  } catch (error) {
    if (isAway(error)) throw error
    return undefined
  }
}

/** Remembers an answer that is complete and good; others, and what cannot be written now, are left out. The rows are a cache: deleting them changes costs, nothing else. */
export async function keepAnswer(store: Store, request: Asked, answer: ProviderAnswer): Promise<void> {
  if (!isWorthKeeping(answer)) return
  const entry = encodeEntry(request.key, answer)
  try {
    const data: Uint8Array = entry.length <= MAX_ROW ? entry : Buffer.from(`blob ${await store.blobs.put(entry)}`)
    await store.viewPut({ run_id: STORE_ITSELF, name: rowOf(request), data })
  } catch {
    // The answer itself is what matters; it is recorded by whoever asked.
  }
}

/** Answers from the cache where the role's settings say so, and asks otherwise. */
export async function withCache(store: Store, request: Asked, ask: () => Promise<ProviderAnswer>): Promise<ProviderAnswer> {
  if (request.settings.cache !== true) return ask()
  const known = await cachedAnswer(store, request)
  if (known !== undefined) return known
  const answer = await ask()
  await keepAnswer(store, request, answer)
  return answer
}

const isAway = (error: unknown): boolean => isKymoError(error, 'KYMO_STORE_UNREACHABLE') || isKymoError(error, 'KYMO_STORE_UNAVAILABLE')
