import { join } from 'node:path'
import { KymoError } from '../../schemas/errors.ts'
import { hex } from '../../schemas/hash.ts'
import { parseRunId } from '../../schemas/record.ts'
import { FileBlobs } from '../blobs/index.ts'
import type { BlobStore } from '../blobs/index.ts'
import { Decision } from '../journal/index.ts'
import type { JournalPort } from '../journal/index.ts'
import { readerOf } from './source.ts'
import type { RunSource } from './source.ts'

/** As much of a store's client as reading a run needs; a StoreClient is one. */
export type ReadableStore = Pick<JournalPort, 'read' | 'list' | 'check' | 'viewGet'> & { blobs: Pick<BlobStore, 'get'>; directory?: string | undefined }

/** A run of a store, as far as it is recorded now. Throws KYMO_RUN_UNKNOWN when the store has never heard of it. */
export async function storeSource(client: ReadableStore, runId: string): Promise<RunSource> {
  const run = parseRunId(runId)
  const check = await client.check({ run_id: run })
  if (check.decision !== Decision.OK) throw new KymoError('KYMO_RUN_UNKNOWN', `there is no run ${runId} in this store; "kymo list" shows those there are`)
  const row = (await client.list({ run_id: run })).runs.find((one) => hex(one.run_id) === hex(run))
  const last = row === undefined || row.sealed || check.ok === false ? undefined : row.head_seq
  return {
    runId,
    records: () => recordsOf(client, run, last),
    blobs: readerOf(client.blobs, client.directory === undefined ? undefined : new FileBlobs(join(client.directory, 'blobs'))),
    view: async (name) => {
      const reply = await client.viewGet({ run_id: run, name })
      return reply.found ? Uint8Array.from(reply.data) : undefined
    },
    ...(row === undefined ? {} : { head: { seq: row.head_seq, hash: hex(row.head_hash) }, served: row.served }),
    ...(check.ok ? {} : { damage: { seq: check.at_seq, problem: check.problem } }),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/**
 * Pages of records. Pages are counted, since a damaged record's own seq cannot be trusted; where a record is missing a page
 * begins with what the last one ended with, and that is left out. A run that is still going is read up to `last`.
 */
async function* recordsOf(client: Pick<JournalPort, 'read'>, run: Uint8Array, last: number | undefined): AsyncGenerator<Uint8Array> {
  let from = 0
  let end: Uint8Array | undefined
  for (;;) {
    const reply = await client.read({ run_id: run, from_seq: from })
    if (reply.decision !== Decision.OK) return
    const overlap = end === undefined ? -1 : reply.records.findIndex((bytes) => Buffer.compare(bytes, end ?? bytes) === 0)
    for (const [index, bytes] of reply.records.entries()) {
      if (index <= overlap) continue
      if (last !== undefined && from + index > last) return
      end = Uint8Array.from(bytes)
      yield end
    }
    if (reply.records.length === 0) return
    from += reply.records.length
  }
}
