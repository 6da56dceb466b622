import { KymoError } from '../../schemas/errors.ts'
import { sha256Hex } from '../../schemas/hash.ts'

/** Content-addressed bytes, shared by all runs of a store. Hashes are SHA-256 as hex. */
export interface BlobStore {
  /** Resolves with the hash once the bytes are durable. */
  put(bytes: Uint8Array): Promise<string>
  /** As put, streaming from a file (which must not change meanwhile). `size` is what was read. */
  putFile(path: string): Promise<{ hash: string; size: number }>
  /** Throws KYMO_BLOB_MISSING, or KYMO_BLOB_DAMAGED when the bytes do not hash to their name. */
  get(hash: string): Promise<Uint8Array>
  /** Writes the bytes to a new file at `path` with `mode` (it must not exist yet). */
  getToFile(hash: string, path: string, mode: number): Promise<void>
  has(hashes: readonly string[]): Promise<boolean[]>
}

export const blobMissing = (hash: string): KymoError =>
  new KymoError('KYMO_BLOB_MISSING', `blob ${hash} is missing from the store`)
export const blobDamaged = (hash: string): KymoError =>
  new KymoError('KYMO_BLOB_DAMAGED', `blob ${hash} is damaged: its bytes do not match its name`)

export const checkBlob = (hash: string, bytes: Uint8Array): Uint8Array => {
  if (sha256Hex(bytes) !== hash) throw blobDamaged(hash)
  return bytes
}
