import type { KeyValueStore, Operation } from './key-value-store.ts'

/** The journal's store without a disk: passes the same conformance suite as the LevelDB one. */
export class MemoryStore implements KeyValueStore {
  #rows = new Map<string, Uint8Array>()
  #sorted: string[] | undefined

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#rows.get(text(key))
  }

  async range({ gte, lt, limit }: { gte: Uint8Array; lt: Uint8Array; limit: number }): Promise<Array<[Uint8Array, Uint8Array]>> {
    this.#sorted ??= [...this.#rows.keys()].sort()
    const from = text(gte)
    const to = text(lt)
    const found: Array<[Uint8Array, Uint8Array]> = []
    for (let at = lowerBound(this.#sorted, from); at < this.#sorted.length && found.length < limit; at++) {
      const key = this.#sorted[at] ?? ''
      if (key >= to) break
      const value = this.#rows.get(key)
      if (value !== undefined) found.push([Buffer.from(key, 'latin1'), value])
    }
    return found
  }

  async write(operations: readonly Operation[]): Promise<void> {
    for (const { key, value } of operations) {
      const name = text(key)
      if (value === undefined) {
        if (this.#rows.delete(name)) this.#sorted = undefined
      } else {
        if (!this.#rows.has(name)) this.#sorted = undefined
        this.#rows.set(name, Uint8Array.from(value))
      }
    }
  }

  async reopen(): Promise<void> {}
  async close(): Promise<void> {}
}

/** latin1 keeps byte order as string order. */
const text = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')

const lowerBound = (keys: readonly string[], key: string): number => {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}
