import { parseTree } from '../../schemas/tree.ts'
import { memoryRun } from './memory-run.ts'
import { median, row } from './row.ts'
import type { Bench } from './row.ts'

/** What a step adds to the log and the blob store, beside what it says that is new: the reply, the observation, the changed files. */
export const bytesPerStep: Bench = async ({ quick }) => {
  const count = quick ? 500 : 10_000
  const { events, blobs } = await memoryRun(count)
  const seen = new Set<string>()
  const logical: number[] = []
  const fresh: number[] = []
  let bytes = 0
  let news = 0
  const add = (hash: string, size: number): number => {
    if (seen.has(hash)) return 0
    seen.add(hash)
    bytes += size
    return size
  }
  const sizeOf = (hash: string): number => blobs.contents.get(hash)?.length ?? 0
  for (const event of events) {
    bytes += event.size
    for (const { hash, kind } of event.blobs) {
      add(hash, sizeOf(hash))
      // A tree names its files; they are new bytes of the step that wrote them.
      if (kind === 'tree') for (const entry of parseTree(Buffer.from(blobs.contents.get(hash) ?? '').toString()).values()) if (entry.sha256 !== '') news += add(entry.sha256, entry.size)
    }
    if (event.type === 'action.requested') news += sizeOf(event.payload.thought?.ref ?? '') + sizeOf(event.payload.arguments?.ref ?? '')
    if (event.type === 'observation.delivered') {
      news += sizeOf(event.payload.observation?.ref ?? '')
      logical.push(bytes)
      fresh.push(news)
      bytes = 0
      news = 0
    }
  }
  const window = quick ? 100 : 1000
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const allowed = 1.5 * mean(fresh) + 8192
  const measured = mean(logical)
  const early = mean(logical.slice(10, 10 + window))
  const late = mean(logical.slice(-window))
  return [
    row('logical bytes of a step', 'bytes', measured, { name: 'new bytes: reply, observation, changed files', value: mean(fresh) }, { text: '<= 1.5x + 8 KiB', met: measured <= allowed }, { allowed, median: median(logical), steps: logical.length }),
    row(`the same, steps ${(count - window).toLocaleString('en')} to ${count.toLocaleString('en')}`, 'bytes', late, { name: `steps 10 to ${10 + window}`, value: early }, { text: 'flat (<= 1.05x)', met: late <= 1.05 * early }),
  ]
}
