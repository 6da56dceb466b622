import { age } from './format.ts'
import type { Screen } from './output.ts'
import { shortId } from './run-names.ts'
import { storeName } from './store.ts'
import type { StoreFlags } from './flags.ts'

export interface Header { runId: string; task: string; agent: string; store: StoreFlags; cutOffMs?: number; steps?: number }

/** What is running, and where. */
export function runHeader({ colors }: Screen, { runId, task, agent, store, cutOffMs, steps }: Header): string {
  const short = shortId(runId)
  const rows: [string, string][] = [['run', `${colors.bold(short)}${colors.dim(runId.slice(short.length))}`], ['task', task], ['agent', agent], ['store', storeName(store)]]
  if (cutOffMs !== undefined) rows.push(['resumed', `cut off ${age(cutOffMs).replace('now', 'just now')} after step ${steps ?? 0}`])
  return `${rows.map(([name, value]) => `${colors.dim(name.padEnd(8))}${value}`).join('\n')}\n`
}
