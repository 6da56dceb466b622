import { expect, test } from 'vitest'
import { createProviderGate } from '../../src/bus/provider-gate.ts'
import type { Acquire, ProviderGate, Turn } from '../../src/bus/provider-gate.ts'
import { unlimited } from '../../src/bus/provider-limits.ts'
import type { Limits } from '../../src/bus/provider-limits.ts'
import { seeded } from '../seeded.ts'

interface Arena { gate: ProviderGate; clock: { now: number }; dead: Set<string>; ask: (ticket: string, more?: Partial<Acquire>) => Promise<Turn>; done: (ticket: string, tokens?: number, pauseMs?: number, session?: string) => void }

/** A gate whose clock only the test moves; every request is answered at once. */
function arena(limits: Partial<Limits> = {}): Arena {
  const clock = { now: 1000 }
  const dead = new Set<string>()
  const gate = createProviderGate({ isAlive: (session) => !dead.has(session), now: () => clock.now, leaseMs: 15_000 })
  return {
    gate, clock, dead,
    ask: (ticket, more = {}) => gate.acquire({ provider: 'p', ticket, session: 'a', limits: { ...unlimited, ...limits }, tokens: 10, waitMs: 0, held: false, ...more }),
    done: (ticket, tokens = 10, pauseMs = 0, session = 'a') => gate.settle({ provider: 'p', ticket, session, tokens, pauseMs }),
  }
}
const granted = async (turn: Promise<Turn>): Promise<boolean> => (await turn).granted

test('as many calls as agreed go at once; the next goes when one is done', async () => {
  const { ask, done } = arena({ concurrent: 2 })
  expect([await granted(ask('1')), await granted(ask('2')), await granted(ask('3'))]).toEqual([true, true, false])
  done('1')
  expect(await granted(ask('3'))).toBe(true)
})

test('who asked first goes first, also when somebody else asks at the right moment', async () => {
  const { ask, done } = arena({ concurrent: 1 })
  await ask('1')
  expect(await ask('2')).toMatchObject({ granted: false, ahead: 0 })
  expect(await ask('3')).toMatchObject({ granted: false, ahead: 1 })
  done('1')
  expect([await granted(ask('3')), await granted(ask('2'))]).toEqual([false, true])
  done('2')
  expect(await granted(ask('3'))).toBe(true)
})

test('an answer that was lost is given again, and takes no second slot', async () => {
  const { ask } = arena({ concurrent: 2 })
  expect([await granted(ask('1')), await granted(ask('1')), await granted(ask('2')), await granted(ask('3'))]).toEqual([true, true, true, false])
})

test('requests of a minute are counted over any minute, not over those of the clock', async () => {
  const { ask, done, clock } = arena({ requestsPerMinute: 2 })
  await ask('1')
  done('1')
  clock.now += 50_000
  await ask('2')
  done('2')
  expect(await granted(ask('3'))).toBe(false)
  clock.now += 9_999
  expect(await granted(ask('3'))).toBe(false)
  clock.now += 1
  expect(await granted(ask('3'))).toBe(true)
  done('3')
  expect(await granted(ask('4'))).toBe(false)
  clock.now += 50_000
  expect(await granted(ask('4'))).toBe(true)
})

test('tokens of a minute are what calls expect until they say what they used', async () => {
  const { ask, done, clock } = arena({ tokensPerMinute: 100 })
  expect([await granted(ask('1', { tokens: 60 })), await granted(ask('2', { tokens: 60 }))]).toEqual([true, false])
  done('1', 30)
  expect(await granted(ask('2', { tokens: 60 }))).toBe(true)
  done('2', 90)
  expect(await granted(ask('3', { tokens: 1 }))).toBe(false)
  clock.now += 60_000
  expect(await granted(ask('3', { tokens: 1 }))).toBe(true)
})

test('a small call does not overtake a large one that waits for its tokens', async () => {
  const { ask, done, clock } = arena({ tokensPerMinute: 100 })
  await ask('1', { tokens: 60 })
  done('1', 60)
  expect([await granted(ask('large', { tokens: 60 })), await granted(ask('small', { tokens: 1 }))]).toEqual([false, false])
  clock.now += 60_000
  expect([await granted(ask('small', { tokens: 1 })), await granted(ask('large', { tokens: 60 }))]).toEqual([true, true])
})

test('a call that is larger than a minute goes when the minute is empty', async () => {
  const { ask, done, clock } = arena({ tokensPerMinute: 100 })
  await ask('1')
  done('1')
  expect(await granted(ask('2', { tokens: 500 }))).toBe(false)
  clock.now += 60_000
  expect(await granted(ask('2', { tokens: 500 }))).toBe(true)
})

test('a pause holds for everybody who calls this provider, and for nobody else', async () => {
  const { ask, done, clock } = arena()
  await ask('1')
  done('1', 0, 5000)
  expect(await ask('2', { session: 'b' })).toMatchObject({ granted: false, pausedMs: 5000 })
  expect(await granted(ask('3', { provider: 'q' }))).toBe(true)
  clock.now += 5000
  expect(await granted(ask('2', { session: 'b' }))).toBe(true)
})

