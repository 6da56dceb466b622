import { readFile, writeFile } from 'node:fs/promises'
import { sha256Hex } from '../../schemas/hash.ts'
import { blobMissing, checkBlob } from './blob-store.ts'
import type { BlobStore } from './blob-store.ts'

/** A blob store that ends with its process: for tests, bundles and folds. */
export class MemoryBlobs implements BlobStore {
  readonly contents = new Map<string, Uint8Array>()

  async put(bytes: Uint8Array): Promise<string> {
    const hash = sha256Hex(bytes)
    if (!this.contents.has(hash)) this.contents.set(hash, Uint8Array.from(bytes))
    return hash
  }

  async putFile(path: string): Promise<{ hash: string; size: number }> {
    const bytes = await readFile(path)
    return { hash: await this.put(bytes), size: bytes.length }
  }

  async get(hash: string): Promise<Uint8Array> {
    const bytes = this.contents.get(hash)
    if (bytes === undefined) throw blobMissing(hash)
    return checkBlob(hash, bytes)
  }

  async getToFile(hash: string, path: string, mode: number): Promise<void> {
    await writeFile(path, await this.get(hash), { mode, flag: 'wx' })
  }

  async has(hashes: readonly string[]): Promise<boolean[]> {
    return hashes.map((hash) => this.contents.has(hash))
  }
}
