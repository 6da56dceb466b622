import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { KymoError, messageOf } from '../../../schemas/errors.ts'
import { blobDamaged, blobMissing, checkBlob } from '../../blobs/index.ts'
import { MAX_RECORD } from '../../journal/index.ts'
import type { BlobReader, RunSource } from '../source.ts'
import { MANIFEST, RECORDS, blobEntry, notABundle, parseManifest, viewEntry } from './format.ts'
import type { BundleManifest } from './format.ts'
import { indexTar } from './tar-index.ts'
import type { TarEntry } from './tar-index.ts'

export interface BundleSource extends RunSource {
  readonly manifest: BundleManifest
  /** hashes of the blobs in the file */
  readonly blobHashes: readonly string[]
}

const PIECE = 1 << 20

/** A run in a bundle file, read where it lies: neither a store nor a service is needed. Throws KYMO_BUNDLE. */
export async function bundleSource(path: string): Promise<BundleSource> {
  const opened = await openTar(path)
  try {
    const entries = await indexTar(opened.file, path)
    const read = async (name: string): Promise<Uint8Array | undefined> => {
      const entry = entries.get(name)
      return entry === undefined ? undefined : readAll(opened.file, entry)
    }
    const head = await read(MANIFEST)
    if (head === undefined) throw notABundle(path, `there is no ${MANIFEST} in it`)
    const manifest = parseManifest(Buffer.from(head).toString(), path)
    const records = entries.get(RECORDS)
    if (records === undefined) throw notABundle(path, 'there are no records in it')
    return {
      manifest,
      runId: manifest.run_id,
      head: manifest.head,
      blobHashes: [...entries.keys()].filter((name) => name.startsWith('blobs/')).map((name) => name.slice('blobs/'.length)),
      records: () => recordsIn(opened.file, records),
      blobs: blobsIn(opened.file, entries),
      view: (name) => read(viewEntry(name)),
      [Symbol.asyncDispose]: () => opened.close(),
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** Opens a tar; one that is packed with gzip is unpacked beside the other temporary files, since gzip can only be read in order. */
async function openTar(path: string): Promise<{ file: FileHandle; close: () => Promise<void> }> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new KymoError('KYMO_BUNDLE', `the bundle ${path} cannot be opened (${messageOf(cause)}): check its name`, { cause })
  })
  const magic = Buffer.alloc(2)
  await file.read(magic, 0, 2, 0)
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return { file, close: () => file.close() }
  await file.close()
  const folder = await mkdtemp(join(tmpdir(), 'kymo-bundle-'))
  try {
    const unpacked = join(folder, 'bundle.tar')
    await pipeline(createReadStream(path), createGunzip(), createWriteStream(unpacked))
    const inner = await open(unpacked, 'r')
    return {
      file: inner,
      close: async () => {
        await inner.close()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw notABundle(path, `it does not unpack (${messageOf(cause)})`, cause)
  }
}

async function readAll(file: FileHandle, { offset, size }: TarEntry): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0; at < size;) {
    const { bytesRead } = await file.read(bytes, at, size - at, offset + at)
    if (bytesRead === 0) throw new KymoError('KYMO_BUNDLE', 'the bundle became shorter while it was read: copy it again')
    at += bytesRead
  }
  return bytes
}

async function* pieces(file: FileHandle, { offset, size }: TarEntry): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += PIECE) yield await readAll(file, { offset: offset + at, size: Math.min(PIECE, size - at) })
}

/** What a damaged length leaves is given as one last record: the chain check then says where it stands. */
async function* recordsIn(file: FileHandle, entry: TarEntry): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0)
  let bad = false
  for await (const piece of pieces(file, entry)) {
    rest = rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([rest, piece])
    let at = 0
    while (!bad && rest.length - at >= 4) {
      const length = rest.readUInt32BE(at)
      bad = length > 2 * MAX_RECORD
      if (bad || rest.length - at - 4 < length) break
      yield rest.subarray(at + 4, at + 4 + length)
      at += 4 + length
    }
    rest = rest.subarray(at)
    if (bad) break
  }
  if (rest.length > 0) yield rest.subarray(0, 2 * MAX_RECORD)
}

function blobsIn(file: FileHandle, entries: ReadonlyMap<string, TarEntry>): BlobReader {
  const find = (hash: string): TarEntry => {
    const entry = entries.get(blobEntry(hash))
    if (entry === undefined) throw blobMissing(hash)
    return entry
  }
  return {
    get: async (hash) => checkBlob(hash, await readAll(file, find(hash))),
    check: async (hash) => {
      const entry = find(hash)
      const sum = createHash('sha256')
      for await (const piece of pieces(file, entry)) sum.update(piece)
      if (sum.digest('hex') !== hash) throw blobDamaged(hash)
      return entry.size
    },
    stream: async (hash) => {
      const entry = find(hash)
      return { size: entry.size, pieces: pieces(file, entry) }
    },
  }
}
