import { sha256Hex } from '../../schemas/hash.ts'
import type { BlobStore } from './blob-store.ts'

/** Keeps recently used blobs of moderate size in memory, so that an actor reads what its neighbour just wrote without asking the store. */
export class CachedBlobs implements BlobStore {
  readonly #inner: BlobStore
  readonly #cache = new Map<string, Uint8Array>()
  readonly #limit: number
  #bytes = 0

  constructor(inner: BlobStore, limit = 64 * 2 ** 20) {
    this.#inner = inner
    this.#limit = limit
  }

  /** Notes bytes that are about to become durable together with the event that names them. */
  remember(hash: string, bytes: Uint8Array): void {
    if (bytes.length > this.#limit / 8 || this.#cache.has(hash)) return
    this.#cache.set(hash, bytes)
    this.#bytes += bytes.length
    for (const [oldest, old] of this.#cache) {
      if (this.#bytes <= this.#limit) break
      this.#cache.delete(oldest)
      this.#bytes -= old.length
    }
  }

  async put(bytes: Uint8Array): Promise<string> {
    const hash = sha256Hex(bytes)
    if (this.#cache.has(hash) && this.#durable.has(hash)) return hash
    await this.#inner.put(bytes)
    this.#durable.add(hash)
    if (this.#durable.size > 100_000) this.#durable.clear()
    this.remember(hash, Uint8Array.from(bytes))
    return hash
  }
  readonly #durable = new Set<string>()

  putFile(path: string): Promise<{ hash: string; size: number }> {
    return this.#inner.putFile(path)
  }

  async get(hash: string): Promise<Uint8Array> {
    const known = this.#cache.get(hash)
    if (known !== undefined) {
      this.#cache.delete(hash)
      this.#cache.set(hash, known)
      return known
    }
    const bytes = await this.#inner.get(hash)
    this.remember(hash, bytes)
    return bytes
  }

  getToFile(hash: string, path: string, mode: number): Promise<void> {
    return this.#inner.getToFile(hash, path, mode)
  }

  has(hashes: readonly string[]): Promise<boolean[]> {
    return this.#inner.has(hashes)
  }
}
