import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeEvent } from '../../schemas/codec.ts'
import { hex, sha256 } from '../../schemas/hash.ts'
import { decodeRecord } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { Decision } from '../../src/journal/index.ts'
import type { Journal } from '../../src/journal/index.ts'
import {
  anyId, cancelEffect, cancelRequest, cancelTimer, childProcess, create, createRequest, deadHolder, effect, finish, here, newRun, note, openWorld, outcomeRequest, reactionRequest, recordAt, records, reopen, session, sound,
  started, step, timer, types, until,
} from './world.ts'
import type { Disk, World } from './world.ts'

/** What every store must give the journal. Run on the in-memory store and on LevelDB. */
export function journalFeatures(name: string, newDisk: () => Promise<Disk>): void {
  describe(`a journal on ${name}`, () => {
    let world: World
    let journal: Journal
    beforeEach(async () => {
      world = await openWorld(await newDisk())
      journal = world.journal
    })
    afterEach(async () => { await world.journal.close() })

    const again = async (): Promise<void> => {
      await reopen(world)
      journal = world.journal
    }
    const oneRun = async (to?: string): Promise<Uint8Array> => {
      const run = newRun()
      expect(await create(journal, run, to)).toMatchObject({ decision: Decision.OK, first_seq: 0, count: 1 })
      return run
    }
    const attached = async (run: Uint8Array, who = session(), apart: string[] = []): Promise<Uint8Array> => {
      expect((await journal.attach({ run_id: run, session: who, holder: here(), apart })).decision).toBe(Decision.OK)
      return who
    }
    const claimed = (run: Uint8Array, who: Uint8Array, more: Partial<Parameters<Journal['claim']>[0]> = {}) =>
      journal.claim({ session: who, holder: here(), kinds: ['execution'], run_id: run, slots: 1, wait_ms: 2000, ...more })
    const offeredRun = async (attempts = 3): Promise<Uint8Array> => {
      const run = await oneRun('executor/1')
      expect((await step(journal, run, 'executor/1', [effect(1, attempts)])).decision).toBe(Decision.OK)
      return run
    }
    const mine = { call: 1, requester: 'executor/1' }
    const none = { effect_id: new Uint8Array(), attempt: 0, fence: 0 }
    const grantOf = async (run: Uint8Array, who: Uint8Array) => {
      const [grant] = (await claimed(run, who)).grants
      if (grant === undefined) throw new Error('nothing was granted')
      return grant
    }

    describe('append', () => {
      test('a reaction is recorded with the next positions, and chained', async () => {
        const run = await oneRun()
        const reply = await step(journal, run, 'agent', [note(), note()])
        expect(reply).toMatchObject({ decision: Decision.OK, first_seq: 1, count: 3, head_seq: 3 })
        expect(types(await sound(journal, run))).toEqual(['run.started', 'actor.stepped', 'action.requested', 'action.requested'])
      })

      test('the same request again is answered with its original positions, also after a restart and behind later events', async () => {
        const run = await oneRun()
        const request = reactionRequest(run, await recordAt(journal, run, 0), 'agent', [note()])
        const first = await journal.append(request)
        expect(await journal.append(request)).toMatchObject({ decision: Decision.IDEMPOTENT, first_seq: 1, count: 2 })
        await step(journal, run, 'environment', [note('agent')])
        await again()
        expect(await journal.append(request)).toMatchObject({ decision: Decision.IDEMPOTENT, first_seq: 1, count: 2, recorded_at_ms: first.recorded_at_ms })
        expect(await journal.append(createRequest(run))).toMatchObject({ decision: Decision.IDEMPOTENT, first_seq: 0, count: 1 })
        const wish = cancelRequest(run)
        const { first_seq: at } = await journal.append(wish)
        expect(await journal.append(wish)).toMatchObject({ decision: Decision.IDEMPOTENT, first_seq: at })
        expect((await sound(journal, run)).length).toBe(at + 1)
      })

      test('two that are the same and queued together are recorded once', async () => {
        const run = newRun()
        const replies = await Promise.all([1, 2, 3].map(() => create(journal, run)))
        expect(replies.map(({ decision }) => decision)).toEqual([Decision.OK, Decision.IDEMPOTENT, Decision.IDEMPOTENT])
        expect((await sound(journal, run)).length).toBe(1)
      })

      test.each([['soon', false], ['after a restart', true]])('another answer to the same cause is a corrupt repetition (%s)', async (_, restart) => {
        const run = await oneRun()
        const cause = await recordAt(journal, run, 0)
        await journal.append(reactionRequest(run, cause, 'agent', [note('environment', 1)]))
        if (restart) await again()
        expect((await journal.append(reactionRequest(run, cause, 'agent', [note('environment', 2)]))).decision).toBe(Decision.CORRUPT_IDEMPOTENCY)
        expect((await journal.append(reactionRequest(run, cause, 'agent', [note(), note()]))).decision).toBe(Decision.CORRUPT_IDEMPOTENCY)
        expect((await journal.append(reactionRequest(run, cause, 'agent'))).decision).toBe(Decision.CORRUPT_IDEMPOTENCY)
        const other = createRequest(run)
        const [event] = other.events ?? []
        if (event !== undefined) event.payload = encodeEvent('run.started', { ...started, task: 'another' })
        expect((await journal.append(other)).decision).toBe(Decision.CORRUPT_IDEMPOTENCY)
        const known = anyId()
        await journal.append(cancelRequest(run, known, 'one'))
        expect((await journal.append(cancelRequest(run, known, 'two'))).decision).toBe(Decision.CORRUPT_IDEMPOTENCY)
        const mixed = cancelRequest(run)
        mixed.events?.push(...(cancelRequest(run, known, 'one').events ?? []))
        expect((await journal.append(mixed)).decision).toBe(Decision.CORRUPT_IDEMPOTENCY)
        expect((await sound(journal, run)).length).toBe(4)
      })

      test('a reaction to anything but the oldest unstepped event of its actor is WrongExpected', async () => {
        const run = await oneRun()
        await step(journal, run, 'agent', [note(), note(), note('evaluator')])
        const second = await recordAt(journal, run, 3)
        expect((await journal.append(reactionRequest(run, second, 'environment'))).decision).toBe(Decision.WRONG_EXPECTED)
        expect((await journal.append(reactionRequest(run, { seq: 99, id: second.id }, 'environment'))).decision).toBe(Decision.WRONG_EXPECTED)
        expect((await journal.append(reactionRequest(run, await recordAt(journal, run, 4), 'evaluator'))).decision).toBe(Decision.OK)
        expect((await step(journal, run, 'environment')).decision).toBe(Decision.OK)
        expect((await journal.append(reactionRequest(run, second, 'environment'))).decision).toBe(Decision.OK)
      })

      test('ids that are not derived, another cause, another sender, a wrong count of outputs are refused', async () => {
        const run = await oneRun()
        const cause = await recordAt(journal, run, 0)
        const refused = async (change: Parameters<typeof reactionRequest>[4], outputs = [note()]): Promise<string> => {
          const reply = await journal.append(reactionRequest(run, cause, 'agent', outputs, change))
          expect(reply.decision).toBe(Decision.REFUSED)
          return reply.reason
        }
        expect(await refused((events) => { for (const event of events.slice(1)) event.event_id = Buffer.from(anyId(), 'hex') })).toContain('not derived')
        expect(await refused((events) => { for (const event of events.slice(1)) event.cause_id = Buffer.from(anyId(), 'hex') })).toContain('another cause')
        expect(await refused((events) => { for (const event of events.slice(1)) event.from = 'environment' })).toContain('not from agent')
        expect(await refused((events) => { events.pop() })).toContain('outputs')
        expect(await refused((events) => { events.shift() })).toContain('begins with actor.stepped')
        const forged = [{ type: 'timer.fired', to: 'agent', payload: { name: 'x', armed_id: anyId() } }] as const
        expect((await journal.append(reactionRequest(run, cause, 'agent', forged))).reason).toContain('cannot be part')
        expect((await sound(journal, run)).length).toBe(1)
      })

      test('what is malformed, unknown or oversized is refused with the reason', async () => {
        const run = await oneRun()
        const broken = async (change: (request: Parameters<Journal['append']>[0]) => void): Promise<string> => {
          const request = cancelRequest(run)
          change(request)
          const reply = await journal.append(request)
          expect(reply.decision).toBe(Decision.REFUSED)
          return reply.reason
        }
        const first = (request: Parameters<Journal['append']>[0]) => {
          const [event] = request.events ?? []
          if (event === undefined) throw new Error('no event')
          return event
        }
        expect(await broken((request) => { request.run_id = new Uint8Array(3) })).toContain('16 bytes')
        expect(await broken((request) => { request.create = { title: '' } })).toContain('a creation, a reaction, an outcome or an external event')
        expect(await broken((request) => { request.events = [] })).toContain('1 to 1024')
        expect(await broken((request) => { first(request).type = 'run.exploded' })).toContain('unknown event type')
        expect(await broken((request) => { first(request).event_id = new Uint8Array(31) })).toContain('32 bytes')
        expect(await broken((request) => { first(request).schema_version = 9 })).toContain('schema version')
        expect(await broken((request) => { first(request).to = 'executor/0' })).toContain('no such actors')
        expect(await broken((request) => { first(request).payload = Uint8Array.of(0xff, 0xff, 0xff) })).toContain('does not decode')
        expect(await broken((request) => { first(request).payload = encodeEvent('run.cancel_requested', { reason: 'x'.repeat(131_000) }) })).toContain('may take')
        expect(await broken((request) => { first(request).blobs = [{ hash: sha256('nowhere'), kind: 1, bytes: 3 }] })).toContain('does not hold')
        expect(await broken((request) => { request.blobs = [{ hash: sha256('a'), data: Buffer.from('b') }] })).toContain('does not match')
        expect(await broken((request) => { request.blobs = [{ hash: sha256('a'), data: new Uint8Array(70_000) }] })).toContain('at most')
        expect(await broken((request) => { first(request).type = 'run.resumed'; first(request).payload = encodeEvent('run.resumed', { gap_ms: 1, reason: '' }) })).toContain('not an external event')
        expect(await broken((request) => { request.events = [first(request), first(request)] })).toContain('same id')
        expect((await journal.append(cancelRequest(newRun()))).reason).toContain('no run')
        expect((await sound(journal, run)).length).toBe(1)
      })

      test('one event that is refused leaves nothing of its batch', async () => {
        const run = await oneRun()
        const reply = await journal.append(reactionRequest(run, await recordAt(journal, run, 0), 'agent', [note(), { type: 'protocol.violated', to: '', payload: { actor: 'agent', event_type: 'x', reason: 'y'.repeat(131_000) } }]))
        expect(reply.decision).toBe(Decision.REFUSED)
        expect((await sound(journal, run)).length).toBe(1)
        expect((await step(journal, run, 'agent', [note()])).first_seq).toBe(1)
      })

      test('blobs that come with an event are durable with it, and others must be there', async () => {
        const run = await oneRun()
        const data = Buffer.from('some text')
        const request = cancelRequest(run)
        const [event] = request.events ?? []
        if (event !== undefined) event.blobs = [{ hash: sha256(data), kind: 2, bytes: data.length }]
        expect((await journal.append(request)).decision).toBe(Decision.REFUSED)
        expect((await journal.append({ ...request, blobs: [{ hash: sha256(data), data }] })).decision).toBe(Decision.OK)
        await again()
        expect(Buffer.from((await journal.getSmall(hex(sha256(data)))) ?? []).toString()).toBe('some text')
        expect((await journal.blobHas({ hashes: [sha256(data), sha256('other'), new Uint8Array(2)] })).found).toEqual([true, false, false])
      })

      test('a finished run takes nothing more but tells what it holds', async () => {
        const run = await oneRun()
        const request = reactionRequest(run, await recordAt(journal, run, 0), 'agent', [note(), finish()])
        await journal.append(request)
        expect((await journal.append(cancelRequest(run))).decision).toBe(Decision.SEALED)
        expect((await journal.append(reactionRequest(run, await recordAt(journal, run, 2), 'environment'))).decision).toBe(Decision.SEALED)
        expect((await journal.append(request)).decision).toBe(Decision.IDEMPOTENT)
        await again()
        expect((await journal.append(cancelRequest(run))).decision).toBe(Decision.SEALED)
        expect((await journal.read({ run_id: run })).sealed).toBe(true)
      })

      test('a full queue answers Busy, and what was taken is recorded', async () => {
        await world.journal.close()
        world.options = { maxQueue: 10 }
        world.journal = journal = (await openWorld(world.disk, { maxQueue: 10 })).journal
        const run = await oneRun()
        const replies = await Promise.all(Array.from({ length: 50 }, () => journal.append(cancelRequest(run))))
        const taken = replies.filter(({ decision }) => decision === Decision.OK).length
        expect(replies.filter(({ decision }) => decision === Decision.BUSY).length).toBe(50 - taken)
        expect(taken).toBeGreaterThan(0)
        expect((await sound(journal, run)).length).toBe(taken + 1)
      })

      test('many that come at once share commits and keep their order', async () => {
        const runs = await Promise.all(Array.from({ length: 20 }, () => oneRun()))
        const replies = await Promise.all(runs.flatMap((run) => Array.from({ length: 30 }, () => journal.append(cancelRequest(run)))))
        expect(replies.every(({ decision }) => decision === Decision.OK)).toBe(true)
        await again()
        for (const run of runs) expect((await sound(journal, run)).length).toBe(31)
      })

      test('the clock of a run never runs backwards', async () => {
        const run = await oneRun()
        world.clock.now -= 5000
        await step(journal, run, 'agent')
        const [first, second] = await sound(journal, run)
        expect(second?.at).toBe(first?.at)
      })

      test('each opening writes with a higher epoch', async () => {
        const run = await oneRun()
        await again()
        await step(journal, run, 'agent')
        const [first, second] = await records(journal, run)
        expect(second?.epoch).toBe((first?.epoch ?? 0) + 1)
      })
    })

    describe('effects', () => {
      test('a claim that waits gets the effect when it is asked for, with its record, attempt and fence', async () => {
        const run = await oneRun('executor/1')
        const who = await attached(run)
        const waiting = claimed(run, who)
        await step(journal, run, 'executor/1', [effect(1)])
        const [grant] = (await waiting).grants
        const all = await sound(journal, run)
        expect(types(all)).toEqual(['run.started', 'actor.stepped', 'effect.requested', 'effect.started'])
        expect(grant).toMatchObject({ attempt: 1, fence: 3 })
        expect(Buffer.from(grant?.record ?? []).equals(Buffer.from((await journal.read({ run_id: run, from_seq: 2, limit: 1 })).records[0] ?? []))).toBe(true)
        expect((all[3] as Extract<AnyEvent, { type: 'effect.started' }>).payload.clock?.pid).toBe(process.pid)
      })

      test('a claim takes as many as it has slots, only its kinds, only its run', async () => {
        const run = await oneRun('executor/1')
        const other = await offeredRun()
        await step(journal, run, 'executor/1', [effect(1), effect(2), effect(3, 3, 'file'), effect(4)])
        const who = session()
        const first = await claimed(run, who, { slots: 2 })
        expect(first.grants.length).toBe(2)
        expect(first.grants.every(({ record }) => record.length > 0)).toBe(true)
        expect((await claimed(run, who, { slots: 9 })).grants.length).toBe(1)
        expect((await claimed(run, who, { wait_ms: 30 })).grants.length).toBe(0)
        expect((await claimed(run, who, { kinds: ['file'] })).grants.length).toBe(1)
        expect((await claimed(other, who)).grants.length).toBe(1)
      })

      test('an effect of an actor that lives apart goes to workers that live apart, and while its run is served', async () => {
        const run = await offeredRun()
        expect((await claimed(run, session(), { apart: true, run_id: new Uint8Array(), wait_ms: 30 })).grants.length).toBe(0)
        await attached(run, session(), ['executor'])
        expect((await claimed(run, session(), { wait_ms: 30 })).grants.length).toBe(0)
        expect((await claimed(run, session(), { apart: true, run_id: new Uint8Array() })).grants.length).toBe(1)
      })

      test('one of several claims gets an effect, and the others go on waiting', async () => {
        const run = await oneRun('executor/1')
        const claims = [session(), session(), session()].map((who) => claimed(run, who, { wait_ms: 300 }))
        await step(journal, run, 'executor/1', [effect(1)])
        expect((await Promise.all(claims)).map(({ grants }) => grants.length).sort()).toEqual([0, 0, 1])
      })

      test('what an append brings about is granted with its reply when its session waits for it, slot by slot', async () => {
        const run = await oneRun('executor/1')
        const who = session()
        const waiting = claimed(run, who, { slots: 2, wait_ms: 5000 })
        const [bytes] = (await journal.inbox({ run_id: run, actor_prefix: 'executor/1' })).records
        const first = await journal.append({ ...reactionRequest(run, decodeRecord(Uint8Array.from(bytes ?? [])), 'executor/1', [effect(1)]), session: who, takes_grants: true })
        expect(first.grants).toMatchObject([{ attempt: 1, fence: 3 }])
        expect(types(await sound(journal, run))).toEqual(['run.started', 'actor.stepped', 'effect.requested', 'effect.started'])
        // Whoever sends the outcome without a word about grants is answered as ever, and the wait goes on.
        expect((await journal.append(outcomeRequest(run, first.grants[0] ?? none, mine))).grants).toEqual([])
        const [done] = (await journal.inbox({ run_id: run, actor_prefix: 'executor/1' })).records
        const request = { ...reactionRequest(run, decodeRecord(Uint8Array.from(done ?? [])), 'executor/1', [effect(2), effect(3)]), session: who, takes_grants: true }
        const second = await journal.append(request)
        expect(second.grants.map(({ fence }) => fence)).toEqual([second.first_seq + 3])
        // Two slots are two effects: the third is for who claims next.
        expect(await waiting).toMatchObject({ decision: Decision.OK, grants: [], taken: [first.grants[0]?.effect_id, second.grants[0]?.effect_id] })
        expect((await claimed(run, who)).grants).toHaveLength(1)
        // An answer that was lost is told again, and who held those attempts goes on holding them.
        await again()
        const repeated = await journal.append(request)
        expect(repeated).toMatchObject({ decision: Decision.IDEMPOTENT, first_seq: second.first_seq })
        expect(repeated.grants.map(({ fence }) => fence)).toEqual([second.first_seq + 3, second.first_seq + 4])
        expect((await journal.append({ ...request, session: session() })).grants).toEqual([])
        // The outcome overtakes the answer, which has to read the log first: what has ended is not told again.
        const [late, outcome] = await Promise.all([journal.append(request), journal.append(outcomeRequest(run, repeated.grants[0] ?? none, { ...mine, call: 2 }))])
        expect(outcome.decision).toBe(Decision.OK)
        expect(late.grants.map(({ fence }) => fence)).toEqual([second.first_seq + 4])
        expect((await journal.append(request)).grants.map(({ fence }) => fence)).toEqual([second.first_seq + 4])
      })

      test('what nobody of the appending session waits for is granted to who does', async () => {
        const run = await oneRun('executor/1')
        const waiting = claimed(run, session())
        const [bytes] = (await journal.inbox({ run_id: run, actor_prefix: 'executor/1' })).records
        const reply = await journal.append({ ...reactionRequest(run, decodeRecord(Uint8Array.from(bytes ?? [])), 'executor/1', [effect(1)]), session: session(), takes_grants: true })
        expect(reply.grants).toEqual([])
        expect(await waiting).toMatchObject({ grants: [{ attempt: 1 }], taken: [] })
      })

      test('the outcome of the current attempt is taken once, and of nobody else', async () => {
        const run = await offeredRun()
        const grant = await grantOf(run, session())
        expect((await journal.append(outcomeRequest(run, { ...grant, attempt: 2 }, mine))).decision).toBe(Decision.FENCED)
        expect((await journal.append(outcomeRequest(run, { ...grant, fence: grant.fence + 1 }, mine))).decision).toBe(Decision.FENCED)
        expect((await journal.append(outcomeRequest(run, grant, { ...mine, call: 2 }))).decision).toBe(Decision.REFUSED)
        expect((await journal.append(outcomeRequest(run, grant, { ...mine, requester: 'agent' }))).decision).toBe(Decision.REFUSED)
        expect((await journal.append(outcomeRequest(run, grant, mine, ([event]) => { if (event !== undefined) event.event_id = Buffer.from(anyId(), 'hex') }))).decision).toBe(Decision.REFUSED)
        const request = outcomeRequest(run, grant, mine)
        expect((await journal.append(request)).decision).toBe(Decision.OK)
        expect((await journal.append(request)).decision).toBe(Decision.IDEMPOTENT)
        await again()
        expect((await journal.append(request)).decision).toBe(Decision.IDEMPOTENT)
        const last = (await sound(journal, run)).at(-1)
        expect(last).toMatchObject({ type: 'effect.succeeded', attempt: 1, fence: grant.fence, to: 'executor/1' })
      })

      test('an outcome of an effect that nobody started is fenced', async () => {
        const run = await offeredRun()
        const asked = await recordAt(journal, run, 2)
        expect((await journal.append(outcomeRequest(run, { effect_id: Buffer.from(asked.id, 'hex'), attempt: 0, fence: 0 }, mine))).decision).toBe(Decision.FENCED)
      })

      test('a worker that gives an attempt back lets the next one have it, and its late outcome is fenced', async () => {
        const run = await offeredRun()
        const first = await grantOf(run, session())
        await journal.release({ session: session(), holding: [{ ...first, run_id: run }], reason: 'test' })
        const second = await grantOf(run, session())
        expect(second).toMatchObject({ attempt: 2 })
        expect(second.fence).toBeGreaterThan(first.fence)
        expect((await journal.append(outcomeRequest(run, first, mine))).decision).toBe(Decision.FENCED)
        expect((await journal.append(outcomeRequest(run, second, mine))).decision).toBe(Decision.OK)
        expect(types(await sound(journal, run)).slice(3)).toEqual(['effect.started', 'effect.lost', 'effect.started', 'effect.succeeded'])
      })

      test('a worker that is silent for a lease loses its attempt; one that is heard keeps it', async () => {
        const run = await offeredRun()
        const who = session()
        const grant = await grantOf(run, who)
        for (let beat = 0; beat < 25; beat++) {
          await new Promise((resolve) => setTimeout(resolve, 100))
          expect((await journal.heartbeat({ session: who, holding: [{ ...grant, run_id: run }] })).lost).toEqual([])
        }
        await until(async () => types(await records(journal, run)).includes('effect.lost'), 'the lease to end')
        const { lost } = await journal.heartbeat({ session: who, holding: [{ ...grant, run_id: run }] })
        expect(lost.length).toBe(1)
      })

      test('a worker whose process is dead loses its attempt at once', async () => {
        await world.journal.close()
        world.options = { leaseMs: 60_000 }
        world.journal = journal = (await openWorld(world.disk, world.options)).journal
        const run = await offeredRun()
        const who = session()
        expect((await grantOf(run, who)).attempt).toBe(1)
        await journal.hello({ session: who, holder: deadHolder() })
        await until(async () => types(await records(journal, run)).includes('effect.lost'), 'the dead worker to be noticed', 2000).then((seen) => expect(seen).toBe(true))
      })

      test('a worker that says goodbye loses what it holds', async () => {
        const run = await offeredRun()
        const who = session()
        await grantOf(run, who)
        await journal.hello({ session: who, leaving: true })
        await until(async () => types(await records(journal, run)).includes('effect.lost'), 'the attempt to be lost', 300).then((seen) => expect(seen).toBe(true))
      })

      test('an attempt that its worker never heard of is offered again', async () => {
        const run = await offeredRun()
        const who = session()
        await grantOf(run, who)
        const began = performance.now()
        const beating = setInterval(() => void journal.heartbeat({ session: who, holder: here() }), 100)
        try {
          await until(async () => types(await records(journal, run)).includes('effect.lost'), 'the attempt to be lost', 5000)
        } finally {
          clearInterval(beating)
        }
        expect(performance.now() - began).toBeGreaterThan(1800)
        expect((await grantOf(run, who)).attempt).toBe(2)
      })

      test('an effect whose attempts are all lost fails', async () => {
        const run = await offeredRun(2)
        for (const attempt of [1, 2]) {
          const grant = await grantOf(run, session())
          expect(grant.attempt).toBe(attempt)
          await journal.release({ holding: [{ ...grant, run_id: run }] })
        }
        const all = await sound(journal, run)
        expect(all.at(-1)).toMatchObject({ type: 'effect.failed', to: 'executor/1', from: 'journal', payload: { error: { source: 'system', code: 'lost' } } })
        expect((await claimed(run, session(), { wait_ms: 30 })).grants).toEqual([])
      })

      test('a cancelled effect that nobody started fails at once', async () => {
        const run = await oneRun('executor/1')
        await journal.append(cancelRequest(run))
        await step(journal, run, 'executor/1', [effect(1), note('executor/1')])
        const asked = (await records(journal, run)).find(({ type }) => type === 'effect.requested')
        await step(journal, run, 'executor/1', [cancelEffect(asked?.id ?? '', 1)])
        expect((await sound(journal, run)).at(-1)).toMatchObject({ type: 'effect.failed', payload: { error: { source: 'user', code: 'cancelled' } } })
        expect((await claimed(run, session(), { wait_ms: 30 })).grants).toEqual([])
      })

      test.each([['answers', false], ['is gone', true]])('the worker of a cancelled effect is told by its heartbeats, and when it %s the effect has one outcome', async (_, gone) => {
        const run = await oneRun('executor/1')
        await step(journal, run, 'executor/1', [effect(1), note('executor/1')])
        const who = session()
        const grant = await grantOf(run, who)
        await step(journal, run, 'executor/1', [cancelEffect(hex(grant.effect_id), 1)])
        await again()
        await journal.inbox({ run_id: run })
        const beat = { session: who, holder: here(), holding: [{ ...grant, run_id: run }] }
        expect((await journal.heartbeat(beat)).cancelled.map(({ fence }) => fence)).toEqual([grant.fence])
        expect((await journal.heartbeat(beat)).cancelled.length).toBe(1)
        if (gone) await journal.release({ holding: [{ ...grant, run_id: run }] })
        else expect((await journal.append(outcomeRequest(run, grant, mine))).decision).toBe(Decision.OK)
        const all = await sound(journal, run)
        expect(all.filter(({ type }) => type === 'effect.failed' || type === 'effect.succeeded').length).toBe(1)
        expect((await journal.heartbeat(beat)).lost.length).toBe(1)
      })

      test('after a restart a living worker keeps its attempt and a dead one loses it at once', async () => {
        await world.journal.close()
        world.options = { leaseMs: 3000 }
        world.journal = journal = (await openWorld(world.disk, world.options)).journal
        const run = await oneRun('executor/1')
        await step(journal, run, 'executor/1', [effect(1), effect(2)])
        const alive = session()
        const kept = await grantOf(run, alive)
        const mortal = childProcess()
        expect((await claimed(run, session(), { holder: mortal.holder })).grants.length).toBe(1)
        await journal.close()
        world.journal = journal = (await openWorld(world.disk, world.options)).journal
        await journal.inbox({ run_id: run })
        await new Promise((resolve) => setTimeout(resolve, 400))
        expect(types(await records(journal, run))).not.toContain('effect.lost')
        await mortal.end()
        const lost = await until(async () => (await records(journal, run)).find(({ type }) => type === 'effect.lost'), 'the dead worker to be noticed', 600)
        expect(lost.correlationId).not.toBe(hex(kept.effect_id))
        expect((await journal.heartbeat({ session: alive, holder: here(), holding: [{ ...kept, run_id: run }] })).lost).toEqual([])
        expect((await journal.append(outcomeRequest(run, kept, { ...mine, call: 1 }))).decision).toBe(Decision.OK)
      })

      test('a claim that waits is answered when the journal closes', async () => {
        const run = await oneRun()
        const waiting = claimed(run, session(), { wait_ms: 20_000 })
        await new Promise((resolve) => setTimeout(resolve, 20))
        await journal.close()
        expect((await waiting).grants).toEqual([])
        expect((await claimed(run, session())).decision).toBe(Decision.UNAVAILABLE)
        expect((await journal.append(cancelRequest(run))).decision).toBe(Decision.UNAVAILABLE)
      })
    })

    describe('serving', () => {
      test('one session serves a run; another is fenced until the first lets go or dies', async () => {
        const run = await oneRun()
        const first = await attached(run)
        const second = session()
        const refused = await journal.attach({ run_id: run, session: second, holder: here() })
        expect(refused).toMatchObject({ decision: Decision.FENCED, held_by: { pid: process.pid } })
        expect(refused.reason).toContain(`pid ${process.pid}`)
        await journal.detach({ run_id: run, session: second })
        expect((await journal.attach({ run_id: run, session: second, holder: here() })).decision).toBe(Decision.FENCED)
        await journal.detach({ run_id: run, session: first })
        await attached(run, second)
        await journal.hello({ session: second, holder: deadHolder() })
        await new Promise((resolve) => setTimeout(resolve, 120))
        await attached(run)
        await journal.attach({ run_id: newRun(), session: second, holder: here() }).then(({ decision }) => expect(decision).toBe(Decision.REFUSED))
      })

      test('two that attach at once: one serves', async () => {
        const run = await oneRun()
        const replies = await Promise.all([session(), session(), session()].map((who) => journal.attach({ run_id: run, session: who, holder: here() })))
        expect(replies.map(({ decision }) => decision).sort()).toEqual([Decision.OK, Decision.FENCED, Decision.FENCED])
      })

      test('the gap since a run was last served is recorded, once, and before any timer fires', async () => {
        const run = await oneRun('environment')
        const first = await attached(run)
        await step(journal, run, 'environment', [timer('max', 1000, true), timer('backoff', 1000)])
        await journal.detach({ run_id: run, session: first })
        world.clock.now += 60_000
        await new Promise((resolve) => setTimeout(resolve, 250))
        expect(types(await records(journal, run))).not.toContain('timer.fired')
        const second = session()
        expect((await journal.attach({ run_id: run, session: second, holder: here() })).gap_ms).toBe(60_000)
        expect((await journal.attach({ run_id: run, session: second, holder: here() })).gap_ms).toBe(0)
        await until(async () => types(await records(journal, run)).includes('timer.fired'), 'the back-off to end')
        await new Promise((resolve) => setTimeout(resolve, 250))
        const tail = (await sound(journal, run)).slice(4)
        expect(tail.map((event) => [event.type, 'name' in event.payload ? event.payload.name : ''])).toEqual([['run.resumed', ''], ['timer.fired', 'backoff']])
        world.clock.now += 1000
        await until(async () => types(await records(journal, run)).filter((type) => type === 'timer.fired').length === 2, 'the limit to end')
      })

      test('a run that was just created and is served for the first time was not resumed', async () => {
        const run = await oneRun()
        await attached(run)
        expect(types(await records(journal, run))).toEqual(['run.started'])
      })

      test('the session that served before a restart serves on: no gap, its timers go on with its heartbeats, its apart actors stay apart', async () => {
        const run = await oneRun('environment')
        const who = await attached(run, session(), ['executor'])
        await step(journal, run, 'environment', [timer('soon', 10), effect(1)])
        await again()
        expect((await journal.attach({ run_id: run, session: session(), holder: here() })).decision).toBe(Decision.FENCED)
        world.clock.now += 50
        await new Promise((resolve) => setTimeout(resolve, 250))
        expect(types(await records(journal, run))).not.toContain('timer.fired')
        await journal.heartbeat({ session: who, holder: here(), serving: [run] })
        await until(async () => types(await records(journal, run)).includes('timer.fired'), 'the timer')
        expect((await claimed(run, session(), { wait_ms: 30 })).grants.length).toBe(0)
        expect((await claimed(run, session(), { apart: true })).grants.length).toBe(1)
        expect((await journal.attach({ run_id: run, session: who, holder: here(), apart: ['executor'] })).decision).toBe(Decision.OK)
        expect(types(await sound(journal, run))).not.toContain('run.resumed')
      })

      test('a run whose process died together with the journal is taken over at once, with its gap', async () => {
        const run = await oneRun()
        await step(journal, run, 'agent')
        await journal.attach({ run_id: run, session: session(), holder: deadHolder() })
        await again()
        world.clock.now += 5000
        expect(await journal.attach({ run_id: run, session: session(), holder: here() })).toMatchObject({ decision: Decision.OK, gap_ms: 5000 })
        expect(types(await sound(journal, run))).toContain('run.resumed')
      })

      test('heartbeats for a run that another serves change nothing and say so', async () => {
        const run = await oneRun()
        await attached(run)
        expect((await journal.heartbeat({ session: session(), holder: here(), serving: [run, newRun(), new Uint8Array(3)] })).reason).toContain('another process')
      })
    })

    describe('timers', () => {
      const fired = async (run: Uint8Array): Promise<string[]> => (await records(journal, run)).flatMap((event) => (event.type === 'timer.fired' ? [event.payload.name] : []))

      test('fire once, in the order of their deadlines, to the actor that armed them', async () => {
        const run = await oneRun('executor/2')
        await attached(run)
        await step(journal, run, 'executor/2', [timer('b', 200), timer('a', 100), timer('c', 90_000)])
        world.clock.now += 1000
        await until(async () => (await fired(run)).length === 2, 'both')
        await new Promise((resolve) => setTimeout(resolve, 250))
        expect(await fired(run)).toEqual(['a', 'b'])
        expect((await sound(journal, run)).filter(({ type }) => type === 'timer.fired').every(({ to }) => to === 'executor/2')).toBe(true)
      })

      test('never fire when they were cancelled or armed anew', async () => {
        const run = await oneRun('environment')
        await attached(run)
        await journal.append(cancelRequest(run))
        await step(journal, run, 'environment', [timer('a', 100), timer('b', 100)])
        const armed = (await records(journal, run)).filter(({ type }) => type === 'timer.armed')
        await step(journal, run, 'environment', [cancelTimer('a', armed[0]?.id ?? ''), timer('b', 5000)])
        world.clock.now += 1000
        await new Promise((resolve) => setTimeout(resolve, 250))
        expect(await fired(run)).toEqual([])
        world.clock.now += 5000
        await until(async () => (await fired(run)).length === 1, 'the second arming')
        expect(await fired(run)).toEqual(['b'])
      })

      test('of a finished run never fire', async () => {
        const run = await oneRun('environment')
        await attached(run)
        await step(journal, run, 'environment', [timer('a', 100), finish()])
        world.clock.now += 1000
        await new Promise((resolve) => setTimeout(resolve, 250))
        expect(types(await sound(journal, run)).at(-1)).toBe('run.finished')
      })

      test('stop with the process that serves their run', async () => {
        const run = await oneRun('environment')
        await journal.attach({ run_id: run, session: session(), holder: deadHolder() })
        await step(journal, run, 'environment', [timer('a', 100)])
        world.clock.now += 1000
        await new Promise((resolve) => setTimeout(resolve, 250))
        expect(await fired(run)).toEqual([])
      })
    })

    describe('reading', () => {
      test('an inbox holds what its actor and its instances have not stepped, oldest first', async () => {
        const run = await oneRun()
        await step(journal, run, 'agent', [note('executor/2'), note('executor/1'), note('environment')])
        const seqs = async (prefix: string) => (await journal.inbox({ run_id: run, actor_prefix: prefix })).records.length
        expect([await seqs('executor'), await seqs('executor/2'), await seqs(''), await seqs('agent')]).toEqual([2, 1, 3, 0])
        expect((await journal.inbox({ run_id: newRun() })).decision).toBe(Decision.REFUSED)
      })

      test('a run is read in pages, and never past its head', async () => {
        const run = await oneRun()
        for (let n = 0; n < 5; n++) await journal.append(cancelRequest(run))
        expect(await journal.read({ run_id: run, from_seq: 2, limit: 2 })).toMatchObject({ next_seq: 4, head_seq: 5 })
        expect((await journal.read({ run_id: run, from_seq: 0, max_bytes: 1 })).records.length).toBe(1)
        expect((await journal.read({ run_id: run, from_seq: 6 })).records).toEqual([])
        expect((await journal.read({ run_id: newRun() })).decision).toBe(Decision.REFUSED)
        expect((await journal.read({ run_id: new Uint8Array(3) })).decision).toBe(Decision.REFUSED)
      })

      test('a listing shows heads, and who serves', async () => {
        const run = await oneRun()
        const other = await oneRun()
        await attached(run)
        const rows = (await journal.list({})).runs
        expect(rows.map((row) => [hex(row.run_id), row.served, row.damage]).sort()).toEqual([[hex(run), true, ''], [hex(other), false, '']].sort())
        expect((await journal.list({ run_id: other })).runs.length).toBe(1)
        expect((await journal.list({ run_id: newRun() })).runs).toEqual([])
      })

      test('a check of a run that is being written to finds nothing wrong', async () => {
        const run = await oneRun()
        const writing = (async () => { for (let n = 0; n < 300; n++) await journal.append(cancelRequest(run)) })()
        const checks = await Promise.all(Array.from({ length: 30 }, async (_, n) => {
          await new Promise((resolve) => setTimeout(resolve, n * 3))
          return journal.check({ run_id: run })
        }))
        await writing
        expect(checks.filter(({ ok }) => !ok)).toEqual([])
        expect(await journal.check({ run_id: run })).toMatchObject({ ok: true, events: 301 })
      })

      test('views are kept, and are no part of any run', async () => {
        const run = await oneRun()
        await journal.viewPut({ run_id: run, name: 'a', data: Buffer.from('1') })
        expect(await journal.viewGet({ run_id: run, name: 'a' })).toMatchObject({ found: true })
        await again()
        expect(Buffer.from((await journal.viewGet({ run_id: run, name: 'a' })).data).toString()).toBe('1')
        expect((await journal.viewGet({ run_id: run, name: 'b' })).found).toBe(false)
      })
    })
  })
}
