import { closeSync, existsSync, openSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isKymoError } from '../../schemas/errors.ts'
import { decodeRecord } from '../../schemas/record.ts'
import { Decision, openLevelStore } from '../../src/journal/index.ts'
import type { KeyValueStore } from '../../src/journal/index.ts'
import { encodeHead, decodeHead, eventKey, headKey } from '../../src/journal/keys.ts'
import { diskIn, newFolder } from '../conformance/level-disk.ts'
import { cancelRequest, create, here, newRun, openWorld, reactionRequest, recordAt, session, sound } from '../conformance/world.ts'

const EVENTS = 12

/** Two runs of 12 events in a store on disk, closed. */
async function twoRuns(): Promise<{ folder: string; run: Uint8Array; other: Uint8Array }> {
  const folder = newFolder()
  const world = await openWorld(diskIn(folder))
  const [run, other] = [newRun(), newRun()]
  for (const one of [run, other]) {
    await create(world.journal, one)
    for (let n = 1; n < EVENTS; n++) await world.journal.append(cancelRequest(one))
  }
  await world.journal.close()
  return { folder, run, other }
}

async function edit(folder: string, change: (store: KeyValueStore) => Promise<void>): Promise<void> {
  const store = await openLevelStore(join(folder, 'log'))
  await change(store)
  await store.close()
}

async function row(store: KeyValueStore, key: Uint8Array): Promise<Buffer> {
  return Buffer.from((await store.get(key)) ?? [])
}
const put = (store: KeyValueStore, key: Uint8Array, value: Uint8Array | undefined): Promise<void> => store.write([value === undefined ? { key } : { key, value }], { sync: true })

/** Opens a damaged store: the run is refused with a sentence that names the seq, in every way to touch it; the other run goes on. */
async function refusedAt(folder: string, run: Uint8Array, other: Uint8Array, seq: number, words: RegExp): Promise<boolean> {
  const world = await openWorld(diskIn(folder))
  const { journal } = world
  try {
    expect(await journal.check({ run_id: run })).toMatchObject({ ok: false, at_seq: seq, problem: expect.stringMatching(words) as string })
    const appended = await journal.append(cancelRequest(run))
    expect(appended).toMatchObject({ decision: Decision.DAMAGED, reason: expect.stringContaining(`damaged at seq ${seq}`) as string })
    expect((await create(journal, run)).decision).toBe(Decision.DAMAGED)
    expect((await journal.attach({ run_id: run, session: session(), holder: here() })).decision).toBe(Decision.DAMAGED)
    expect((await journal.inbox({ run_id: run })).decision).toBe(Decision.DAMAGED)
    expect((await journal.list({})).runs.find((one) => Buffer.from(one.run_id).equals(run))?.damage).toContain('damaged at seq')
    expect((await journal.append(cancelRequest(other))).decision).toBe(Decision.OK)
    expect((await sound(journal, other)).length).toBe(EVENTS + 1)
    // Nothing was repaired: the same damage is found again.
    expect((await journal.check({ run_id: run })).at_seq).toBe(seq)
    return true
  } finally {
    await journal.close()
  }
}

test('every single flipped byte of a stored record is found, at its seq', async () => {
  const { folder, run, other } = await twoRuns()
  const seqs = [0, 1, 5, EVENTS - 1]
  for (const seq of seqs) {
    let original: Buffer = Buffer.alloc(0)
    await edit(folder, async (store) => { original = await row(store, eventKey(run, seq)) })
    for (let at = 0; at < original.length; at += seq === 5 ? 1 : 17) {
      const altered = Buffer.from(original)
      altered[at] = (altered[at] ?? 0) ^ 0x10
      const world = await openWorld({ ...diskIn(folder), open: async () => {
        const store = await openLevelStore(join(folder, 'log'))
        await put(store, eventKey(run, seq), altered)
        return store
      } })
      expect(await world.journal.check({ run_id: run }), `byte ${at} of record ${seq}`).toMatchObject({ ok: false, at_seq: seq })
      await world.journal.close()
    }
    await edit(folder, async (store) => put(store, eventKey(run, seq), original))
  }
  await edit(folder, async (store) => {
    const bytes = await row(store, eventKey(run, 5))
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    await put(store, eventKey(run, 5), bytes)
  })
  expect(await refusedAt(folder, run, other, 5, /record 5/)).toBe(true)
}, 60_000)

