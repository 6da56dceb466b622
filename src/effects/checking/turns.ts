import { KymoError } from '../../../schemas/errors.ts'

/** Who works when: so many at once, and whoever measures time alone. */
export interface Turns {
  /** Does the work when it is its turn: first come, first served. `alone`: while nobody else works. Throws KYMO_CANCELLED for work that had not begun when `signal` fired. */
  take<T>(work: () => Promise<T>, how?: { alone?: boolean }): Promise<T>
  /** Does the work once for all who ask under this key, one key after the other; a failure is remembered too. */
  once<T>(key: string, work: () => Promise<T>): Promise<T>
}

export function turns(jobs: number, signal?: AbortSignal): Turns {
  let free = jobs
  const waiting: Array<{ places: number; begin: () => void; refuse: (error: Error) => void }> = []
  const next = (): void => {
    for (let first = waiting[0]; first !== undefined && first.places <= free; first = waiting[0]) {
      waiting.shift()
      free -= first.places
      first.begin()
    }
  }
  signal?.addEventListener('abort', () => {
    for (const { refuse } of waiting.splice(0)) refuse(cancelled())
  }, { once: true })

  const done = new Map<string, Promise<unknown>>()
  let last: Promise<unknown> = Promise.resolve()

  return {
    take: async (work, { alone = false } = {}) => {
      if (signal?.aborted === true) throw cancelled()
      const places = alone ? jobs : 1
      await new Promise<void>((begin, refuse) => {
        waiting.push({ places, begin, refuse })
        next()
      })
      try {
        return await work()
      } finally {
        free += places
        next()
      }
    },
    once: <T>(key: string, work: () => Promise<T>): Promise<T> => {
      const known = done.get(key) as Promise<T> | undefined
      if (known !== undefined) return known
      const mine = last.then(() => (signal?.aborted === true ? Promise.reject(cancelled()) : work()))
      done.set(key, mine)
      last = mine.catch(() => undefined)
      return mine
    },
  }
}

const cancelled = (): KymoError => new KymoError('KYMO_CANCELLED', 'the check was interrupted')
