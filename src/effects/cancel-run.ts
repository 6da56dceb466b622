import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import { KymoError } from '../../schemas/errors.ts'
import { sha256Hex, unhex } from '../../schemas/hash.ts'
import { parseRunId } from '../../schemas/record.ts'
import { Decision } from '../journal/index.ts'
import type { StoreConnection } from '../bus/index.ts'

/**
 * Asks a run to end for good: an open script is stopped, nothing more is done, and no score is made. Recorded at once, also when nobody
 * serves the run; asking twice is asking once. Throws KYMO_RUN_FINISHED for a run that has ended.
 */
export async function cancelRun(client: StoreConnection, runId: string, reason: string): Promise<void> {
  const reply = await client.append({
    run_id: parseRunId(runId),
    external: { reason: 'cancel' },
    events: [{
      event_id: unhex(sha256Hex('kymo.cancel\0', runId)), type: 'run.cancel_requested', schema_version: schemaVersion('run.cancel_requested'), from: 'user', to: 'environment', cause_id: new Uint8Array(),
      correlation_id: new Uint8Array(), blobs: [], payload: encodeEvent('run.cancel_requested', { reason }),
    }],
  })
  switch (reply.decision) {
    case Decision.OK:
    case Decision.IDEMPOTENT:
    // The same wish with other words stands already.
    case Decision.CORRUPT_IDEMPOTENCY: return
    case Decision.SEALED: throw new KymoError('KYMO_RUN_FINISHED', `run ${runId} has ended already; "kymo show" tells how`)
    default: throw new KymoError('KYMO_RUN_REFUSED', `the store did not take the cancellation: ${reply.reason}`)
  }
}
