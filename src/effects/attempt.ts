import type { kymo } from '../../schemas/generated/messages.js'
import type { EventPayloads, Failure } from '../../schemas/generated/events.ts'
import type { BlobName, RecordedEvent } from '../../schemas/record.ts'
import type { StoreConnection } from '../bus/index.ts'

/** One granted attempt of an effect, as its handler sees it. */
export interface Attempt {
  client: StoreConnection
  runId: string
  effectId: string
  request: EventPayloads['effect.requested']
  event: RecordedEvent<'effect.requested'>
  attempt: number
  /** fires when the effect is cancelled, or when this process gives the attempt back */
  signal: AbortSignal
  /** Keeps bytes that the outcome names: small ones become durable together with it, in the same batch. Gives their hash. */
  put: (bytes: Uint8Array) => Promise<string>
  /** live output, droppable */
  output: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
}

type Outcome = Omit<EventPayloads['effect.succeeded'], 'effect' | 'kind' | 'call'>

/** What came of an attempt: both are outcomes, recorded once. Everything an outcome names is durable already. */
export type Settled =
  | { ok: true; outcome: Outcome; named?: BlobName[] }
  | ({ ok: false; error: Failure; retryable?: boolean } & Pick<EventPayloads['effect.failed'], 'clock' | 'raw' | 'retry_after_ms' | 'parameter' | 'request'>)

export interface EffectHandler {
  (attempt: Attempt): Promise<Settled>
  /** Makes ready what an attempt will need, while what leads to it is being written. May be called for nothing, and fails in silence. */
  prepare?: (request: RecordedEvent<'effect.requested'>) => void
}

export type Held = kymo.v1.journal.Held
