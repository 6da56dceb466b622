import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { isKymoError } from '../../schemas/errors.ts'
import { hex } from '../../schemas/hash.ts'
import { StoreClient, ensureService, startService } from '../../src/bus/index.ts'
import type { Service } from '../../src/bus/index.ts'
import { Decision } from '../../src/journal/index.ts'
import { cancelRequest, create, effect, here, newRun, outcomeRequest, sound, step, types, until } from '../conformance/world.ts'
import { connect, end, isThere, natsPid, newStore, servicePid } from './service-room.ts'

const services: Service[] = []
const serve = async (folder: string, options: Partial<Parameters<typeof startService>[0]> = {}): Promise<Service> => {
  const service = await startService({ directory: folder, ...options })
  services.push(service)
  return service
}
afterEach(async () => {
  for (const service of services.splice(0)) await service.close()
  for (const name of ['KYMO_IDLE_MS', 'NATS_SERVER']) delete process.env[name]
})

test('a service starts by itself for the first client, serves many, and leaves by itself after the last', async () => {
  const folder = newStore()
  process.env['KYMO_IDLE_MS'] = '1500'
  const clients = await Promise.all(Array.from({ length: 4 }, () => connect(folder)))
  expect(new Set(clients.map(({ storeId }) => storeId)).size).toBe(1)
  const runs = clients.map(() => newRun())
  await Promise.all(clients.map(async (client, index) => {
    const run = runs[index] ?? newRun()
    expect((await create(client, run)).decision).toBe(Decision.OK)
    for (let n = 0; n < 20; n++) expect((await client.append(cancelRequest(run))).decision).toBe(Decision.OK)
  }))
  const [first] = clients
  if (first === undefined) throw new Error('no client')
  for (const run of runs) expect((await sound(first, run)).length).toBe(21)
  const [pid, nats] = [servicePid(folder) ?? 0, natsPid(folder) ?? 0]
  expect([isThere(pid), isThere(nats)]).toEqual([true, true])
  for (const client of clients) await client.close()
  await until(() => !isThere(pid) && !isThere(nats), 'the service to leave')
  const again = await connect(folder)
  expect((await sound(again, runs[0] ?? newRun())).length).toBe(21)
}, 60_000)

test('killed with -9 in the middle of appends it is started again: nothing acknowledged is lost, nothing is there twice', async () => {
  const folder = newStore()
  const notices: string[] = []
  const clients = await Promise.all(Array.from({ length: 4 }, () => connect(folder, { onNotice: (text) => notices.push(text) })))
  const runs = clients.map(() => newRun())
  let stop = false
  const told = runs.map(() => [] as string[])
  const working = Promise.all(clients.map(async (client, index) => {
    const run = runs[index] ?? newRun()
    await create(client, run)
    while (!stop) {
      const request = cancelRequest(run)
      const reply = await client.append(request)
      expect([Decision.OK, Decision.IDEMPOTENT]).toContain(reply.decision)
      told[index]?.push(`${reply.first_seq} ${hex(request.events?.[0]?.event_id ?? new Uint8Array())}`)
    }
  }))
  const counts: number[] = []
  const orphans: number[] = []
  for (let kill = 0; kill < 5; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 300 + kill * 37))
    const before = told.reduce((sum, list) => sum + list.length, 0)
    const pid = servicePid(folder) ?? 0
    orphans.push(natsPid(folder) ?? 0)
    await end(pid)
    const began = performance.now()
    await until(() => told.reduce((sum, list) => sum + list.length, 0) > before + 20, 'appends to go on')
    counts.push(performance.now() - began)
  }
  stop = true
  await working
  console.log(`appends went on ${counts.map((ms) => `${ms.toFixed(0)} ms`).join(', ')} after each kill -9; ${told.map((list) => list.length).join('+')} appends`)
  const [reader] = clients
  if (reader === undefined) throw new Error('no client')
  for (const [index, run] of runs.entries()) {
    expect((await sound(reader, run)).slice(1).map(({ seq, id }) => `${seq} ${id}`)).toEqual(told[index])
    expect((await reader.check({ run_id: run })).ok).toBe(true)
  }
  expect(notices.some((text) => text.includes('started again'))).toBe(true)
  expect(orphans.filter((pid) => isThere(pid))).toEqual([])
}, 60_000)

test('an endpoint file that names a dead service, or nonsense, is recognised', async () => {
  const folder = newStore()
  await (await connect(folder)).down({})
  await until(async () => !isThere(servicePid(folder) ?? 0), 'the service to end')
  for (const text of ['', 'no json', JSON.stringify({ url: 'nats://127.0.0.1:1', token: 't', store: 'x', pid: 4_194_303, started: '' })]) {
    writeFileSync(join(folder, 'endpoint.json'), text)
    const client = await connect(folder)
    expect((await client.hello({})).decision).toBe(Decision.OK)
    await client.down({})
    await client.close()
    await until(async () => !isThere(servicePid(folder) ?? 0), 'the service to end')
  }
}, 60_000)

