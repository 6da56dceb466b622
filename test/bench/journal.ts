import { randomBytes } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { Decision, Journal, Witness, openLevelStore } from '../../src/journal/index.ts'
import type { Request } from '../../src/journal/index.ts'
import { median, row, timed } from './row.ts'
import type { Bench } from './row.ts'

const KIB = 1024

const external = (run: Uint8Array, type: 'message.rejected' | 'run.started', payload: object): Partial<Request<'append'>> => ({
  run_id: run, ...(type === 'run.started' ? { create: { title: 'bench' } } : { external: { reason: '' } }), blobs: [],
  events: [{ event_id: randomBytes(32), type, schema_version: schemaVersion(type), from: 'user', to: '', cause_id: new Uint8Array(), correlation_id: new Uint8Array(), blobs: [], payload: encodeEvent(type, payload as never) }],
})

/** Begins a run that takes external events. */
export const creation = (run: Uint8Array): Partial<Request<'append'>> => external(run, 'run.started', {
  task: 'bench', profile: 'small', agent: 'none', agent_config: '{}', tree: '', layers: [], read_only: [], seed: 0, entry: '', script_limits: '{}', llm: '{}', actions: [], python_key: '{}',
} satisfies EventPayloads['run.started'])

/** An append whose stored record takes one KiB. Text that does not compress, as hashes and ids do not. */
export const oneKiB = (run: Uint8Array): Partial<Request<'append'>> => external(run, 'message.rejected', { subject: 'bench', sha256: '', reason: randomBytes(402).toString('hex') })

const must = (reply: { decision: Decision; reason: string }): void => { if (reply.decision !== Decision.OK) throw new Error(reply.reason) }

export const journalInProcess: Bench = async ({ quick, directory, say }) => {
  mkdirSync(directory, { recursive: true })
  let bytes = 0
  const journal = await new Journal({ store: await openLevelStore(join(directory, 'log')), witness: new Witness(join(directory, 'witness')), onCommit: (_run, records) => { bytes = records.at(-1)?.bytes.length ?? 0 } }).open()
  const run = randomBytes(16)
  must(await journal.append(creation(run)))

  const file = openSync(join(directory, 'raw'), 'a')
  const block = randomBytes(KIB)
  const raw: number[] = []
  const single: number[] = []
  /** the same two rows, written by LevelDB alone */
  const bare: number[] = []
  const bareStore = await openLevelStore(join(directory, 'bare'))
  const rounds = quick ? 4 : 12
  const each = quick ? 50 : 150
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < each; n++) raw.push(await timed(() => { writeSync(file, block); fdatasyncSync(file) }))
    for (let n = 0; n < each; n++) {
      const request = oneKiB(run)
      single.push(await timed(async () => must(await journal.append(request))))
    }
    for (let n = 0; n < each; n++) {
      const key = Buffer.alloc(21)
      key.writeUInt32BE(round * each + n, 17)
      const value = randomBytes(KIB)
      bare.push(await timed(() => bareStore.write([{ key, value }, { key: run, value: block.subarray(0, 53) }], { sync: true })))
    }
  }
  closeSync(file)
  await bareStore.close()
  say(`a record takes ${bytes} bytes; ${single.length} appends; a bare LevelDB batch of the same rows: p50 ${median(bare).toFixed(3)} ms, ${(median(bare) / median(raw)).toFixed(2)} times the floor`)

  const streams = 256
  const runs = Array.from({ length: streams }, () => randomBytes(16))
  await Promise.all(runs.map(async (one) => must(await journal.append(creation(one)))))
  const store = await openLevelStore(join(directory, 'floor'))
  const many: number[] = []
  const floor: number[] = []
  const seconds = quick ? 0.5 : 1.5
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    // The requests are made by clients: their making is not the journal's work.
    const prepared = runs.map((one) => Array.from({ length: 400 }, () => oneKiB(one)))
    let count = 0
    const begun = performance.now()
    await Promise.all(prepared.map(async (requests) => {
      for (const request of requests) {
        if (performance.now() - begun > seconds * 1000) break
        must(await journal.append(request))
        count++
      }
    }))
    many.push(count / ((performance.now() - begun) / 1000))

    let rows = 0
    const values = Array.from({ length: 512 }, () => randomBytes(KIB))
    const start = performance.now()
    for (let batch = 0; performance.now() - start < seconds * 1000; batch++) {
      await store.write(runs.flatMap((one, index) => {
        const key = Buffer.alloc(21)
        one.copy(key, 1)
        key.writeUInt32BE(round * 100_000 + batch, 17)
        return [{ key, value: values[(batch + index) % 512] ?? block }, { key: one, value: block.subarray(0, 53) }]
      }), { sync: true })
      rows += streams
    }
    floor.push(rows / ((performance.now() - start) / 1000))
  }
  await journal.close()
  await store.close()
  const p50 = median(single)
  const base = median(raw)
  const rate = median(many)
  const levelRate = median(floor)
  return [
    row('journal, 1 stream, in process, p50', 'ms', p50, { name: 'raw 1 KiB write + fdatasync', value: base }, { text: '<= 1.5x', met: p50 <= 1.5 * base }, { appends: single.length, bare_level_batch_ms: median(bare) }),
    row('journal, 256 streams, in process', 'appends/s', rate, { name: 'LevelDB batches, same rows', value: levelRate }, { text: '>= 50 %', met: rate >= 0.5 * levelRate }, { rounds: many }),
  ]
}
