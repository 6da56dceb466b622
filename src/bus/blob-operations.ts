import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { hex, sha256Hex } from '../../schemas/hash.ts'
import { Decision, SMALL_BLOB } from '../journal/index.ts'
import type { Journal, JournalPort, Reply, Request } from '../journal/index.ts'
import type { FileBlobs } from '../blobs/index.ts'

/** Large blobs come and go in pieces of this size. */
export const CHUNK = 512 * 1024
const MAX_BLOB = 2 ** 42
/** An upload that nobody goes on with is forgotten, the oldest first. */
const MAX_UPLOADS = 256

interface Upload { path: string; at: number; sum: Hash; turn: Promise<unknown> }

/** Large blobs come and go in chunks, for clients on other machines. */
export function blobOperations(journal: Journal, files: FileBlobs): Pick<JournalPort, 'blobPut' | 'blobGet'> {
  const uploads = new Map<string, Upload>()
  const refused = (reason: string): Reply<'blobPut'> => ({ decision: Decision.REFUSED, reason, stored: false })
  const ok = (stored: boolean): Reply<'blobPut'> => ({ decision: Decision.OK, reason: '', stored })

  const begin = async (id: string): Promise<Upload> => {
    const old = uploads.get(id)
    if (old !== undefined) await rm(old.path, { force: true })
    for (const [oldest, { path }] of uploads) {
      if (uploads.size < MAX_UPLOADS) break
      uploads.delete(oldest)
      await rm(path, { force: true })
    }
    const upload: Upload = { path: await files.temporary(), at: 0, sum: createHash('sha256'), turn: Promise.resolve() }
    uploads.set(id, upload)
    return upload
  }

  const addChunk = async (id: string, upload: Upload, name: string, total: number, offset: number, data: Uint8Array): Promise<Reply<'blobPut'>> => {
    // The last piece again: its answer was lost.
    if (offset + data.length === upload.at && offset < upload.at) return ok(false)
    if (upload.at !== offset) return refused(`upload ${id} is at ${upload.at}, not at ${offset}: begin again`)
    const file = await open(upload.path, 'a', 0o444)
    try {
      await file.writeFile(data)
      if (offset + data.length === total) await file.sync()
    } catch (error) {
      uploads.delete(id)
      await rm(upload.path, { force: true })
      throw error
    } finally {
      await file.close()
    }
    upload.sum.update(data)
    upload.at += data.length
    if (upload.at < total) return ok(false)
    uploads.delete(id)
    if (upload.sum.digest('hex') !== name) {
      await rm(upload.path, { force: true })
      return refused(`blob ${name} does not match its name`)
    }
    await files.adopt(upload.path, name)
    return ok(true)
  }

  return {
    blobPut: async (request: Partial<Request<'blobPut'>>) => {
      const { hash = new Uint8Array(), total_bytes: total = 0, offset = 0, upload: uploadId = new Uint8Array() } = request
      const data = Uint8Array.from(request.data ?? [])
      const name = hex(hash)
      if (hash.length !== 32) return refused('a blob is named by 32 bytes')
      if (!isSize(total) || !isSize(offset) || offset + data.length > total) return refused(`${data.length} bytes at ${offset} are no part of a blob of ${total}`)
      if (total <= SMALL_BLOB) {
        if (data.length !== total || sha256Hex(data) !== name) return refused(`blob ${name} does not match its name`)
        await journal.putSmall(name, data)
        return ok(true)
      }
      if (uploadId.length !== 16) return refused('an upload is named by 16 bytes')
      if (data.length === 0) return refused('a piece of a blob is not empty')
      if (files.has(name)) return ok(true)
      const id = hex(uploadId)
      const upload = offset === 0 && (uploads.get(id)?.at ?? 0) !== data.length ? await begin(id) : uploads.get(id)
      if (upload === undefined) return refused(`upload ${id} is not known: begin again`)
      const turn = upload.turn.then(() => addChunk(id, upload, name, total, offset, data))
      upload.turn = turn.catch(() => undefined)
      return turn
    },
    blobGet: async (request: Partial<Request<'blobGet'>>) => {
      const name = hex(request.hash ?? new Uint8Array())
      const offset = request.offset ?? 0
      const reply = (found: boolean, total: number, data: Uint8Array): Reply<'blobGet'> => ({ decision: Decision.OK, reason: '', found, total_bytes: total, data, file: '' })
      if (name.length !== 64 || !isSize(offset)) return { ...reply(false, 0, new Uint8Array()), decision: Decision.REFUSED, reason: 'a blob is named by 32 bytes and read from an offset' }
      const small = await journal.getSmall(name)
      if (small !== undefined) return reply(true, small.length, small.subarray(offset))
      if (!files.has(name)) return reply(false, 0, new Uint8Array())
      const file = await open(files.path(name), 'r')
      try {
        const { size } = await file.stat()
        const buffer = Buffer.alloc(Math.max(0, Math.min(CHUNK, size - offset)))
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
        return reply(true, size, buffer.subarray(0, bytesRead))
      } finally {
        await file.close()
      }
    },
  }
}

const isSize = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= MAX_BLOB
