import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { PassThrough, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import type { Pack } from 'tar-stream'
import { KymoError } from '../../../schemas/errors.ts'
import { decodeRecord } from '../../../schemas/record.ts'
import { checkChain } from '../checks/chain.ts'
import { filesCheck } from '../checks/files.ts'
import { Reach } from '../reach.ts'
import type { RunSource } from '../source.ts'
import { VIEWS } from '../views.ts'
import { MANIFEST, RECORDS, blobEntry, viewEntry } from './format.ts'
import type { BundleManifest } from './format.ts'

/** Up to this much a bundle is packed with gzip. Larger ones stay a plain tar, so that they can be read where they lie. */
const GZIP_BELOW = 256 * 2 ** 20

export interface ExportOptions { gzip?: boolean; onProgress?: (progress: { blobs: number; of: number }) => void }

/**
 * Writes a run into one file: its records as stored, every blob that they reach, every layer file that an action read, and stored
 * views. The chain and every blob are checked on the way; a run that is damaged is refused (KYMO_RUN_DAMAGED) and no file is left.
 */
export async function exportBundle(source: RunSource, file: string, { gzip, onProgress }: ExportOptions = {}): Promise<BundleManifest> {
  const chain = await checkChain(source)
  const damage = chain.problems[0]
  if (damage !== undefined || chain.head === undefined) throw damaged(source, damage?.message ?? 'it has no records')
  const contents = await walk(source)
  const views: Array<[string, Uint8Array]> = []
  for (const name of VIEWS) {
    const bytes = await source.view(name)
    if (bytes !== undefined) views.push([name, bytes])
  }
  const blobBytes = [...contents.blobs.values()].reduce((sum, size) => sum + size, 0)
  const manifest: BundleManifest = {
    format: 'kymo-bundle', version: 1, run_id: source.runId, head: chain.head, sealed: contents.sealed,
    counts: { records: chain.events, record_bytes: contents.recordBytes, blobs: contents.blobs.size, blob_bytes: blobBytes, views: views.length },
  }
  const tar = pack()
  const temporary = `${file}.part`
  const packed = gzip ?? blobBytes + contents.recordBytes < GZIP_BELOW
  const written = pipeline(Readable.from(tar), packed ? createGzip({ level: 6 }) : new PassThrough(), createWriteStream(temporary))
  try {
    await Promise.all([written, fill(tar, source, manifest, contents, views, onProgress)])
    await rename(temporary, file)
  } catch (error) {
    tar.destroy()
    await written.catch(() => undefined)
    await rm(temporary, { force: true })
    throw error
  }
  return manifest
}

interface Contents { blobs: Map<string, number>; recordBytes: number; sealed: boolean }

/** What will travel, every blob checked. */
async function walk(source: RunSource): Promise<Contents> {
  const reach = new Reach(source.blobs)
  const contents: Contents = { blobs: new Map(), recordBytes: 0, sealed: false }
  const read: string[] = []
  const files = filesCheck(source.blobs, (_event, hash) => { read.push(hash) })
  for await (const bytes of source.records()) {
    const event = decodeRecord(bytes)
    contents.recordBytes += 4 + bytes.length
    contents.sealed ||= event.type === 'run.finished'
    for await (const { hash } of reach.event(event)) contents.blobs.set(hash, await source.blobs.check(hash))
    await files.apply(event)
    for (const hash of read.splice(0)) if (!contents.blobs.has(hash)) contents.blobs.set(hash, await source.blobs.check(hash))
  }
  return contents
}

async function fill(tar: Pack, source: RunSource, manifest: BundleManifest, contents: Contents, views: ReadonlyArray<[string, Uint8Array]>, onProgress: ExportOptions['onProgress']): Promise<void> {
  await entry(tar, MANIFEST, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`))
  await stream(tar, RECORDS, contents.recordBytes, framed(source))
  let done = 0
  for (const [hash, size] of contents.blobs) {
    const { pieces } = await source.blobs.stream(hash)
    await stream(tar, blobEntry(hash), size, pieces)
    if (++done % 100 === 0) onProgress?.({ blobs: done, of: contents.blobs.size })
  }
  for (const [name, bytes] of views) await entry(tar, viewEntry(name), bytes)
  tar.finalize()
}

/** Equal runs give equal files: no times, no owners. */
const header = (name: string, size: number) => ({ name, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, type: 'file' as const })

const entry = (tar: Pack, name: string, bytes: Uint8Array): Promise<void> => stream(tar, name, bytes.length, [bytes])

async function stream(tar: Pack, name: string, size: number, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  let sink: ReturnType<Pack['entry']> | undefined
  const finished = new Promise<void>((resolve, reject) => {
    sink = tar.entry(header(name, size), (error) => (error === null || error === undefined ? resolve() : reject(error)))
  })
  for await (const piece of pieces) {
    if (sink?.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)) === false) await new Promise<void>((ready) => sink?.once('drain', () => ready()))
  }
  sink?.end(undefined)
  await finished
}

async function* framed(source: RunSource): AsyncGenerator<Uint8Array> {
  for await (const bytes of source.records()) {
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(bytes.length, 0)
    yield Buffer.concat([length, bytes])
  }
}

const damaged = (source: RunSource, why: string): KymoError =>
  new KymoError('KYMO_RUN_DAMAGED', `run ${source.runId} is damaged and was not exported: ${why}. "kymo verify ${source.runId}" says everything that does not hold`)
