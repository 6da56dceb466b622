import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { isKymoError } from '../../../schemas/errors.ts'
import { startService } from '../../../src/bus/index.ts'
import type { StoreClient } from '../../../src/bus/index.ts'
import { withGate } from '../../../src/effects/completion/gate/index.ts'
import type { ProviderLimits } from '../../../src/effects/completion/gate/index.ts'
import { connect, end, natsPid, newStore, servicePid } from '../../bus/service-room.ts'
import { until } from '../../conformance/world.ts'

const CALLER = fileURLToPath(new URL('../../../dist/test/effects/completion-gate/caller.js', import.meta.url))
const children: ChildProcess[] = []
afterEach(() => { for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL') })

const caller = (folder: string, limits: string, calls: number, holdMs: number): ChildProcess & { ended: Promise<unknown> } => {
  const child = spawn(process.execPath, [CALLER, folder, join(folder, 'calls.log'), limits, String(calls), String(holdMs)], { stdio: ['ignore', 'ignore', 'inherit'] })
  children.push(child)
  return Object.assign(child, { ended: new Promise((resolve) => child.once('exit', resolve)) })
}
interface Line { what: string; pid: number; at: number }
const lines = (folder: string): Line[] => (existsSync(join(folder, 'calls.log')) ? readFileSync(join(folder, 'calls.log'), 'utf8') : '').trim().split('\n').filter((line) => line !== '')
  .map((line) => line.split(' ')).map(([what = '', pid, at]) => ({ what, pid: Number(pid), at: Number(at) })).sort((a, b) => a.at - b.at)
/** Most calls that were under way together. */
const together = (log: readonly Line[]): number => log.reduce(({ now, most }, { what }) => {
  const next = now + (what === 'begin' ? 1 : -1)
  return { now: next, most: Math.max(most, next) }
}, { now: 0, most: 0 }).most

const never = new AbortController().signal
const answer = { ok: true as const, usage: { input: 1, output: 1 } }
/** A call that lasts until it is told to end. */
function holding(client: StoreClient, limits: ProviderLimits, result: Parameters<typeof withGate>[5] = () => Promise.resolve(answer), provider = 'p'): { began: Promise<void>; end: () => void; done: Promise<{ waitedMs: number }> } {
  let begin: () => void = () => undefined
  let finish: () => void = () => undefined
  const began = new Promise<void>((resolve) => { begin = resolve })
  const ended = new Promise<void>((resolve) => { finish = resolve })
  const done = withGate(client, provider, 10, limits, never, async () => {
    begin()
    await ended
    return result()
  })
  done.catch(() => undefined)
  return { began, end: finish, done }
}
const isSettled = async (promise: Promise<unknown>, withinMs: number): Promise<boolean> => Promise.race([promise.then(() => true, () => true), new Promise<boolean>((resolve) => setTimeout(() => resolve(false), withinMs))])

test('calls of several processes never exceed the limit of the store, and all of them are made', async () => {
  const folder = newStore()
  await connect(folder)
  const callers = [caller(folder, 'p=3', 8, 60), caller(folder, 'p=3', 8, 60)]
  for (const { ended } of callers) expect(await ended).toBe(0)
  const log = lines(folder)
  expect(log.filter(({ what }) => what === 'end').length).toBe(16)
  expect(together(log)).toBe(3)
  // Both were served: neither waited for the other to be through.
  const first = callers.map(({ pid }) => log.findIndex((line) => line.pid === pid))
  const last = callers.map(({ pid }) => log.findLastIndex((line) => line.pid === pid))
  expect(Math.max(...first)).toBeLessThan(Math.min(...last))
}, 60_000)

test('the slots of a process that is killed with -9 are free for the others at once', async () => {
  const folder = newStore()
  const client = await connect(folder)
  const killed = caller(folder, 'p=2', 2, 600_000)
  await until(() => lines(folder).length === 2, 'both calls to begin')
  const mine = holding(client, { concurrent: 2 })
  expect(await isSettled(mine.began, 500)).toBe(false)
  await end(killed.pid ?? 0)
  await mine.began
  mine.end()
  await mine.done
}, 60_000)

test('who waits while the service is killed waits on at the next one, behind the calls that are still under way', async () => {
  const folder = newStore()
  const [first, second] = [await connect(folder), await connect(folder)]
  const held = holding(first, { concurrent: 1 })
  await held.began
  const waiting = holding(second, { concurrent: 1 })
  expect(await isSettled(waiting.began, 200)).toBe(false)
  const before = servicePid(folder)
  await end(before ?? 0)
  await until(async () => {
    await second.hello({})
    return servicePid(folder) !== before
  }, 'the next service')
  await until(async () => (await first.gate({ provider: 'p', ticket: new Uint8Array(16), settle: { tokens: 0, pause_ms: 0 } })).decision === 1, 'the gate to answer')
  held.end()
  expect(await held.done).toMatchObject(answer)
  await waiting.began
  waiting.end()
  expect((await waiting.done).waitedMs).toBeGreaterThan(200)
}, 60_000)

test('a nats-server that dies loses no call', async () => {
  const folder = newStore()
  const service = await startService({ directory: folder })
  try {
    const [first, second] = [await connect(folder), await connect(folder)]
    const held = holding(first, { concurrent: 1 })
    await held.began
    const waiting = holding(second, { concurrent: 1 })
    expect(await isSettled(waiting.began, 200)).toBe(false)
    await end(natsPid(folder) ?? 0)
    held.end()
    await held.done
    await waiting.began
    waiting.end()
    await waiting.done
  } finally {
    await service.close()
  }
}, 60_000)

test('a call under way is known again to a service that was started anew', async () => {
  const folder = newStore()
  const [first, second] = [await connect(folder), await connect(folder)]
  const held = holding(first, { concurrent: 1 })
  await held.began
  await end(servicePid(folder) ?? 0)
  const probe = { provider: 'p', ticket: new Uint8Array(16) }
  await until(async () => {
    const { granted } = await second.gate({ ...probe, acquire: { limits: { concurrent: 1, requests_per_minute: 0, tokens_per_minute: 0 }, tokens: 0, wait_ms: 0, held: false } })
    await second.gate({ ...probe, settle: { tokens: 0, pause_ms: 0 } })
    return !granted
  }, 'the renewal', 20_000)
  const waiting = holding(second, { concurrent: 1 })
  expect(await isSettled(waiting.began, 300)).toBe(false)
  held.end()
  await waiting.began
  waiting.end()
  await waiting.done
}, 60_000)

test('a retry-after that one call is told pauses all processes, and the time at the gate is reported', async () => {
  const folder = newStore()
  const [first, second] = [await connect(folder), await connect(folder)]
  const limited = holding(first, {}, () => Promise.resolve({ ok: false as const, error: { code: 'rate_limited' }, retryAfterMs: 1500 }))
  await limited.began
  limited.end()
  await limited.done
  // The gate hears of it a moment later than the caller.
  await until(async () => (await first.gate({ provider: 'p', ticket: new Uint8Array(16), settle: { tokens: 0, pause_ms: 0 } })).paused_ms > 0, 'the pause to begin')
  const later = holding(second, {})
  later.end()
  const { waitedMs } = await later.done
  expect(waitedMs).toBeGreaterThan(1000)
  const other = holding(second, {}, undefined, 'q')
  other.end()
  expect((await other.done).waitedMs).toBeLessThan(waitedMs)
}, 60_000)

test('a call that is cancelled while it waits says so at once and leaves no place behind', async () => {
  const folder = newStore()
  const client = await connect(folder)
  const held = holding(client, { concurrent: 1 })
  await held.began
  const abort = new AbortController()
  const cancelled = withGate(client, 'p', 1, { concurrent: 1 }, abort.signal, () => Promise.resolve(answer)).catch((error: unknown) => error)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const next = holding(client, { concurrent: 1 })
  abort.abort()
  expect(isKymoError(await cancelled, 'KYMO_CANCELLED')).toBe(true)
  held.end()
  await next.began
  next.end()
  await next.done
})

test('an error of the call itself gives its slot back', async () => {
  const folder = newStore()
  const client = await connect(folder)
  const thrown = withGate(client, 'p', 1, { concurrent: 1 }, never, () => Promise.reject(new Error('broken'))).catch((error: unknown) => String(error))
  expect(await thrown).toContain('broken')
  const next = holding(client, { concurrent: 1 })
  next.end()
  await next.done
})
