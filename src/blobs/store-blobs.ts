import { stat, writeFile, readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { sha256Hex } from '../../schemas/hash.ts'
import { SMALL_BLOB } from '../journal/index.ts'
import { blobMissing, checkBlob } from './blob-store.ts'
import type { BlobStore } from './blob-store.ts'
import type { FileBlobs } from './file-blobs.ts'

/** Where blobs of at most 64 KiB live: the journal itself, or the journal behind NATS. */
export interface SmallBlobs {
  put(hash: string, bytes: Uint8Array): Promise<void>
  get(hash: string): Promise<Uint8Array | undefined>
  has(hashes: readonly string[]): Promise<boolean[]>
}

/** The blobs of a store whose folder is on this machine: small ones through the journal, large ones as files. */
export class StoreBlobs implements BlobStore {
  readonly #small: SmallBlobs
  readonly #files: FileBlobs

  constructor(small: SmallBlobs, files: FileBlobs) {
    this.#small = small
    this.#files = files
  }

  async put(bytes: Uint8Array): Promise<string> {
    const hash = sha256Hex(bytes)
    if (bytes.length <= SMALL_BLOB) await this.#small.put(hash, bytes)
    else await this.#files.put(hash, bytes)
    return hash
  }

  async putFile(path: string): Promise<{ hash: string; size: number }> {
    const { size } = await stat(path)
    if (size > SMALL_BLOB) return this.#files.putFile(path)
    const bytes = await readFile(path)
    return { hash: await this.put(bytes), size: bytes.length }
  }

  async get(hash: string): Promise<Uint8Array> {
    const bytes = (await this.#files.get(hash)) ?? (await this.#small.get(hash))
    if (bytes === undefined) throw blobMissing(hash)
    return checkBlob(hash, bytes)
  }

  async getToFile(hash: string, path: string, mode: number): Promise<void> {
    if (existsSync(this.#files.path(hash))) return this.#files.getToFile(hash, path, mode)
    await writeFile(path, await this.get(hash), { mode, flag: 'wx' })
  }

  async has(hashes: readonly string[]): Promise<boolean[]> {
    const elsewhere = hashes.filter((hash) => !this.#files.has(hash))
    const small = elsewhere.length === 0 ? [] : await this.#small.has(elsewhere)
    const present = new Set(elsewhere.filter((_, index) => small[index]))
    return hashes.map((hash) => present.has(hash) || this.#files.has(hash))
  }
}
