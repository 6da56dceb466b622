import { expect, test } from 'vitest'
import { hex } from '../../schemas/hash.ts'
import { decodeRecord } from '../../schemas/record.ts'
import { Decision, MemoryStore } from '../../src/journal/index.ts'
import type { Journal } from '../../src/journal/index.ts'
import { cancelRequest, create, effect, here, newRun, openJournal, openWorld, outcomeRequest, reactionRequest, recordAt, records, session, sound, step, timer, types, until } from '../conformance/world.ts'
import type { World } from '../conformance/world.ts'
import { FailingStore } from './failing-store.ts'
import type { Failure } from './failing-store.ts'

async function failingWorld(): Promise<{ world: World; disk: FailingStore }> {
  const disk = new FailingStore(new MemoryStore())
  return { world: await openWorld({ open: async () => disk }), disk }
}

/** Tries like a client: again with the same ids while the store is unavailable. */
async function persist(journal: Journal, request: Parameters<Journal['append']>[0]): Promise<Awaited<ReturnType<Journal['append']>> & { tries: number }> {
  for (let tries = 1; ; tries++) {
    const reply = await journal.append(request)
    if (reply.decision !== Decision.UNAVAILABLE) return { ...reply, tries }
    if (tries > 500) throw new Error('never available')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test.each<[Failure]>([['nothing is written'], ['all is written']])('an append that fails (%s) is unavailable, and by trying again it is recorded exactly once', async (failure) => {
  const { world, disk } = await failingWorld()
  const { journal } = world
  const run = newRun()
  await create(journal, run)
  let broken = true
  disk.fails = () => (broken ? failure : undefined)
  const request = reactionRequest(run, await recordAt(journal, run, 0), 'agent', [timer('a', 1)])
  const reply = await journal.append(request)
  expect(reply).toMatchObject({ decision: Decision.UNAVAILABLE, reason: expect.stringContaining('no space left') as string })
  expect(reply.reason).toContain('Free some disk space')
  broken = false
  const after = await persist(journal, request)
  expect(after).toMatchObject({ first_seq: 1, decision: failure === 'all is written' ? Decision.IDEMPOTENT : Decision.OK })
  expect(types(await sound(journal, run))).toEqual(['run.started', 'actor.stepped', 'timer.armed'])
  expect(disk.writtenWhileTorn).toBe(0)
  expect(world.problems.filter((text) => text.includes('can be written again')).length).toBe(1)
})

test('a creation that fails is no run, and reading goes on while nothing can be written', async () => {
  const { world, disk } = await failingWorld()
  const { journal } = world
  const run = newRun()
  await create(journal, run)
  disk.fails = () => 'nothing is written'
  const other = newRun()
  expect((await create(journal, other)).decision).toBe(Decision.UNAVAILABLE)
  expect((await journal.append(cancelRequest(other))).decision).toBe(Decision.UNAVAILABLE)
  expect((await sound(journal, run)).length).toBe(1)
  expect((await journal.list({})).runs.length).toBe(1)
  disk.fails = () => undefined
  expect((await persist(journal, cancelRequest(other))).decision).toBe(Decision.REFUSED)
  expect((await create(journal, other)).decision).toBe(Decision.OK)
})

test('a run that is not in memory is not taken for a new one while the store cannot be read', async () => {
  const { world, disk } = await failingWorld()
  const run = newRun()
  await create(world.journal, run)
  await world.journal.append(cancelRequest(run))
  await world.journal.close()
  const journal = await openJournal(world)
  disk.fails = () => 'nothing is written'
  expect((await create(journal, newRun())).decision).toBe(Decision.UNAVAILABLE)
  expect((await create(journal, run)).decision).toBe(Decision.UNAVAILABLE)
  disk.fails = () => undefined
  await until(async () => (await create(journal, run)).decision === Decision.IDEMPOTENT, 'the run to be known')
  expect((await sound(journal, run)).length).toBe(2)
})

test('a grant that could not be written was never given', async () => {
  const { world, disk } = await failingWorld()
  const { journal } = world
  const run = newRun()
  await create(journal, run, 'executor/1')
  await step(journal, run, 'executor/1', [effect(1)])
  disk.fails = () => 'nothing is written'
  const who = session()
  const claim = (wait: number) => journal.claim({ session: who, holder: here(), kinds: ['execution'], run_id: run, slots: 1, wait_ms: wait })
  expect((await claim(80)).grants).toEqual([])
  const waiting = claim(5000)
  disk.fails = () => undefined
  await until(async () => (await journal.append(cancelRequest(run))).decision === Decision.OK, 'room')
  const [grant] = (await waiting).grants
  expect(grant).toMatchObject({ attempt: 1 })
  const all = await sound(journal, run)
  expect(all.filter(({ type }) => type === 'effect.started').map(({ seq }) => seq)).toEqual([grant?.fence])
})

test('a grant that was to come with the reply to an append that could not be written was never given, and its slot is free', async () => {
  const { world, disk } = await failingWorld()
  const { journal } = world
  const run = newRun()
  await create(journal, run, 'executor/1')
  const who = session()
  const waiting = journal.claim({ session: who, holder: here(), kinds: ['execution'], run_id: run, slots: 1, wait_ms: 20_000 })
  const request = { ...reactionRequest(run, await recordAt(journal, run, 0), 'executor/1', [effect(1)]), session: who, takes_grants: true }
  disk.fails = () => 'nothing is written'
  expect(await journal.append(request)).toMatchObject({ decision: Decision.UNAVAILABLE, grants: [] })
  disk.fails = () => undefined
  const reply = await persist(journal, request)
  expect(reply.grants).toMatchObject([{ attempt: 1 }])
  expect(await waiting).toMatchObject({ grants: [], taken: [reply.grants[0]?.effect_id] })
  expect((await sound(journal, run)).filter(({ type }) => type === 'effect.started').map(({ seq }) => seq)).toEqual([reply.grants[0]?.fence])
})

test('whichever write fails, and in whichever way, every event ends up recorded exactly once and in order', async () => {
  for (const failure of ['nothing is written', 'all is written'] as const) {
    for (let nth = 2; nth < 14; nth++) {
      const { world, disk } = await failingWorld()
      const { journal } = world
      disk.fails = (write) => (write >= nth && write < nth + 2 ? failure : undefined)
      const run = newRun()
      const told: string[] = []
      const requests = Array.from({ length: 6 }, () => cancelRequest(run))
      // Each opening asks once more, so the disk heals after a while.
      const healing = setTimeout(() => { disk.fails = () => undefined }, 60)
      await until(async () => [Decision.OK, Decision.IDEMPOTENT].includes((await create(journal, run)).decision as 1 | 2), 'the run')
      for (const request of requests) {
        const reply = await persist(journal, request)
        expect([Decision.OK, Decision.IDEMPOTENT]).toContain(reply.decision)
        told.push(`${reply.first_seq} ${hex(request.events?.[0]?.event_id ?? new Uint8Array())}`)
      }
      clearTimeout(healing)
      disk.fails = () => undefined
      expect((await sound(journal, run)).slice(1).map(({ seq, id }) => `${seq} ${id}`)).toEqual(told)
      await journal.close()
      const again = await openJournal(world)
      expect((await again.check({ run_id: run })).ok).toBe(true)
      expect((await sound(again, run)).slice(1).map(({ seq, id }) => `${seq} ${id}`)).toEqual(told)
      expect(disk.writtenWhileTorn).toBe(0)
      await again.close()
    }
  }
})

test('timers and leases wait for room and then go on', async () => {
  const { world, disk } = await failingWorld()
  const { journal } = world
  const run = newRun()
  await create(journal, run, 'executor/1')
  const who = session()
  await journal.attach({ run_id: run, session: who, holder: here() })
  await step(journal, run, 'executor/1', [effect(1), timer('soon', 10)])
  const [grant] = (await journal.claim({ session: who, holder: here(), kinds: ['execution'], run_id: run, slots: 1, wait_ms: 100 })).grants
  if (grant === undefined) throw new Error('no grant')
  disk.fails = () => 'nothing is written'
  world.clock.now += 100
  await until(() => world.problems.some((text) => text.includes('cannot write')), 'a write to fail')
  const outcome = outcomeRequest(run, grant, { call: decodeRecord(Uint8Array.from(grant.record)).seq === 2 ? 1 : 0, requester: 'executor/1' })
  expect((await journal.append(outcome)).decision).toBe(Decision.UNAVAILABLE)
  disk.fails = () => undefined
  await journal.heartbeat({ session: who, holder: here(), serving: [run], holding: [{ ...grant, run_id: run }] })
  expect((await persist(journal, outcome)).decision).toBe(Decision.OK)
  await until(async () => {
    await journal.heartbeat({ session: who, holder: here(), serving: [run] })
    return types(await records(journal, run)).includes('timer.fired')
  }, 'the timer')
  expect((await sound(journal, run)).length).toBeGreaterThan(5)
})

test('a decision that throws spoils nobody else in its group', async () => {
  const { world } = await failingWorld()
  const { journal } = world
  const runs = [newRun(), newRun(), newRun()]
  await Promise.all(runs.map((run) => create(journal, run)))
  const poison = cancelRequest(runs[1] ?? newRun())
  // A payload that passes every check and then cannot be read again: only a fault of ours could make one.
  const [event] = poison.events ?? []
  let reads = 0
  if (event !== undefined) Object.defineProperty(event, 'from', { get: () => { if (++reads > 2) throw new Error('poison'); return 'user' } })
  const replies = await Promise.all([journal.append(cancelRequest(runs[0] ?? newRun())), journal.append(poison), journal.append(cancelRequest(runs[2] ?? newRun()))])
  expect(replies.map(({ decision }) => decision)).toEqual([Decision.OK, Decision.REFUSED, Decision.OK])
  for (const [index, run] of runs.entries()) expect((await sound(journal, run)).length).toBe(index === 1 ? 1 : 2)
})