test('a record that is gone is found', async () => {
  const { folder, run, other } = await twoRuns()
  await edit(folder, (store) => put(store, eventKey(run, 4), undefined))
  expect(await refusedAt(folder, run, other, 4, /record 4 is missing/)).toBe(true)
})

test('two records that changed places are found', async () => {
  const { folder, run, other } = await twoRuns()
  await edit(folder, async (store) => {
    const [a, b] = [await row(store, eventKey(run, 3)), await row(store, eventKey(run, 4))]
    await put(store, eventKey(run, 3), b)
    await put(store, eventKey(run, 4), a)
  })
  expect(await refusedAt(folder, run, other, 3, /calls itself 4/)).toBe(true)
})

test('a record of another run is found', async () => {
  const { folder, run, other } = await twoRuns()
  await edit(folder, async (store) => put(store, eventKey(run, 3), await row(store, eventKey(other, 3))))
  expect(await refusedAt(folder, run, other, 3, /another run/)).toBe(true)
})

test('a tail whose rows are deleted is found through the head', async () => {
  const { folder, run, other } = await twoRuns()
  await edit(folder, async (store) => { for (const seq of [9, 10, 11]) await put(store, eventKey(run, seq), undefined) })
  expect(await refusedAt(folder, run, other, 9, /ends at seq 8, though its head says 11/)).toBe(true)
})

test('a tail that is deleted together with its head is found through the witness', async () => {
  const { folder, run, other } = await twoRuns()
  await edit(folder, async (store) => {
    const last = decodeRecord(await row(store, eventKey(run, 8)))
    const head = decodeHead(await row(store, headKey(run)))
    for (const seq of [9, 10, 11]) await put(store, eventKey(run, seq), undefined)
    await put(store, headKey(run), encodeHead({ ...head, seq: 8, hash: Buffer.from(last.hash, 'hex') }))
  })
  expect(await refusedAt(folder, run, other, 9, /though 11 was acknowledged/)).toBe(true)
})

test('a run that is gone as a whole is found through the witness', async () => {
  const { folder, run, other } = await twoRuns()
  await edit(folder, async (store) => {
    for (let seq = 0; seq < EVENTS; seq++) await put(store, eventKey(run, seq), undefined)
    await put(store, headKey(run), undefined)
  })
  const world = await openWorld(diskIn(folder))
  expect((await world.journal.list({})).runs.find((one) => Buffer.from(one.run_id).equals(run))?.damage).toContain('witness remembers')
  await world.journal.close()
  expect(await refusedAt(folder, run, other, 0, /every record of it is gone/)).toBe(true)
})

test.each<[string, (head: Buffer) => Buffer | undefined, number, RegExp]>([
  ['names a later seq', (head) => { head.writeUInt32BE(20, 0); return head }, 12, /ends at seq 11, though its head says 20/],
  ['names an earlier seq', (head) => { head.writeUInt32BE(5, 0); return head }, 5, /does not hash to what the head says/],
  ['names another hash', (head) => { head[10] = (head[10] ?? 0) ^ 1; return head }, 11, /does not hash to what the head says/],
  ['is cut short', (head) => head.subarray(0, 20), 0, /does not decode/],
  ['is gone', () => undefined, 11, /head is gone/],
])('a head row that %s is found', async (_, change, seq, words) => {
  const { folder, run, other } = await twoRuns()
  await edit(folder, async (store) => put(store, headKey(run), change(await row(store, headKey(run)))))
  expect(await refusedAt(folder, run, other, seq, words)).toBe(true)
})

/** The folder's newest log file of LevelDB. */
const logFile = (folder: string): string => join(folder, 'log', readdirSync(join(folder, 'log')).filter((name) => name.endsWith('.log')).sort().at(-1) ?? '')

test("a tail that LevelDB drops in silence, because its log was cut, is found, run by run", async () => {
  const { folder, run, other } = await twoRuns()
  const path = logFile(folder)
  truncateSync(path, statSync(path).size - 300)
  // The last record is cut in two, and LevelDB drops what it cannot read.
  const world = await openWorld(diskIn(folder))
  const found = await world.journal.check({ run_id: other })
  await world.journal.close()
  expect(found.problem).toContain('was acknowledged')
  expect(await refusedAt(folder, other, run, found.at_seq, /was acknowledged/)).toBe(true)
})

