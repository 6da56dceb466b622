import { chmod, readFile, writeFile } from 'node:fs/promises'
import { blobMissing } from '../../blobs/index.ts'
import type { BlobStore } from '../../blobs/index.ts'
import { FileBlobs } from '../../blobs/index.ts'
import { sha256Hex } from '../../../schemas/hash.ts'

/** Blobs in a folder that is thrown away afterwards: workspaces may hold more than memory does. */
export function folderBlobs(folder: string): BlobStore {
  const files = new FileBlobs(folder)
  const put = async (bytes: Uint8Array): Promise<string> => {
    const hash = sha256Hex(bytes)
    await files.put(hash, bytes)
    return hash
  }
  return {
    put,
    putFile: async (path) => {
      const bytes = await readFile(path)
      return bytes.length > 2 ** 20 ? files.putFile(path) : { hash: await put(bytes), size: bytes.length }
    },
    get: async (hash) => {
      const bytes = await files.get(hash)
      if (bytes === undefined) throw blobMissing(hash)
      return bytes
    },
    getToFile: async (hash, path, mode) => {
      const bytes = await files.get(hash)
      if (bytes === undefined) throw blobMissing(hash)
      await writeFile(path, bytes, { mode, flag: 'wx' })
      await chmod(path, mode)
    },
    has: async (hashes) => hashes.map((hash) => files.has(hash)),
  }
}
