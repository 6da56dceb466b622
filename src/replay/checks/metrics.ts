import { firstDifference } from '../../host/index.ts'
import type { RunMetrics } from '../projections/index.ts'
import { metricsProjection } from '../projections/index.ts'
import { problem } from '../problem.ts'
import type { Problem } from '../problem.ts'
import type { StoredView } from '../views.ts'

/**
 * The stored metrics against those that the log gives. A view of an earlier head or of another version is a cache that nobody
 * renewed, and said so; a view of this head must be equal in every field.
 */
export function compareMetrics(stored: StoredView, now: RunMetrics, hashAt: (seq: number) => string | undefined, scoreAt: { seq: number; actor: string } | undefined): { problems: Problem[]; unchecked: string[] } {
  const end = { seq: now.head_seq, actor: 'environment' }
  if (stored.version !== metricsProjection.version) return { problems: [], unchecked: [`the stored metrics are of version ${stored.version}, and this Kymo computes version ${metricsProjection.version}: they were not compared`] }
  if (stored.head_seq < now.head_seq && hashAt(stored.head_seq) === stored.head_hash) {
    return { problems: [], unchecked: [`the stored metrics are those of seq ${stored.head_seq}, and the run has gone on to ${now.head_seq}: they were not compared`] }
  }
  const problems: Problem[] = []
  if (stored.head_seq !== now.head_seq) problems.push(problem('metrics', end, 'metrics.head_seq', stored.head_seq, now.head_seq, `the stored metrics say they are of seq ${stored.head_seq}, whose hash is another`))
  else if (stored.head_hash !== now.head_hash) problems.push(problem('metrics', end, 'metrics.head_hash', stored.head_hash, now.head_hash, 'the stored metrics quote another head hash than the log has'))
  const data: unknown = stored.data
  const fields = new Set([...Object.keys(now), ...(typeof data === 'object' && data !== null ? Object.keys(data) : [])])
  for (const field of [...fields].sort()) {
    const found = firstDifference((data as Record<string, unknown> | null)?.[field], (now as unknown as Record<string, unknown>)[field], field)
    if (found === undefined) continue
    const at = (field === 'score' || field === 'error') && scoreAt !== undefined ? scoreAt : end
    problems.push(problem('metrics', at, `metrics.${found.path}`, found.expected, found.actual, `the stored metrics say ${found.path} is ${found.expected}, but the log gives ${found.actual}`))
  }
  return { problems, unchecked: [] }
}
