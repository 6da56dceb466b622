import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { unhex } from '../../schemas/hash.ts'
import { parseRunId, recordHash } from '../../schemas/record.ts'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { Decision, Journal, MemoryStore } from '../../src/journal/index.ts'
import { createCommitQueue } from '../../src/journal/commit-queue.ts'
import { createImports } from '../../src/journal/import-run.ts'
import type { Imports } from '../../src/journal/import-run.ts'
import { createLoadedRuns } from '../../src/journal/loaded-runs.ts'
import { createStoreGuard } from '../../src/journal/store-guard.ts'
import { exportBundle, importBundle, storeSource, verifyRun } from '../../src/replay/index.ts'
import { EVERYDAY, forge, playRun, sourceOf } from './in-memory-run.ts'
import type { PlayedRun } from './in-memory-run.ts'
import { clientOf } from './in-memory-store.ts'

let folder: string
let run: PlayedRun
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kymo-test-import-'))
  run = await playRun({ script: EVERYDAY })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Room { store: MemoryStore; blobs: MemoryBlobs; imports: Imports; restart: () => void }

/** The journal's parts that imports need, on a store of their own. */
function room(blobs = new MemoryBlobs()): Room {
  const store = new MemoryStore()
  const onProblem = (): void => undefined
  const guard = createStoreGuard(store, onProblem)
  const make = (): Imports => {
    const runs = createLoadedRuns({ store, witness: undefined, guard, onLoaded: onProblem, onProblem })
    const commits = createCommitQueue({ store, witness: undefined, runs, guard, maxQueue: 100, onDurable: onProblem, onProblem })
    return createImports({ store, commits, hasBlob: async (hash) => blobs.contents.has(hash) })
  }
  const made = { store, blobs, imports: make(), restart: () => { made.imports = make() } }
  return made
}

const head = (records: readonly Uint8Array[]): Uint8Array => unhex(recordHash(records.at(-1) ?? new Uint8Array()))
const chunk = (records: readonly Uint8Array[], from: number, to: number, upload = Buffer.alloc(16, 1)) =>
  ({ run_id: parseRunId(run.runId), upload, from_seq: from, records: records.slice(from, to), last: to >= records.length, head_hash: head(records) })

test('a run leaves one store as a bundle, arrives in another byte for byte, and verifies there', async () => {
  const file = join(folder, 'travel.kymo')
  await exportBundle(sourceOf(run), file)
  const { store, blobs, imports } = room()
  const journal = await new Journal({ store, hasFile: (hash) => blobs.contents.has(hash) }).open()
  const client = { ...clientOf({ journal, blobs }), import: imports.take }
  expect(await importBundle(file, client)).toMatchObject({ already: false, events: run.records.length })
  await using source = await storeSource(client, run.runId)
  const arrived: Uint8Array[] = []
  for await (const bytes of source.records()) arrived.push(bytes)
  expect(arrived).toEqual(run.records)
  expect(await verifyRun(source)).toMatchObject({ ok: true, problems: [] })
  expect(await importBundle(file, client)).toMatchObject({ already: true })
  await journal.close()
})

test('a run appears with its last chunk and not before', async () => {
  const { store, imports } = room(run.blobs)
  const rows = async () => (await store.range({ gte: Uint8Array.of(0), lt: Uint8Array.of(255), limit: 1000 })).length
  expect(await imports.take(chunk(run.records, 0, 40))).toMatchObject({ decision: Decision.OK, received: 40 })
  expect(await rows()).toBe(0)
  expect(await imports.take(chunk(run.records, 20, 60))).toMatchObject({ decision: Decision.OK, received: 60 })
  expect(await imports.take(chunk(run.records, 60, run.records.length))).toMatchObject({ decision: Decision.OK, received: run.records.length })
  expect(await rows()).toBe(run.records.length + 1)
})

test('after a restart the upload begins again, and a repeated last chunk is known', async () => {
  const at = room(run.blobs)
  await at.imports.take(chunk(run.records, 0, 40))
  at.restart()
  expect(await at.imports.take(chunk(run.records, 40, 60))).toMatchObject({ decision: Decision.WRONG_EXPECTED, received: 0 })
  await at.imports.take(chunk(run.records, 0, 60))
  expect((await at.imports.take(chunk(run.records, 60, 1000))).decision).toBe(Decision.OK)
  at.restart()
  await at.imports.take(chunk(run.records, 0, 60, randomBytes(16)))
  expect((await at.imports.take(chunk(run.records, 0, 1000, randomBytes(16)))).decision).toBe(Decision.IDEMPOTENT)
})

test('another run of the same id is refused, and nothing changes', async () => {
  const at = room(run.blobs)
  await at.imports.take(chunk(run.records, 0, 1000))
  const before = await at.store.range({ gte: Uint8Array.of(0), lt: Uint8Array.of(255), limit: 1000 })
  const other = forge(run.records, 90, 'score.recorded', (payload) => ({ ...payload, step: 3 }))
  expect((await at.imports.take(chunk(other, 0, 1000, randomBytes(16)))).decision).toBe(Decision.CORRUPT_IDEMPOTENCY)
  expect(await at.store.range({ gte: Uint8Array.of(0), lt: Uint8Array.of(255), limit: 1000 })).toEqual(before)
})

test('what does not hang together is refused with the record it was found at', async () => {
  const flipped = Uint8Array.from(run.records[30] ?? [])
  flipped[90] = (flipped[90] ?? 0) ^ 1
  const cases: Array<[Uint8Array[], RegExp]> = [
    [run.records.with(30, flipped), /record 3[01] /],
    [run.records.toSpliced(30, 1), /where record 30 should stand is one that calls itself 31/],
    [run.records.slice(5), /where record 0/],
    [forge(run.records, 90, 'score.recorded', (payload) => payload, () => ({ prev_to: 3 })), /record 90 names another previous event of environment/],
    [[...run.records, ...run.records.slice(-1)], /record 93|calls itself 92/],
  ]
  for (const [records, reason] of cases) {
    const at = room(run.blobs)
    const reply = await at.imports.take(chunk(records, 0, 1000, randomBytes(16)))
    expect(reply.decision).toBe(Decision.REFUSED)
    expect(reply.reason).toMatch(reason)
  }
  const at = room(run.blobs)
  expect((await at.imports.take({ ...chunk(run.records, 0, 1000), head_hash: new Uint8Array(32) })).reason).toMatch(/does not hash to its head/)
  expect((await room().imports.take(chunk(run.records, 0, 1000))).reason).toMatch(/names blob/)
})
