import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { KymoError } from '../../schemas/errors.ts'
import { sha256Hex, unhex } from '../../schemas/hash.ts'
import { Decision, SMALL_BLOB } from '../journal/index.ts'
import type { JournalPort, Reply } from '../journal/index.ts'
import { blobMissing, checkBlob } from '../blobs/index.ts'
import type { BlobStore, SmallBlobs } from '../blobs/index.ts'
import { CHUNK } from './blob-operations.ts'

type Port = Pick<JournalPort, 'blobPut' | 'blobGet' | 'blobHas'>

/** Throws KYMO_STORE_UNAVAILABLE with the store's reason. */
const accepted = <T extends { decision: number; reason: string }>(reply: T): T => {
  if (reply.decision !== Decision.OK) throw new KymoError('KYMO_STORE_UNAVAILABLE', reply.reason)
  return reply
}

/** Blobs of at most 64 KiB, through the store's service. */
export const smallBlobs = (port: Port): SmallBlobs => ({
  put: async (hash, bytes) => { accepted(await port.blobPut({ hash: unhex(hash), total_bytes: bytes.length, offset: 0, data: bytes })) },
  get: async (hash) => {
    const reply = accepted(await port.blobGet({ hash: unhex(hash), offset: 0 }))
    return reply.found ? Uint8Array.from(reply.data) : undefined
  },
  has: async (hashes) => accepted(await port.blobHas({ hashes: hashes.map(unhex) })).found,
})

/** How often an upload begins again, since the service was started again in the middle of it. */
const UPLOAD_TRIES = 5

/** The blobs of a store whose folder is on another machine: everything through NATS, large ones in pieces. */
export function remoteBlobs(port: Port): BlobStore {
  const small = smallBlobs(port)

  const upload = async (hash: string, bytes: Uint8Array): Promise<Reply<'blobPut'>> => {
    const id = randomBytes(16)
    let reply: Reply<'blobPut'> = { decision: Decision.OK, reason: '', stored: false }
    for (let offset = 0; offset < bytes.length && !reply.stored; offset += CHUNK) {
      reply = await port.blobPut({ hash: unhex(hash), total_bytes: bytes.length, offset, data: bytes.subarray(offset, offset + CHUNK), upload: id })
      if (reply.decision !== Decision.OK) break
    }
    return reply
  }
  const put = async (bytes: Uint8Array): Promise<string> => {
    const hash = sha256Hex(bytes)
    if (bytes.length <= SMALL_BLOB) {
      await small.put(hash, bytes)
      return hash
    }
    let reply = await upload(hash, bytes)
    for (let tries = 1; tries < UPLOAD_TRIES && reply.decision !== Decision.OK; tries++) reply = await upload(hash, bytes)
    accepted(reply)
    return hash
  }
  const get = async (hash: string): Promise<Uint8Array> => {
    const parts: Uint8Array[] = []
    for (let offset = 0, total = 1; offset < total; ) {
      const reply = accepted(await port.blobGet({ hash: unhex(hash), offset }))
      if (!reply.found) throw blobMissing(hash)
      parts.push(Uint8Array.from(reply.data))
      total = reply.total_bytes
      offset += reply.data.length
      if (reply.data.length === 0) break
    }
    return checkBlob(hash, Buffer.concat(parts))
  }
  return {
    put, get,
    putFile: async (path) => {
      const file = await open(path, 'r')
      try {
        const bytes = await file.readFile()
        return { hash: await put(bytes), size: bytes.length }
      } finally {
        await file.close()
      }
    },
    getToFile: async (hash, path, mode) => {
      const bytes = await get(hash)
      const file = await open(path, 'wx', mode)
      try {
        await file.writeFile(bytes)
      } finally {
        await file.close()
      }
    },
    has: (hashes) => small.has(hashes),
  }
}
