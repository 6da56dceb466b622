import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { KymoError } from '../../../schemas/errors.ts'
import { hex, unhex } from '../../../schemas/hash.ts'
import { decodeRecord, parseRunId, recordHash } from '../../../schemas/record.ts'
import type { BlobStore } from '../../blobs/index.ts'
import type { kymo } from '../../../schemas/generated/messages.js'
import { Decision, decisionName } from '../../journal/index.ts'
import type { JournalPort } from '../../journal/index.ts'
import { blobsCheck } from '../checks/blobs.ts'
import { checkChain } from '../checks/chain.ts'
import type { BundleSource } from './bundle-source.ts'
import { bundleSource } from './bundle-source.ts'

type ImportRequest = kymo.v1.journal.ImportRequest
type ImportReply = kymo.v1.journal.ImportReply

/** As much of a store as importing needs. */
export type ImportingStore = Pick<JournalPort, 'list' | 'read'> & { blobs: Pick<BlobStore, 'put' | 'putFile'>; import(request: Partial<ImportRequest>): Promise<ImportReply> }

export interface Imported { run_id: string; events: number; blobs: number; /** the store held this very run already */ already: boolean }

const CHUNK_BYTES = 512 * 1024
const CHUNK_RECORDS = 1000
const IN_MEMORY = 8 * 2 ** 20

/**
 * Takes a bundle's run into a store. Everything in the file is checked before anything is written; the run appears with its last
 * record or not at all. The same run twice changes nothing; a run of that id with other content is refused (KYMO_RUN_EXISTS).
 */
export async function importBundle(file: string, store: ImportingStore): Promise<Imported> {
  await using source = await bundleSource(file)
  const events = await checkBundle(source, file)
  const done = { run_id: source.runId, events, blobs: source.blobHashes.length }
  if (await isThere(source, store)) return { ...done, already: true }
  for (const hash of source.blobHashes) await copyBlob(source, hash, store)
  await sendRecords(source, store)
  return { ...done, already: false }
}

async function checkBundle(source: BundleSource, file: string): Promise<number> {
  const refuse = (why: string) => new KymoError('KYMO_BUNDLE_DAMAGED', `${file} is damaged and nothing was imported: ${why}. "kymo verify ${file}" says everything that does not hold`)
  const chain = await checkChain(source)
  const broken = chain.problems[0]
  if (broken !== undefined) throw refuse(broken.message)
  const blobs = blobsCheck(source.blobs)
  for await (const bytes of source.records()) {
    const missing = (await blobs.apply(decodeRecord(bytes)))[0]
    if (missing !== undefined) throw refuse(missing.message)
  }
  for (const hash of source.blobHashes) await source.blobs.check(hash).catch(() => { throw refuse(`blob ${hash} is not what its name says`) })
  return chain.events
}

/** True when the store holds this very run, which may have gone on since it was exported. */
async function isThere({ runId, manifest: { head } }: BundleSource, store: ImportingStore): Promise<boolean> {
  const run = parseRunId(runId)
  const row = (await store.list({ run_id: run })).runs.find((one) => hex(one.run_id) === hex(run))
  if (row === undefined) return false
  const [record] = (await store.read({ run_id: run, from_seq: head.seq, limit: 1 })).records
  if (record !== undefined && recordHash(Uint8Array.from(record)) === head.hash) return true
  throw exists(runId, `it ends at seq ${row.head_seq}, the bundle at ${head.seq}`)
}

const exists = (runId: string, how: string): KymoError =>
  new KymoError('KYMO_RUN_EXISTS', `run ${runId} is in this store already with other content (${how}), and nothing was changed: import it into a new store with "kymo import FILE --store NEW"`)

async function copyBlob(source: BundleSource, hash: string, { blobs }: ImportingStore): Promise<void> {
  const { size, pieces } = await source.blobs.stream(hash)
  if (size <= IN_MEMORY) {
    await blobs.put(await source.blobs.get(hash))
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'kymo-import-'))
  try {
    const path = join(folder, 'blob')
    await pipeline(pieces, createWriteStream(path))
    await blobs.putFile(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Sends the records in chunks; begins again where the journal says, since it keeps unfinished uploads in memory only. */
async function sendRecords(source: BundleSource, store: ImportingStore): Promise<void> {
  const upload = randomBytes(16)
  const { head, run_id } = source.manifest
  for (let tries = 0; tries < 5; tries++) {
    let from = 0
    let restart = false
    for await (const { records, last } of chunks(source)) {
      const reply = await store.import({ run_id: parseRunId(run_id), upload, from_seq: from, records, last, head_hash: unhex(head.hash) })
      if (reply.decision === Decision.WRONG_EXPECTED && reply.received === 0 && from > 0) {
        restart = true
        break
      }
      if (reply.decision === Decision.CORRUPT_IDEMPOTENCY) throw exists(run_id, reply.reason)
      if (reply.decision !== Decision.OK && reply.decision !== Decision.IDEMPOTENT) throw new KymoError('KYMO_IMPORT_REFUSED', `the store refused run ${run_id} (${decisionName(reply.decision)}): ${reply.reason}`)
      from += records.length
    }
    if (!restart) return
  }
  throw new KymoError('KYMO_IMPORT_REFUSED', `the store's service was started anew again and again while run ${run_id} was sent: look at its log and import again`)
}

async function* chunks(source: BundleSource): AsyncGenerator<{ records: Uint8Array[]; last: boolean }> {
  let records: Uint8Array[] = []
  let size = 0
  for await (const bytes of source.records()) {
    if (records.length > 0 && (records.length >= CHUNK_RECORDS || size + bytes.length > CHUNK_BYTES)) {
      yield { records, last: false }
      records = []
      size = 0
    }
    records.push(Uint8Array.from(bytes))
    size += bytes.length
  }
  yield { records, last: true }
}
