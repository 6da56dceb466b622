import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { decodeRecord } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import type { BlobStore, FileBlobs } from '../blobs/index.ts'

/** A place in a run's log: the seq of a record and the hash of its bytes. */
export interface Position { seq: number; hash: string }

/** Blobs as everything that only reads them sees them. Each call throws KYMO_BLOB_MISSING or KYMO_BLOB_DAMAGED. */
export interface BlobReader {
  get(hash: string): Promise<Uint8Array>
  /** Reads every byte, compares it with the name and gives the size, without keeping a large blob in memory. */
  check(hash: string): Promise<number>
  /** The bytes in pieces. They are not checked: `check` comes first. */
  stream(hash: string): Promise<{ size: number; pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array> }>
}

/** A run to read: in a store or in a bundle file. Everything in src/replay works on both alike. */
export interface RunSource extends AsyncDisposable {
  readonly runId: string
  /** The stored bytes of every record in order, as they are: nothing is checked here. */
  records(): AsyncIterable<Uint8Array>
  readonly blobs: BlobReader
  /** A cached projection, undefined when nobody stored it. */
  view(name: string): Promise<Uint8Array | undefined>
  /** what the store or the bundle says the log ends with */
  readonly head?: Position
  /** what the store's second memory says was acknowledged */
  readonly witness?: Position
  /** a process serves this run right now */
  readonly served?: boolean
  /** what the journal says about the run's log from its own check */
  readonly damage?: { seq: number; problem: string }
}

/** A blob store as a reader; `files` gives large blobs in pieces. */
export const readerOf = (store: Pick<BlobStore, 'get'>, files?: FileBlobs): BlobReader => ({
  get: (hash) => store.get(hash),
  check: async (hash) => (files?.has(hash) === true ? files.check(hash) : (await store.get(hash)).length),
  stream: async (hash) => {
    if (files?.has(hash) === true) return { size: (await stat(files.path(hash))).size, pieces: createReadStream(files.path(hash), { highWaterMark: 1 << 20 }) }
    const bytes = await store.get(hash)
    return { size: bytes.length, pieces: [bytes] }
  },
})

/** The run's events, decoded. Throws KYMO_SCHEMA at the first record that does not decode. */
export async function* eventsOf(source: Pick<RunSource, 'records'>): AsyncGenerator<AnyEvent> {
  for await (const bytes of source.records()) yield decodeRecord(bytes)
}