test('nats-server killed: it is started again on its port, and calls and subscriptions go on', async () => {
  const folder = newStore()
  const service = await serve(folder)
  const client = await connect(folder)
  const run = newRun()
  await create(client, run)
  const heard: Uint8Array[] = []
  client.onEvents(hex(run), (bytes) => heard.push(bytes))
  for (let round = 0; round < 3; round++) {
    // Somebody cleans up: the configuration goes, too.
    if (round > 0) for (const name of ['nats.conf', 'nats.pid']) rmSync(join(folder, name), { force: true })
    const before = service.natsPid()
    const began = performance.now()
    await end(before)
    expect([Decision.OK, Decision.IDEMPOTENT]).toContain((await client.append(cancelRequest(run))).decision)
    expect(service.natsPid()).not.toBe(before)
    expect(performance.now() - began).toBeLessThan(3000)
    const had = heard.length
    await until(async () => {
      await client.append(cancelRequest(run))
      return heard.length > had
    }, 'events to be heard again')
  }
  expect((await sound(client, run)).length).toBeGreaterThan(6)
}, 60_000)

test('a second service on the same store is refused with a sentence, and the first goes on', async () => {
  const folder = newStore()
  await serve(folder)
  const error: unknown = await startService({ directory: folder }).catch((thrown: unknown) => thrown)
  expect(isKymoError(error, 'KYMO_STORE_LOCKED')).toBe(true)
  expect(String(error)).toMatch(/in use by another process.*kymo down.*--store/)
  const client = await connect(folder)
  expect((await client.hello({})).pid).toBe(process.pid)
})

