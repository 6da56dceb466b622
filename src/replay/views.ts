import { canonicalJson } from '../../schemas/canonical-json.ts'
import { KymoError } from '../../schemas/errors.ts'
import { parseRunId } from '../../schemas/record.ts'
import { Decision } from '../journal/index.ts'
import type { JournalPort } from '../journal/index.ts'
import { metricsProjection, project } from './projections/index.ts'
import type { RunMetrics } from './projections/index.ts'
import { eventsOf } from './source.ts'
import { storeSource } from './store-source.ts'
import type { ReadableStore } from './store-source.ts'

/** A projection's result as it is kept beside a run: a cache that may be deleted at any time. */
export interface StoredView<Data = unknown> { name: string; version: number; head_seq: number; head_hash: string; data: Data }

/** Views that `kymo verify` computes again and that a bundle takes along. */
export const VIEWS = [metricsProjection.name] as const

export const metricsView = (data: RunMetrics): StoredView<RunMetrics> => ({ name: metricsProjection.name, version: metricsProjection.version, head_seq: data.head_seq, head_hash: data.head_hash, data })

/** Computes a run's views from its log and keeps them. Throws KYMO_STORE_UNAVAILABLE when the store refuses. */
export async function storeViews(client: ReadableStore & Pick<JournalPort, 'viewPut'>, runId: string): Promise<RunMetrics> {
  await using source = await storeSource(client, runId)
  const metrics = await project(metricsProjection, eventsOf(source))
  const reply = await client.viewPut({ run_id: parseRunId(runId), name: metricsProjection.name, data: Buffer.from(canonicalJson(metricsView(metrics))) })
  if (reply.decision !== Decision.OK) throw new KymoError('KYMO_STORE_UNAVAILABLE', reply.reason)
  return metrics
}

/** The stored view, or undefined when there is none, or none of this version. Never trusted by `verify`. */
export async function readView(source: { view: (name: string) => Promise<Uint8Array | undefined> }, name: string): Promise<StoredView | undefined> {
  const bytes = await source.view(name)
  if (bytes === undefined) return undefined
  try {
    const view: unknown = JSON.parse(Buffer.from(bytes).toString())
    return typeof view === 'object' && view !== null && 'head_hash' in view && 'data' in view ? (view as StoredView) : undefined
  } catch {
    return undefined
  }
}
