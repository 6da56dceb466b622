import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { KymoError } from '../../schemas/errors.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import type { BlobStore } from '../blobs/index.ts'

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
/** Files up to this are read in one piece. */
const SMALL = 1024 * 1024
const CHUNK = 4 * 1024 * 1024

/** An open regular file. Never follows a link and never blocks on a FIFO, even when the name was swapped a moment ago. */
export interface OpenFile extends Disposable { fd: number; stats: Stats }

/** Undefined when the name is (no longer) a regular file. */
export function openRegular(path: string): OpenFile | undefined {
  let fd: number
  try {
    fd = openSync(path, FLAGS)
  } catch (error) {
    if (['ELOOP', 'ENOENT', 'ENXIO', 'ENODEV', 'EMLINK'].includes(codeOf(error))) return undefined
    throw error
  }
  const stats = fstatSync(fd)
  if (!stats.isFile()) {
    closeSync(fd)
    return undefined
  }
  return { fd, stats, [Symbol.dispose]: () => closeSync(fd) }
}

export const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '')

/** SHA-256 and size of what the file holds now, read in pieces. */
export async function hashFile({ fd, stats }: OpenFile): Promise<{ hash: string; size: number }> {
  if (stats.size < CHUNK) {
    scratch ??= Buffer.allocUnsafeSlow(CHUNK)
    const bytes = readSmall(fd, stats.size, scratch)
    if (bytes !== undefined) return { hash: sha256Hex(bytes), size: bytes.length }
  }
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(CHUNK)
  let size = 0
  for (;;) {
    const read = readSync(fd, buffer, 0, CHUNK, size)
    if (read === 0) return { hash: hash.digest('hex'), size }
    hash.update(read === CHUNK ? buffer : buffer.subarray(0, read))
    size += read
    // Other work of this process gets its turn between pieces.
    if (size % (8 * CHUNK) === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Stores what the file holds now. Large files go by name; that the name still means this file is checked afterwards. */
export async function storeFile(file: OpenFile, path: string, blobs: BlobStore): Promise<{ hash: string; size: number }> {
  if (file.stats.size <= SMALL) {
    const bytes = readSmall(file.fd, file.stats.size)
    if (bytes !== undefined) return { hash: await blobs.put(bytes), size: bytes.length }
  }
  const stored = await blobs.putFile(path)
  const now = lstatSync(path, { throwIfNoEntry: false })
  if (now === undefined || now.ino !== file.stats.ino || now.dev !== file.stats.dev || !now.isFile()) throw keepsChanging(path)
  return stored
}

/** For hashing without keeping; fresh memory for each file costs more than reading it. Never used across an await. */
let scratch: Buffer | undefined

/** Undefined when the file grows while it is read. */
function readSmall(fd: number, expected: number, buffer: Buffer = Buffer.allocUnsafe(expected + 1)): Uint8Array | undefined {
  let size = 0
  while (size <= expected) {
    const read = readSync(fd, buffer, size, expected + 1 - size, size)
    if (read === 0) return buffer.subarray(0, size)
    size += read
  }
  return undefined
}

export const keepsChanging = (path: string): KymoError =>
  new KymoError('KYMO_WORKSPACE_BUSY', `${JSON.stringify(path)} changes while it is read: something still writes to this directory. Stop it and scan again.`)
