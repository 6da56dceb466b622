import type { BlobStore } from './blob-store.ts'

/** A blob as text, without copying its bytes first. Throws what `get` throws. */
export const readText = async (blobs: Pick<BlobStore, 'get'>, hash: string): Promise<string> => {
  const bytes = await blobs.get(hash)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}
