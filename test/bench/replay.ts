import { decodeRecord, recordHash } from '../../schemas/record.ts'
import { RunFold } from '../../src/host/index.ts'
import { checkChain } from '../../src/replay/index.ts'
import { memoryRun } from './memory-run.ts'
import { median, onOneCore, row } from './row.ts'
import type { Bench } from './row.ts'

/** The records are in memory: a scan of LevelDB gives more of them a second than either of these takes. */
export const replay: Bench = async ({ quick }) => {
  const { records, blobs, runId } = await memoryRun(quick ? 500 : 10_000)
  const source = { runId, async *records() { yield* records } }
  const chain: number[] = []
  const hashes: number[] = []
  const fold: number[] = []
  const decode: number[] = []
  let steps = 0
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    hashes.push(await onOneCore(() => { for (const bytes of records) recordHash(bytes) }))
    chain.push(await onOneCore(async () => {
      const { problems } = await checkChain(source)
      if (problems.length > 0) throw new Error(JSON.stringify(problems[0]))
    }))
    decode.push(await onOneCore(() => { for (const bytes of records) decodeRecord(bytes) }))
    const folded = new RunFold({ read: (hash) => Buffer.from(blobs.contents.get(hash) ?? '').toString() })
    fold.push(await onOneCore(async () => {
      for (const bytes of records) {
        const divergence = await folded.apply(decodeRecord(bytes))
        if (divergence !== undefined) throw new Error(JSON.stringify(divergence))
      }
    }))
    steps = folded.steps
  }
  const perSecond = (count: number, times: readonly number[]): number => (count * 1000) / median(times)
  const chainRate = perSecond(records.length, chain)
  const foldRate = perSecond(steps, fold)
  return [
    row('replay: chain', 'events/s', chainRate, { name: 'SHA-256 of the same records', value: perSecond(records.length, hashes) }, { text: '>= 150,000', met: chainRate >= 150_000 }, { events: records.length }),
    row('replay: fold with digests', 'actor steps/s', foldRate, { name: 'decoding the same records', value: perSecond(steps, decode) }, { text: '>= 20,000', met: foldRate >= 20_000 }, { actor_steps: steps }),
  ]
}
