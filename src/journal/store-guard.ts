import { KymoError, messageOf } from '../../schemas/errors.ts'
import type { KeyValueStore } from './key-value-store.ts'

export interface StoreGuard {
  /** Notes a failed write and gives the sentence for those who wait. */
  failed(error: unknown): string
  /** Resolves when the store may be used; throws KYMO_STORE_UNAVAILABLE while it cannot be written. */
  ready(): Promise<void>
  readonly broken: boolean
}

const PAUSE_MS = 100

/**
 * After a failed write LevelDB's log may end in half a record, and a record written behind it would be lost at the next start.
 * So nothing is written through that handle again: the store is opened anew first.
 */
export function createStoreGuard(store: KeyValueStore, onProblem: (message: string) => void): StoreGuard {
  let broken: string | undefined
  let reopening: Promise<void> | undefined
  let triedAt = -Infinity
  const failed = (error: unknown): string => {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    const text = `the store cannot write (${messageOf(cause)}): nothing was recorded. Free some disk space; Kymo tries again by itself`
    if (broken === undefined) onProblem(text)
    broken = text
    return text
  }
  const reopen = async (): Promise<void> => {
    try {
      await store.reopen()
      broken = undefined
      onProblem('the store can be written again')
    } catch (error) {
      throw new KymoError('KYMO_STORE_UNAVAILABLE', failed(error), { cause: error })
    } finally {
      triedAt = performance.now()
    }
  }
  return {
    failed,
    ready: async () => {
      if (broken === undefined) return
      if (reopening === undefined && performance.now() - triedAt < PAUSE_MS) throw new KymoError('KYMO_STORE_UNAVAILABLE', broken)
      reopening ??= reopen().finally(() => { reopening = undefined })
      await reopening
    },
    get broken() { return broken !== undefined },
  }
}
