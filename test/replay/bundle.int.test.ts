import { execFile } from 'node:child_process'
import { readFile, rm, writeFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256Hex } from '../../schemas/hash.ts'
import { recordHash } from '../../schemas/record.ts'
import { bundleSource, exportBundle, importBundle, metricsOf, storeSource, storeViews, traceOf, verifyRun } from '../../src/replay/index.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { Decision } from '../../src/journal/index.ts'
import { EVERYDAY, playRun, sourceOf } from './in-memory-run.ts'
import type { PlayedRun } from './in-memory-run.ts'
import { clientOf, emptyStore } from './in-memory-store.ts'

type ImportRequest = kymo.v1.journal.ImportRequest

let folder: string
let run: PlayedRun
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kymo-test-bundle-'))
  run = await playRun({ script: [...EVERYDAY.slice(0, 2), { action: 'Read File', args: { file_name: 'data/read.csv' } }, ...EVERYDAY.slice(2)], layer: { mount: 'data', files: { 'read.csv': '1\n', 'unread.csv': '2\n' } } })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const file = (name: string): string => join(folder, name)

test('a store and the bundle exported from it give the same records, verdict, trace and metrics', async () => {
  const client = clientOf(run)
  await storeViews(client, run.runId)
  const stored = await storeSource(client, run.runId)
  const manifest = await exportBundle(stored, file('run.kymo'))
  await using bundle = await bundleSource(file('run.kymo'))
  const records: Uint8Array[] = []
  for await (const bytes of bundle.records()) records.push(Uint8Array.from(bytes))
  expect(records).toEqual(run.records)
  expect(manifest).toMatchObject({ run_id: run.runId, sealed: true, head: stored.head, counts: { records: run.records.length, views: 1 } })
  const [there, here] = [await verifyRun(stored), await verifyRun(bundle)]
  expect(here).toEqual(there)
  expect(here).toMatchObject({ ok: true, checked: { views: 1 } })
  expect(await traceOf(bundle, { texts: true })).toEqual(await traceOf(stored, { texts: true }))
  expect(await metricsOf(bundle)).toEqual(await metricsOf(stored))
})

test('the layer file that an action read travels, the others stay with the task', async () => {
  await exportBundle(sourceOf(run), file('layers.kymo'))
  await using bundle = await bundleSource(file('layers.kymo'))
  expect(bundle.blobHashes).toContain(sha256Hex('1\n'))
  expect(bundle.blobHashes).not.toContain(sha256Hex('2\n'))
  expect((await verifyRun(bundle)).ok).toBe(true)
})

test('a bundle is a plain tar or one packed with gzip, and ordinary tools list it', async () => {
  await exportBundle(sourceOf(run), file('plain.tar'), { gzip: false })
  await exportBundle(sourceOf(run), file('packed.tar.gz'), { gzip: true })
  expect(gunzipSync(await readFile(file('packed.tar.gz')))).toEqual(await readFile(file('plain.tar')))
  const { stdout } = await promisify(execFile)('tar', ['tf', file('plain.tar')])
  expect(stdout.split('\n').slice(0, 2)).toEqual(['kymo-bundle.json', 'records'])
  for (const name of ['plain.tar', 'packed.tar.gz']) {
    await using bundle = await bundleSource(file(name))
    expect((await verifyRun(bundle)).ok).toBe(true)
  }
})

test('an export of the same run gives the same bytes', async () => {
  await exportBundle(sourceOf(run), file('a.kymo'))
  await exportBundle(sourceOf(run), file('b.kymo'))
  expect(await readFile(file('a.kymo'))).toEqual(await readFile(file('b.kymo')))
})

