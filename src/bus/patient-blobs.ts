import { KymoError, messageOf } from '../../schemas/errors.ts'
import type { BlobStore } from '../blobs/index.ts'

interface Patience { patienceMs: number; onNotice: (message: string) => void }

const AGAIN_MS = 500

const isFull = (error: unknown): boolean => error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')

/**
 * A store's blobs whose writes wait for room on the store's disk: a full disk is no outcome of the script that wrote the files.
 * Throws KYMO_STORE_UNAVAILABLE when there is none after `patienceMs`.
 */
export function patientBlobs(inner: BlobStore, { patienceMs, onNotice }: Patience): BlobStore {
  let waiting = false
  const patiently = async <T>(write: () => Promise<T>): Promise<T> => {
    const deadline = performance.now() + patienceMs
    for (;;) {
      try {
        const result = await write()
        if (waiting) onNotice('the store can be written again')
        waiting = false
        return result
      } catch (error) {
        if (!isFull(error)) throw error
        const sentence = `the store cannot write (${messageOf(error)}). Free some disk space; Kymo tries again by itself`
        if (performance.now() > deadline) throw new KymoError('KYMO_STORE_UNAVAILABLE', sentence, { cause: error })
        if (!waiting) onNotice(sentence)
        waiting = true
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }
  return {
    put: (bytes) => patiently(() => inner.put(bytes)), putFile: (path) => patiently(() => inner.putFile(path)),
    get: (hash) => inner.get(hash), getToFile: (hash, path, mode) => inner.getToFile(hash, path, mode), has: (hashes) => inner.has(hashes),
  }
}
