import { parseRunId } from '../../schemas/record.ts'
import type { StoreClient } from '../bus/index.ts'
import { metricsOf, metricsProjection, readView, storeSource } from '../replay/index.ts'
import type { RunMetrics } from '../replay/index.ts'
import type { ListedRun } from './store.ts'

/** A run's summary: the stored view where it is of the log's head, otherwise the log itself. */
export async function readMetrics(client: StoreClient, run: ListedRun): Promise<RunMetrics> {
  if (run.sealed) {
    const view = await readView({ view: async (name) => {
      const reply = await client.viewGet({ run_id: parseRunId(run.id), name })
      return reply.found ? Uint8Array.from(reply.data) : undefined
    } }, metricsProjection.name)
    if (view !== undefined && view.version === metricsProjection.version && view.head_hash === run.headHash) return view.data as RunMetrics
  }
  await using source = await storeSource(client, run.id)
  const { workspace: _, ...metrics } = await metricsOf(source)
  return metrics
}
