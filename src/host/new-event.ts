import { KymoError, messageOf } from '../../schemas/errors.ts'
import { encodeWire, schemaVersion, wireOf } from '../../schemas/codec.ts'
import { unhex } from '../../schemas/hash.ts'
import { BLOB_KIND, outputId } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import type { AnyDraft } from './reaction.ts'

/** A draft as the journal takes it, with the id that a repeat would give again. */
export function newEvent(runId: string, cause: AnyEvent, actor: string, draft: AnyDraft, index: number): kymo.v1.journal.NewEvent {
  try {
    return {
      event_id: unhex(outputId(runId, cause.id, actor, index)), type: draft.type, schema_version: schemaVersion(draft.type), from: actor, to: draft.to, cause_id: unhex(cause.id),
      correlation_id: cause.correlationId === '' ? new Uint8Array() : unhex(cause.correlationId),
      blobs: draft.blobs.map(({ hash, kind, bytes }) => ({ hash: unhex(hash), kind: BLOB_KIND[kind], bytes })),
      payload: encodeWire(draft.type, draft.wire ?? wireOf(draft.type, draft.payload)),
    }
  } catch (cause_) {
    throw new KymoError('KYMO_MACHINE_FAULT', `${actor} answered with a ${draft.type} that cannot be written: ${messageOf(cause_)}`, { cause: cause_ })
  }
}