test("a hole that LevelDB makes in silence, because a byte of its log flipped, is found", async () => {
  const { folder, run, other } = await twoRuns()
  const path = logFile(folder)
  const bytes = readFileSync(path)
  const at = bytes.indexOf(Buffer.concat([Buffer.from('e'), Buffer.from(run), Buffer.from([0, 0, 0, 6])]))
  expect(at).toBeGreaterThan(0)
  bytes[at + 60] = (bytes[at + 60] ?? 0) ^ 1
  writeFileSync(path, bytes)
  const world = await openWorld(diskIn(folder))
  const checks = await Promise.all([run, other].map((one) => world.journal.check({ run_id: one })))
  await world.journal.close()
  expect(checks[0]).toMatchObject({ ok: false, problem: expect.stringMatching(/missing|acknowledged|gone/) as string })
  expect(checks.map(({ at_seq: seq }) => seq)[0]).toBeLessThanOrEqual(6)
})

test('a witness that is damaged or gone does not hide the log', async () => {
  const { folder, run } = await twoRuns()
  const file = openSync(join(folder, 'witness'), 'r+')
  writeSync(file, Buffer.alloc(40, 7), 0, 40, 3)
  closeSync(file)
  for (const change of [() => undefined, () => rmSync(join(folder, 'witness'))]) {
    change()
    const world = await openWorld(diskIn(folder))
    expect((await world.journal.check({ run_id: run })).ok).toBe(true)
    expect((await world.journal.append(cancelRequest(run))).decision).toBe(Decision.OK)
    await world.journal.close()
  }
})

test.each<[string, (log: string) => void]>([
  ['CURRENT is gone', (log) => rmSync(join(log, 'CURRENT'))],
  ['the MANIFEST is damaged', (log) => {
    const path = join(log, readdirSync(log).find((name) => name.startsWith('MANIFEST')) ?? '')
    const bytes = readFileSync(path)
    bytes[9] = (bytes[9] ?? 0) ^ 0xff
    writeFileSync(path, bytes)
  }],
  ['the MANIFEST is gone', (log) => rmSync(join(log, readdirSync(log).find((name) => name.startsWith('MANIFEST')) ?? ''))],
])('a store whose %s is refused with a sentence, and copied before it is opened again, once', async (_, damage) => {
  const { folder } = await twoRuns()
  const log = join(folder, 'log')
  damage(log)
  const before = readdirSync(log).sort()
  const attempt = async (): Promise<unknown> => openLevelStore(log).then((store) => store.close(), (error: unknown) => error)
  const error = await attempt()
  expect(isKymoError(error, 'KYMO_STORE_DAMAGED')).toBe(true)
  expect(String(error)).toMatch(/Nothing was repaired/)
  expect(readdirSync(log).filter((name) => name.endsWith('.log') || name.endsWith('.ldb'))).toEqual(before.filter((name) => name.endsWith('.log') || name.endsWith('.ldb')))
  await attempt()
  await attempt()
  const copies = readdirSync(folder).filter((name) => name.startsWith('log.copy-'))
  expect(copies.length).toBe(1)
  expect(existsSync(join(folder, 'log.suspect'))).toBe(true)
})

test('a store that another process has open is refused with a sentence', async () => {
  const { folder } = await twoRuns()
  const store = await openLevelStore(join(folder, 'log'))
  const error: unknown = await openLevelStore(join(folder, 'log')).catch((thrown: unknown) => thrown)
  expect(isKymoError(error, 'KYMO_STORE_LOCKED')).toBe(true)
  expect(String(error)).toContain('kymo down')
  await store.close()
})

test('a run of many pages is folded whole after a restart', async () => {
  const folder = newFolder()
  const world = await openWorld(diskIn(folder))
  const run = newRun()
  await create(world.journal, run)
  const outputs = Array.from({ length: 1000 }, (_, call) => ({ type: 'action.requested' as const, to: 'environment', payload: { call, name: 'x', base: '' } }))
  await world.journal.append(reactionRequest(run, await recordAt(world.journal, run, 0), 'agent', outputs))
  for (let n = 0; n < 1100; n += 50) await Promise.all(Array.from({ length: 50 }, () => world.journal.append(cancelRequest(run))))
  await world.journal.close()
  const again = await openWorld(diskIn(folder))
  expect(await again.journal.check({ run_id: run })).toMatchObject({ ok: true, events: 2102 })
  expect((await again.journal.append(cancelRequest(run))).decision).toBe(Decision.OK)
  await again.journal.close()
})