test('a damaged run is not exported, and no file is left behind', async () => {
  await expect(exportBundle(sourceOf({ ...run, records: run.records.toSpliced(9, 1) }), file('never.kymo'))).rejects.toMatchObject({ code: 'KYMO_RUN_DAMAGED' })
  await expect(readFile(file('never.kymo'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('every byte of a bundle that is changed is noticed', async () => {
  await exportBundle(sourceOf(run), file('whole.tar'), { gzip: false })
  const whole = await readFile(file('whole.tar'))
  const unnoticed: number[] = []
  for (let at = 600; at < whole.length; at += 997) {
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    await writeFile(file('changed.tar'), bytes)
    const noticed = await bundleSource(file('changed.tar')).then(async (bundle) => {
      const report = await verifyRun(bundle)
      await bundle[Symbol.asyncDispose]()
      return !report.ok
    }, () => true)
    if (!noticed && !isPadding(whole, at)) unnoticed.push(at)
  }
  expect(unnoticed).toEqual([])
}, 60_000)

/** Bytes between the end of a file in a tar and the next block mean nothing. */
const isPadding = (whole: Buffer, at: number): boolean => {
  for (let header = 0; header + 512 <= whole.length;) {
    const size = Number.parseInt(whole.toString('latin1', header + 124, header + 135), 8) || 0
    const end = header + 512 + size
    const next = header + 512 + Math.ceil(size / 512) * 512
    if (at < next) return at >= end
    if (whole[header] === 0) return true
    header = next
  }
  return true
}

test('what is no bundle, or only a part of one, is said in a sentence', async () => {
  await writeFile(file('text'), 'hello')
  await expect(bundleSource(file('text'))).rejects.toThrow(/is not a bundle/)
  await expect(bundleSource(file('nowhere'))).rejects.toThrow(/cannot be opened/)
  await exportBundle(sourceOf(run), file('cut.tar'), { gzip: false })
  await writeFile(file('cut.tar'), (await readFile(file('cut.tar'))).subarray(0, 20_000))
  await expect(bundleSource(file('cut.tar'))).rejects.toThrow(/cut short/)
  await writeFile(file('cut.gz'), (await readFile(file('a.kymo'))).subarray(0, 2000))
  await expect(bundleSource(file('cut.gz'))).rejects.toThrow(/does not unpack/)
})

test('an import writes nothing when the bundle is damaged', async () => {
  await exportBundle(sourceOf(run), file('good.tar'), { gzip: false })
  const bytes = await readFile(file('good.tar'))
  const at = bytes.indexOf('step.begun')
  bytes[at] = 0x53
  await writeFile(file('bad.tar'), bytes)
  const { journal, blobs } = await emptyStore()
  const store = { ...clientOf({ journal, blobs }), import: async () => { throw new Error('nothing may be sent') } }
  await expect(importBundle(file('bad.tar'), store)).rejects.toMatchObject({ code: 'KYMO_BUNDLE_DAMAGED' })
  expect(blobs.contents.size).toBe(0)
  await journal.close()
})

test('an import sends every blob, then every record byte for byte, and once only', async () => {
  await exportBundle(sourceOf(run), file('sent.kymo'))
  const { journal, blobs } = await emptyStore()
  const sent: ImportRequest[] = []
  const store = {
    ...clientOf({ journal, blobs }),
    import: async (request: ImportRequest) => {
      sent.push(request)
      return { decision: Decision.OK, reason: '', received: request.from_seq + request.records.length }
    },
  }
  const imported = await importBundle(file('sent.kymo'), store)
  expect(imported).toMatchObject({ run_id: run.runId, events: run.records.length, already: false })
  expect(sent.flatMap(({ records }) => records)).toEqual(run.records)
  expect(sent.map(({ last }) => last)).toEqual([...sent.slice(1).map(() => false), true])
  await using bundle = await bundleSource(file('sent.kymo'))
  expect([...blobs.contents.keys()].sort()).toEqual([...bundle.blobHashes].sort())
  await journal.close()
})

test('importing a run that the store holds changes nothing; another run of that id is refused', async () => {
  const store = { ...clientOf(run), import: async () => { throw new Error('nothing may be sent') } }
  await exportBundle(sourceOf(run), file('same.kymo'))
  expect(await importBundle(file('same.kymo'), store)).toMatchObject({ already: true })
  const other = await playRun({ script: EVERYDAY })
  expect(other.runId).toBe(run.runId)
  await exportBundle(sourceOf(other), file('other.kymo'))
  await expect(importBundle(file('other.kymo'), store)).rejects.toMatchObject({ code: 'KYMO_RUN_EXISTS' })
})

test('a bundle verifies in a process that finds no program at all', async () => {
  await exportBundle(sourceOf(run), file('bare.kymo'))
  const program = `
    const { bundleSource, verifyRun } = await import(process.argv[1])
    const bundle = await bundleSource(process.argv[2])
    process.stdout.write(JSON.stringify(await verifyRun(bundle)))
    await bundle[Symbol.asyncDispose]()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, join(import.meta.dirname, '../../dist/src/replay/index.js'), file('bare.kymo')], { env: { PATH: '' }, cwd: folder })
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, run_id: run.runId, events: run.records.length, head_hash: recordHash(run.records.at(-1) ?? new Uint8Array()) })
})
