import type { KeyValueStore, Operation } from '../../src/journal/index.ts'

export type Failure = 'nothing is written' | 'all is written'

/** A disk that fails on demand: before a batch, or (what an fsync that fails looks like) behind it. Broken until it is opened again and there is room. */
export class FailingStore implements KeyValueStore {
  readonly inner: KeyValueStore
  /** asked before each write and each reopening */
  fails: (write: number) => Failure | undefined = () => undefined
  writes = 0
  writtenWhileTorn = 0
  #torn = false

  constructor(inner: KeyValueStore) {
    this.inner = inner
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.inner.get(key)
  }

  range(options: { gte: Uint8Array; lt: Uint8Array; limit: number }): Promise<Array<[Uint8Array, Uint8Array]>> {
    return this.inner.range(options)
  }

  async write(operations: readonly Operation[], options: { sync: boolean }): Promise<void> {
    if (this.#torn) this.writtenWhileTorn++
    const failure = this.fails(++this.writes)
    if (failure !== 'nothing is written') await this.inner.write(operations, options)
    else await new Promise((resolve) => setTimeout(resolve, 1))
    if (failure === undefined) return
    this.#torn = true
    throw new Error('ENOSPC: no space left on device')
  }

  async reopen(): Promise<void> {
    if (this.fails(this.writes + 1) !== undefined) throw new Error('ENOSPC: no space left on device')
    await this.inner.reopen()
    this.#torn = false
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}
