import { expect, test } from 'vitest'
import { Journal, MemoryStore } from '../../src/journal/index.ts'
import type { Operation } from '../../src/journal/index.ts'
import { storeSource, verifyRun } from '../../src/replay/index.ts'
import { EVERYDAY, playRun } from './in-memory-run.ts'
import { clientOf } from './in-memory-store.ts'

/** Plays a run, changes rows of its store behind the journal's back, and opens the store anew. */
async function damaged(damage: (rows: Array<[Uint8Array, Uint8Array]>) => Operation[]) {
  const store = new MemoryStore()
  const run = await playRun({ script: EVERYDAY, store })
  const rows = (await store.range({ gte: Uint8Array.of(0x65), lt: Uint8Array.of(0x66), limit: 100_000 }))
  await store.write(damage(rows))
  const journal = await new Journal({ store, hasFile: (hash) => run.blobs.contents.has(hash) }).open()
  await using source = await storeSource(clientOf({ journal, blobs: run.blobs }), run.runId)
  const report = await verifyRun(source)
  await journal.close()
  return { run, report }
}
const at = (rows: Array<[Uint8Array, Uint8Array]>, seq: number): [Uint8Array, Uint8Array] => rows[seq] ?? [new Uint8Array(), new Uint8Array()]

test('a record deleted from a store is named', async () => {
  const { run, report } = await damaged((rows) => [{ key: at(rows, 30)[0] }])
  expect(report.first_divergence).toMatchObject({ seq: 30, actor: run.events[30]?.from, field: 'seq' })
})

test('records swapped in a store are named', async () => {
  const { report } = await damaged((rows) => [{ key: at(rows, 20)[0], value: at(rows, 50)[1] }, { key: at(rows, 50)[0], value: at(rows, 20)[1] }])
  expect(report.problems.map(({ seq }) => seq)).toEqual([20, 50])
})

test('a byte flipped in a store is named', async () => {
  const { run, report } = await damaged((rows) => {
    const [key, value] = at(rows, 41)
    const flipped = Uint8Array.from(value)
    flipped[100] = (flipped[100] ?? 0) ^ 1
    return [{ key, value: flipped }]
  })
  expect(report.first_divergence).toMatchObject({ seq: 41, actor: run.events[41]?.from })
})

test('a tail cut off in a store is named', async () => {
  const { run, report } = await damaged((rows) => rows.slice(60).map(([key]) => ({ key })))
  expect(report.first_divergence).toMatchObject({ seq: 60, actor: run.events[60]?.from, field: 'head' })
})

test('a store without damage verifies', async () => {
  const { report } = await damaged(() => [])
  expect(report.problems).toEqual([])
})
