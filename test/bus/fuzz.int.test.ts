import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kymo } from '../../schemas/generated/messages.js'
import type { Codec } from '../../schemas/generated/messages.js'
import { Bus, startService } from '../../src/bus/index.ts'
import type { Service, StoreClient } from '../../src/bus/index.ts'
import { Decision, OPERATIONS } from '../../src/journal/index.ts'
import type { OperationName } from '../../src/journal/index.ts'
import { cancelRequest, create, createRequest, effect, here, newRun, outcomeRequest, reactionRequest, recordAt, session, sound, step } from '../conformance/world.ts'
import { connect, newStore } from './service-room.ts'

const codecs = kymo.v1.journal as unknown as Record<string, Codec<Record<string, unknown>>>

/** mulberry32: the same seed gives the same attack. */
const random = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

describe('messages that are none', () => {
  const folder = newStore()
  let service: Service
  let bus: Bus
  const problems: string[] = []
  const run = newRun()
  let client: StoreClient

  beforeAll(async () => {
    service = await startService({ directory: folder, onProblem: (text) => problems.push(text) })
    bus = await Bus.connect(service.endpoint)
  })
  afterAll(async () => {
    await bus.close()
    await service.close()
  })

  const ask = async (operation: OperationName, data: Uint8Array): Promise<Record<string, unknown>> => {
    const reply = await bus.request(`kymo.v1.journal.${service.storeId}.${operation}`, data, 10_000)
    return codecs[OPERATIONS[operation][1]]?.decode(reply) ?? {}
  }
  const rejected = (): string[] => readFileSync(join(folder, 'rejected.jsonl'), 'utf8').trim().split('\n')

  test('on every subject: answered, written down when refused, no crash, and no effect on a run that goes on meanwhile', async () => {
    client = await connect(folder)
    await create(client, run)
    const seed = Number(process.env['KYMO_FUZZ_SEED'] ?? 1)
    const next = random(seed)
    const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(next() * 256))
    const who = session()
    const other = newRun()
    await create(client, other, 'executor/1')
    await step(client, other, 'executor/1', [effect(1), effect(2)])
    const [grant] = (await client.claim({ kinds: ['execution'], run_id: other, slots: 1, wait_ms: 1000 })).grants
    if (grant === undefined) throw new Error('no grant')
    const held = { run_id: other, effect_id: Uint8Array.from(grant.effect_id), attempt: 1, fence: grant.fence }
    /** Messages that are right, to be bent. */
    const valid: Record<OperationName, Record<string, unknown>> = {
      append: cancelRequest(other), read: { run_id: other, from_seq: 0 }, inbox: { run_id: other, actor_prefix: 'agent' }, list: { run_id: other },
      attach: { run_id: other, session: who, holder: here(), apart: ['executor'] }, detach: { run_id: other, session: who },
      claim: { session: who, holder: here(), kinds: ['execution'], run_id: other, slots: 1, wait_ms: 1 }, heartbeat: { session: who, holder: here(), serving: [other], holding: [held] },
      release: { session: who, holding: [held], reason: 'x' }, blobPut: { hash: bytes(32), total_bytes: 100_000, offset: 0, data: bytes(1000), upload: bytes(16) }, blobGet: { hash: bytes(32), offset: 0 },
      blobHas: { hashes: [bytes(32)] }, viewPut: { run_id: other, name: 'n', data: bytes(10) }, viewGet: { run_id: other, name: 'n' }, check: { run_id: other }, hello: { session: who, holder: here() }, down: { reason: '' },
      gate: { session: who, holder: here(), provider: 'p', ticket: bytes(16), acquire: { limits: { concurrent: 1 }, tokens: 1, wait_ms: 1 } },
      import: { run_id: newRun(), upload: bytes(16), from_seq: 0, records: (await client.read({ run_id: other })).records, last: true, head_hash: bytes(32) },
    }
    const appends = [cancelRequest(other), createRequest(other), reactionRequest(other, await recordAt(client, other, 0), 'executor/1'), outcomeRequest(other, held, { call: 1, requester: 'executor/1' })]
    let appended = 0
    let refused = 0
    let working = true
    const work = (async () => {
      while (working) {
        expect((await client.append(cancelRequest(run))).decision).toBe(Decision.OK)
        appended++
      }
    })()
    for (let round = 0; round < 60; round++) {
      await Promise.all((Object.keys(OPERATIONS) as OperationName[]).map(async (operation) => {
        const right = operation === 'append' ? (appends[round % appends.length] ?? valid.append) : valid[operation]
        const encoded = Uint8Array.from(codecs[OPERATIONS[operation][0]]?.encode(right as Record<string, unknown>).finish() ?? [])
        const attacks = [bytes(Math.floor(next() * 200)), mutate(encoded, next), mutate(encoded, next), encoded.subarray(0, Math.floor(next() * encoded.length))]
        for (const data of attacks) {
          // A `down` that somebody might have meant is not malformed.
          if (operation === 'down' && meansIt(data)) continue
          const reply = await ask(operation, data)
          expect(reply['decision'], `${operation} was not decided (seed ${seed}, round ${round})`).toBeGreaterThan(0)
          if (reply['decision'] === Decision.REFUSED) {
            refused++
            expect(String(reply['reason']).length).toBeGreaterThan(5)
          }
        }
      }))
    }
    working = false
    await work
    console.log(`seed ${seed}: ${60 * 4 * Object.keys(OPERATIONS).length} messages, ${refused} refused and written down; ${appended} appends of another run meanwhile`)
    expect((await sound(client, run)).length).toBe(appended + 1)
    await sound(client, other)
    for (const row of (await client.list({})).runs) expect((await client.check({ run_id: Uint8Array.from(row.run_id) })).ok).toBe(true)
    expect(rejected().length).toBe(refused)
    expect(JSON.parse(rejected()[0] ?? '{}')).toMatchObject({ subject: expect.stringContaining('kymo.v1.journal') as string, reason: expect.any(String) as string })
    expect(problems.filter((text) => text.includes('failed') || text.includes('answering'))).toEqual([])
    expect((await client.hello({})).decision).toBe(Decision.OK)
  }, 120_000)
})

const meansIt = (data: Uint8Array): boolean => {
  try {
    return kymo.v1.journal.DownRequest.decode(data).reason !== ''
  } catch {
    return false
  }
}

/** A bit, a byte, a piece or the end of a message that was right. */
function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  const out = Buffer.from(bytes)
  const times = 1 + Math.floor(next() * 4)
  for (let n = 0; n < times; n++) {
    const at = Math.floor(next() * out.length)
    const kind = next()
    if (kind < 0.5) out[at] = (out[at] ?? 0) ^ (1 << Math.floor(next() * 8))
    else if (kind < 0.8) out[at] = Math.floor(next() * 256)
    else out.copyWithin(at, Math.floor(next() * out.length))
  }
  return next() < 0.2 ? Buffer.concat([out, Buffer.from([0x0a, 0xff, 0xff])]) : out
}
