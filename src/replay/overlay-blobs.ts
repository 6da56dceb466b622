import { writeFile } from 'node:fs/promises'
import { sha256Hex } from '../../schemas/hash.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { BlobReader } from './source.ts'

/** A source's blobs with what a computation writes laid over them, in memory; the source is never written to. */
export class OverlayBlobs implements BlobStore {
  /** every blob that was asked for and came from the source */
  readonly read = new Set<string>()
  readonly #below: BlobReader
  readonly #written = new Map<string, Uint8Array>()

  constructor(below: BlobReader) {
    this.#below = below
  }

  /** Forgets what was written and read. */
  clear(): void {
    this.#written.clear()
    this.read.clear()
  }

  async put(bytes: Uint8Array): Promise<string> {
    const hash = sha256Hex(bytes)
    this.#written.set(hash, bytes)
    return hash
  }

  async get(hash: string): Promise<Uint8Array> {
    const written = this.#written.get(hash)
    if (written !== undefined) return written
    this.read.add(hash)
    return this.#below.get(hash)
  }

  async putFile(): Promise<{ hash: string; size: number }> {
    throw new TypeError('a computation over recorded blobs reads no files')
  }

  async getToFile(hash: string, path: string, mode: number): Promise<void> {
    await writeFile(path, await this.get(hash), { mode, flag: 'wx' })
  }

  async has(hashes: readonly string[]): Promise<boolean[]> {
    return hashes.map((hash) => this.#written.has(hash))
  }
}
