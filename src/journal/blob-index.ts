import { KymoError } from '../../schemas/errors.ts'
import { hex, sha256Hex, unhex } from '../../schemas/hash.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import type { CommitQueue } from './commit-queue.ts'
import { done } from './commit-queue.ts'
import { Decision } from './decision.ts'
import type { Request } from './journal-port.ts'
import { blobKey } from './keys.ts'
import type { KeyValueStore } from './key-value-store.ts'
import { SMALL_BLOB } from './limits.ts'

export interface BlobIndex {
  has(hash: string): Promise<boolean>
  /** Contract 5: what a record names was durable before it, or comes with it. Gives the blobs still to be written, or why not. */
  check(request: Partial<Request<'append'>>): Promise<kymo.v1.journal.InlineBlob[] | string>
  /** Notes blobs that are durable now. */
  remember(hashes: Iterable<string>): void
  put(commits: CommitQueue, hash: string, data: Uint8Array): Promise<void>
}

const REMEMBERED = 200_000

/** Which blobs the store holds; small ones are rows, large ones files. */
export function createBlobIndex(store: KeyValueStore, hasFile: (hash: string) => boolean): BlobIndex {
  const known = new Set<string>()

  const remember = (hashes: Iterable<string>): void => {
    if (known.size > REMEMBERED) known.clear()
    for (const hash of hashes) known.add(hash)
  }

  const has = async (hash: string): Promise<boolean> => {
    if (known.has(hash)) return true
    if (hash.length !== 64) return false
    const found = hasFile(hash) || (await store.get(blobKey(unhex(hash)))) !== undefined
    if (found) remember([hash])
    return found
  }

  return {
    has, remember,
    check: async (request) => {
      const inline = new Set<string>()
      const fresh: kymo.v1.journal.InlineBlob[] = []
      for (const blob of request.blobs ?? []) {
        const name = hex(blob.hash)
        if (blob.data.length > SMALL_BLOB) return `an inline blob takes ${blob.data.length} bytes; at most ${SMALL_BLOB} may come with an event`
        if (sha256Hex(blob.data) !== name) return `inline blob ${name} does not match its name`
        inline.add(name)
        if (!known.has(name)) fresh.push(blob)
      }
      for (const event of [...(request.events ?? []), ...(request.consequences ?? []).flatMap(({ events }) => events)]) {
        for (const { hash } of event.blobs) {
          const name = hex(hash)
          if (!inline.has(name) && !known.has(name) && !(await has(name))) return `${event.type} names blob ${name}, which the store does not hold`
        }
      }
      return fresh
    },
    put: async (commits, hash, data) => {
      if (await has(hash)) return
      const reply = await commits.submit('', (group) => {
        group.inline.set(hash, data)
        return done()
      }, data.length)
      if (reply.decision !== Decision.OK) throw new KymoError('KYMO_STORE_UNAVAILABLE', reply.reason)
    },
  }
}