test('a shorter pause does not end a longer one, and hours are looked at again after ten minutes', async () => {
  const { ask, done, clock } = arena()
  for (const ticket of ['1', '2', '3']) await ask(ticket)
  done('1', 0, 5000)
  done('2', 0, 1000)
  expect((await ask('4')).pausedMs).toBe(5000)
  done('3', 0, 24 * 3600 * 1000)
  clock.now += 600_000 - 1
  expect(await granted(ask('4'))).toBe(false)
  clock.now += 1
  expect(await granted(ask('4'))).toBe(true)
})

test('the strictest limit of all who hold or want a slot counts', async () => {
  const { ask, done } = arena()
  for (const ticket of ['1', '2', '3']) expect(await granted(ask(ticket, { limits: { ...unlimited, concurrent: 8 } }))).toBe(true)
  expect(await granted(ask('strict', { limits: { ...unlimited, concurrent: 2 } }))).toBe(false)
  expect(await granted(ask('4', { limits: { ...unlimited, concurrent: 8 } }))).toBe(false)
  done('1')
  expect(await granted(ask('strict', {}))).toBe(false)
  done('2')
  expect(await granted(ask('strict', {}))).toBe(true)
  expect(await granted(ask('4', {}))).toBe(false)
  done('strict')
  expect(await granted(ask('4', {}))).toBe(true)
})

test('a session that is gone gives back its slots and its places', async () => {
  const { ask, dead } = arena({ concurrent: 1 })
  await ask('1', { session: 'dying' })
  await ask('2', { session: 'dying' })
  expect(await granted(ask('3'))).toBe(false)
  dead.add('dying')
  expect(await granted(ask('3'))).toBe(true)
})

test('a slot that is not renewed for a lease is free again; one that is renewed stays', async () => {
  const { ask, clock } = arena({ concurrent: 1 })
  await ask('1')
  clock.now += 14_000
  await ask('1', { held: true })
  clock.now += 14_000
  expect(await granted(ask('2'))).toBe(false)
  clock.now += 1_000
  expect(await granted(ask('2'))).toBe(true)
})

test('a gate that forgot everything hears of calls under way from their holders', async () => {
  const { ask, done } = arena({ concurrent: 1 })
  expect(await granted(ask('1', { held: true }))).toBe(true)
  expect(await granted(ask('2'))).toBe(false)
  done('1')
  expect(await granted(ask('2'))).toBe(true)
})

test('nobody settles the call of another session', async () => {
  const { ask, done } = arena({ concurrent: 1 })
  await ask('1')
  done('1', 0, 0, 'somebody else')
  expect(await granted(ask('2'))).toBe(false)
})

test('who waits is answered when its turn comes, when its time is over, and when the gate lets go', async () => {
  const { ask, done, gate } = arena({ concurrent: 1 })
  await ask('1')
  const second = ask('2', { waitMs: 20_000 })
  const brief = ask('3', { waitMs: 5 })
  expect(await granted(brief)).toBe(false)
  done('1')
  expect(await granted(second)).toBe(true)
  const dropped = ask('4', { waitMs: 20_000 })
  gate.drop()
  expect(await granted(dropped)).toBe(false)
  const closed = ask('4', { waitMs: 20_000 })
  gate.close()
  expect(await granted(closed)).toBe(false)
})

test('whatever is asked in whatever order: limits hold at every moment and everybody goes in the end', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed)
    const limits = { concurrent: 1 + Math.floor(random() * 3), requestsPerMinute: 1 + Math.floor(random() * 6), tokensPerMinute: 20 + Math.floor(random() * 100) }
    const { ask, done, clock, dead } = arena(limits)
    const begun: Array<{ at: number; tokens: number }> = []
    const holding = new Map<string, string>()
    const tokensOf = (ticket: string): number => 1 + (Number(ticket.slice(1)) * 7) % 20
    const waiting = new Map(Array.from({ length: 20 }, (_, index) => [`t${index}`, { session: `s${index % 3}`, tokens: tokensOf(`t${index}`) }]))
    for (let turn = 0; turn < 4000 && waiting.size > 0; turn++) {
      clock.now += Math.floor(random() * 4000)
      if (random() < 0.02) dead.add(`s${Math.floor(random() * 2)}`)
      for (const [ticket, session] of [...holding]) {
        if (!dead.has(session) && random() < 0.6) {
          await ask(ticket, { session, held: true })
          continue
        }
        if (!dead.has(session)) done(ticket, tokensOf(ticket), 0, session)
        holding.delete(ticket)
      }
      for (const [ticket, { session, tokens }] of [...waiting]) {
        if (dead.has(session)) { waiting.delete(ticket); continue }
        if (!(await granted(ask(ticket, { session, tokens })))) continue
        waiting.delete(ticket)
        holding.set(ticket, session)
        begun.push({ at: clock.now, tokens })
        expect(holding.size).toBeLessThanOrEqual(limits.concurrent)
        const minute = begun.filter(({ at }) => at > clock.now - 60_000)
        expect(minute.length).toBeLessThanOrEqual(limits.requestsPerMinute)
        expect(minute.reduce((sum, one) => sum + one.tokens, 0)).toBeLessThanOrEqual(limits.tokensPerMinute)
      }
    }
    expect([...waiting.keys()]).toEqual([])
  }
})