test.each<[string, (folder: string) => string, string, RegExp]>([
  ['missing', (folder) => join(folder, 'nowhere'), 'KYMO_NATS_MISSING', /NATS_SERVER is ".*nowhere".*correct it or unset it/],
  ['not executable', (folder) => { const path = join(folder, 'plain'); writeFileSync(path, ''); chmodSync(path, 0o644); return path }, 'KYMO_NATS_MISSING', /not an executable file/],
  ['no program', (folder) => { const path = join(folder, 'text'); writeFileSync(path, 'x'); chmodSync(path, 0o755); return path }, 'KYMO_NATS_MISSING', /does not run|is "/],
  ['too old', (folder) => { const path = join(folder, 'old'); writeFileSync(path, '#!/bin/sh\necho "nats-server: v2.2.6"\n'); chmodSync(path, 0o755); return path }, 'KYMO_NATS_OLD', /v2\.2\.6.*2\.9 or newer/],
])('a nats-server that is %s gives one sentence, here and through the command in the background', async (_, make, code, words) => {
  const folder = newStore()
  process.env['NATS_SERVER'] = make(newStore())
  const direct: unknown = await startService({ directory: folder }).catch((thrown: unknown) => thrown)
  const behind: unknown = await ensureService(folder).catch((thrown: unknown) => thrown)
  for (const error of [direct, behind]) {
    expect(String(error)).toMatch(words)
    expect(isKymoError(error, code) || isKymoError(error, 'KYMO_NATS_MISSING')).toBe(true)
  }
})

test('an address where no NATS is, or no service, gives one sentence', async () => {
  const nowhere: unknown = await StoreClient.connect({ nats: { url: 'nats://127.0.0.1:1', token: '' }, what: 'a test' }).catch((thrown: unknown) => thrown)
  expect(String(nowhere)).toMatch(/no NATS at nats:\/\/127\.0\.0\.1:1.*check the address/)
})

test('a store in a folder that cannot be made gives one sentence', async () => {
  const error: unknown = await startService({ directory: '/proc/nowhere' }).catch((thrown: unknown) => thrown)
  expect(String(error)).toMatch(/cannot be made.*--store/)
})

test('what does not fit into a message is refused at once, by the client and by the service', async () => {
  const folder = newStore()
  await serve(folder)
  const client = await connect(folder)
  const run = newRun()
  await create(client, run)
  const began = performance.now()
  const huge: unknown = await client.viewPut({ run_id: run, name: 'x', data: new Uint8Array(9 * 2 ** 20) }).catch((thrown: unknown) => thrown)
  expect(isKymoError(huge, 'KYMO_OVERSIZED')).toBe(true)
  expect(performance.now() - began).toBeLessThan(1000)
  const large = cancelRequest(run, undefined, 'x'.repeat(200_000))
  expect((await client.append(large)).reason).toContain('may take')
  client.publishOutput({ run_id: run, effect_id: new Uint8Array(32), stream: 'stdout', data: new Uint8Array(9 * 2 ** 20), at_ms: 0 })
  expect((await sound(client, run)).length).toBe(1)
})

test('large blobs travel in pieces, also over a restart of the service; a wrong name is refused', async () => {
  const folder = newStore()
  const first = await serve(folder)
  const remote = await StoreClient.connect({ nats: first.endpoint, what: 'a test' })
  try {
    const bytes = Buffer.alloc(1_800_000, 'kymo')
    const hash = await remote.blobs.put(bytes)
    await first.close()
    services.length = 0
    await serve(folder)
    const other = await connect(folder)
    expect(Buffer.from(await other.blobs.get(hash)).equals(bytes)).toBe(true)
    const upload = Buffer.alloc(16, 1)
    const wrong = await other.blobPut({ hash: Buffer.alloc(32, 9), total_bytes: 70_000, offset: 0, data: bytes.subarray(0, 70_000), upload })
    expect(wrong.decision).toBe(Decision.REFUSED)
    expect((await other.blobPut({ hash: Buffer.alloc(32, 9), total_bytes: 170_000, offset: 70_000, data: bytes.subarray(0, 70_000), upload })).reason).toContain('begin again')
    for (const [total, offset] of [[Number.NaN, 0], [-1, 0], [10, 1e300], [100_000, 99_999]] as const) {
      expect((await other.blobPut({ hash: Buffer.alloc(32, 9), total_bytes: total, offset, data: bytes.subarray(0, 5), upload })).decision).toBe(Decision.REFUSED)
    }
    expect(existsSync(join(folder, 'blobs', hash.slice(0, 2), hash.slice(2)))).toBe(true)
  } finally {
    await remote.close()
  }
}, 40_000)

test('a claim that waits survives the death of the service, and its run goes on', async () => {
  const folder = newStore()
  const client = await connect(folder)
  const run = newRun()
  await create(client, run, 'executor/1')
  await client.attach({ run_id: run })
  const beating = setInterval(() => void client.heartbeat({ serving: [run] }).catch(() => undefined), 300)
  try {
    const waiting = client.claim({ kinds: ['execution'], run_id: run, slots: 1, wait_ms: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await end(servicePid(folder) ?? 0)
    await step(client, run, 'executor/1', [effect(1)])
    const began = performance.now()
    const [grant] = (await waiting).grants
    expect(performance.now() - began).toBeLessThan(2500)
    if (grant === undefined) throw new Error('nothing was granted')
    expect((await client.append(outcomeRequest(run, { ...grant, effect_id: Uint8Array.from(grant.effect_id) }, { call: 1, requester: 'executor/1' }))).decision).toBe(Decision.OK)
    const seen = types(await sound(client, run))
    expect(seen).not.toContain('run.resumed')
  } finally {
    clearInterval(beating)
  }
}, 40_000)

test('closing ends what waits, and calls on a closed client say so', async () => {
  const folder = newStore()
  const service = await serve(folder)
  const client = await connect(folder)
  const run = newRun()
  await create(client, run)
  const waiting = client.claim({ kinds: ['execution'], run_id: run, slots: 1, wait_ms: 20_000 }).catch((error: unknown) => error)
  await new Promise((resolve) => setTimeout(resolve, 50))
  await client.close()
  expect(String(await waiting)).toContain('closed')
  const error: unknown = await client.append(cancelRequest(run)).catch((thrown: unknown) => thrown)
  expect(String(error)).toContain('the connection to the store is closed')
  await until(() => service.journal.clients === 0, 'the service to notice')
})

test('a full queue answers Busy, and clients try again until they are served', async () => {
  const folder = newStore()
  await serve(folder)
  const client = await connect(folder)
  const run = newRun()
  await create(client, run)
  const replies = await Promise.all(Array.from({ length: 6000 }, () => client.append(cancelRequest(run))))
  // On a busy machine an answer may come after its time-out: the append was repeated then, and is known.
  expect(replies.map(({ decision }) => decision).filter((decision) => decision !== Decision.OK && decision !== Decision.IDEMPOTENT)).toEqual([])
  expect((await client.check({ run_id: run }))).toMatchObject({ ok: true, events: 6001 })
}, 60_000)

test('`down` ends the service at once, but no message that is empty or cut short does', async () => {
  const folder = newStore()
  let left = false
  const service = await serve(folder, { onLeave: () => { left = true } })
  const client = await connect(folder)
  expect(here().pid).toBe(process.pid)
  expect((await client.down({ reason: '' })).decision).toBe(Decision.OK)
  await until(() => left, 'the service to leave')
  await service.close()
  expect(readFileSync(join(folder, 'endpoint.json'), 'utf8')).toContain('nats://')
})
