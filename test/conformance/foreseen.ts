import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hex, unhex } from '../../schemas/hash.ts'
import { BLOB_KIND, formatRunId, outputId } from '../../schemas/record.ts'
import { Decision, MAX_CONSEQUENCES } from '../../src/journal/index.ts'
import type { Journal, Request } from '../../src/journal/index.ts'
import { cancelEffect, cancelRequest, create, effect, finish, here, newRun, note, openWorld, outcomeRequest, reactionRequest, recordAt, reopen, session, sound, step, types } from './world.ts'
import type { Disk, Output, World } from './world.ts'

type Append = Partial<Request<'append'>>
type Consequence = NonNullable<Append['consequences']>[number]

/** An append may bring the reactions that follow from it: taken while they are what the actors answer, and left out from the first on that is not. */
export function foreseenFeatures(name: string, newDisk: () => Promise<Disk>): void {
  describe(`appends with foreseen reactions, on ${name}`, () => {
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
    const oneRun = async (): Promise<Uint8Array> => {
      const run = newRun()
      await create(journal, run)
      return run
    }
    /** The reaction of an actor to the event of this seq and id, which is not recorded yet. */
    const foreseen = (run: Uint8Array, seq: number, id: string, actor: string, outputs: readonly Output[] = []): Consequence => {
      const { reaction, events } = reactionRequest(run, { seq, id }, actor, outputs)
      return { reaction: reaction ?? null, effect_id: new Uint8Array(), events: events ?? [] }
    }
    /** agent answers run.started with an action; environment answers that, and agent what it hears. */
    const exchange = async (run: Uint8Array, more: Append = {}): Promise<Append> => {
      const cause = await recordAt(journal, run, 0)
      const action = outputId(formatRunId(run), cause.id, 'agent', 1)
      const answer = outputId(formatRunId(run), action, 'environment', 1)
      return {
        ...reactionRequest(run, cause, 'agent', [note()]), at_ms: world.clock.now,
        consequences: [foreseen(run, 2, action, 'environment', [note('agent')]), foreseen(run, 4, answer, 'agent', [note('environment', 2)])], ...more,
      }
    }
    const told = ['run.started', 'actor.stepped', 'action.requested', 'actor.stepped', 'action.requested', 'actor.stepped', 'action.requested']

    test('are recorded in order as one write, all at the moment that they assume', async () => {
      const run = await oneRun()
      world.clock.now += 500
      const request = await exchange(run)
      const assumed = world.clock.now
      world.clock.now += 3
      expect(await journal.append(request)).toMatchObject({ decision: Decision.OK, first_seq: 1, count: 2, consequences: 2, head_seq: 6 })
      const log = await sound(journal, run)
      expect(types(log)).toEqual(told)
      expect(log.slice(1).map(({ at }) => at)).toEqual(Array(6).fill(assumed))
      // The run goes on from there as from any other place.
      expect((await step(journal, run, 'environment', [finish()])).decision).toBe(Decision.OK)
    })

    test('are answered alike when the request comes again, also after a restart', async () => {
      const run = await oneRun()
      const request = await exchange(run)
      await journal.append(request)
      expect(await journal.append(request)).toMatchObject({ decision: Decision.IDEMPOTENT, first_seq: 1, count: 2, consequences: 2 })
      await again()
      world.clock.now += 60_000
      expect(await journal.append(request)).toMatchObject({ decision: Decision.IDEMPOTENT, first_seq: 1, count: 2, consequences: 2 })
      expect(types(await sound(journal, run))).toEqual(told)
    })

    test('are left out when something else was recorded before them, and the run goes on without', async () => {
      const run = await oneRun()
      const request = await exchange(run)
      await journal.append(cancelRequest(run))
      expect(await journal.append(request)).toMatchObject({ decision: Decision.OK, first_seq: 2, count: 2, consequences: 0 })
      expect(await journal.append(request)).toMatchObject({ decision: Decision.IDEMPOTENT, first_seq: 2, consequences: 0 })
      expect(types(await sound(journal, run))).toEqual(['run.started', 'run.cancel_requested', 'actor.stepped', 'action.requested'])
      expect((await step(journal, run, 'environment', [note('agent')])).decision).toBe(Decision.OK)
      expect((await step(journal, run, 'environment', [note('agent')])).decision).toBe(Decision.OK)
    })

    test('are left out from the first on that does not fit', async () => {
      const run = await oneRun()
      const request = await exchange(run)
      const [first, second] = request.consequences ?? []
      if (first === undefined || second === undefined) throw new Error('two are there')
      const stranger = foreseen(run, 4, 'ab'.repeat(32), 'agent')
      expect(await journal.append({ ...request, consequences: [first, stranger, second] })).toMatchObject({ decision: Decision.OK, count: 2, consequences: 1, head_seq: 4 })
      expect(types(await sound(journal, run))).toEqual(told.slice(0, 5))
      // Whoever foresaw the third makes it again, and it is the same.
      expect(await journal.append({ run_id: run, reaction: second.reaction, events: second.events })).toMatchObject({ decision: Decision.OK, first_seq: 5 })
      expect(await journal.append({ ...request, consequences: [first, second] })).toMatchObject({ decision: Decision.IDEMPOTENT, consequences: 2 })
    })

    test.each([['lies ahead', 1], ['is long ago', -10_000], ['is before the last record', -1]])('are left out when the moment %s', async (_, by) => {
      const run = await oneRun()
      const last = world.clock.now
      if (by < -1) world.clock.now += 60_000
      const request = await exchange(run, { at_ms: (by < -1 ? world.clock.now : last) + by })
      expect(await journal.append(request)).toMatchObject({ decision: Decision.OK, count: 2, consequences: 0 })
      const log = await sound(journal, run)
      expect(log.at(-1)?.at).toBe(world.clock.now)
      expect(log).toHaveLength(3)
    })

    test('can follow an outcome, and bring an effect that is granted once all of them are durable', async () => {
      const run = newRun()
      await create(journal, run, 'executor/1')
      await step(journal, run, 'executor/1', [effect(1)])
      const who = session()
      const claim = () => journal.claim({ session: who, holder: here(), kinds: ['execution'], run_id: run, slots: 1, wait_ms: 2000 })
      const [grant] = (await claim()).grants
      if (grant === undefined) throw new Error('nothing was granted')
      const waiting = claim()
      const request = outcomeRequest(run, grant, { call: 1, requester: 'executor/1' })
      const id = hex(request.events?.[0]?.event_id ?? new Uint8Array())
      const told = outputId(formatRunId(run), id, 'executor/1', 1)
      const reply = await journal.append({ ...request, at_ms: world.clock.now, consequences: [foreseen(run, 4, id, 'executor/1', [note('agent'), effect(2)]), foreseen(run, 6, told, 'agent', [note()])] })
      expect(reply).toMatchObject({ decision: Decision.OK, first_seq: 4, count: 1, consequences: 2, head_seq: 10 })
      expect((await waiting).grants).toHaveLength(1)
      expect(types(await sound(journal, run)).slice(4)).toEqual(['effect.succeeded', 'actor.stepped', 'action.requested', 'effect.requested', 'actor.stepped', 'action.requested', 'effect.started'])
    })

    /** executor/1 answers run.started with an effect, which its process carried out already, and then with what it learned. */
    const carriedOut = async (run: Uint8Array, who: Uint8Array, change: (outcome: Consequence) => Consequence = (outcome) => outcome, kind = 'file'): Promise<Append> => {
      const cause = await recordAt(journal, run, 0)
      const id = outputId(formatRunId(run), cause.id, 'executor/1', 1)
      const { events = [] } = outcomeRequest(run, { effect_id: unhex(id), attempt: 1, fence: 3 }, { call: 1, requester: 'executor/1', kind })
      const learned = hex(events[0]?.event_id ?? new Uint8Array())
      return {
        ...reactionRequest(run, cause, 'executor/1', [effect(1, 3, kind)]), at_ms: world.clock.now, session: who,
        consequences: [change({ reaction: null, effect_id: unhex(id), events }), foreseen(run, 4, learned, 'executor/1', [note('agent')])],
      }
    }
    const executors = async (): Promise<{ run: Uint8Array; who: Uint8Array }> => {
      const run = newRun()
      const who = session()
      await create(journal, run, 'executor/1')
      await journal.attach({ run_id: run, session: who, holder: here(), apart: [] })
      return { run, who }
    }

    test('can be the outcome of an effect that its process carried out at once: its start is on record before it', async () => {
      const { run, who } = await executors()
      const request = await carriedOut(run, who)
      expect(await journal.append(request)).toMatchObject({ decision: Decision.OK, first_seq: 1, count: 2, consequences: 2, head_seq: 6 })
      const log = await sound(journal, run)
      expect(types(log)).toEqual(['run.started', 'actor.stepped', 'effect.requested', 'effect.started', 'effect.succeeded', 'actor.stepped', 'action.requested'])
      expect(log.slice(3, 5).map(({ attempt, fence }) => [attempt, fence])).toEqual([[1, 3], [1, 3]])
      expect(log[3]?.payload).toMatchObject({ clock: { worker: hex(who), pid: process.pid } })
      await again()
      expect(await journal.append(request)).toMatchObject({ decision: Decision.IDEMPOTENT, consequences: 2 })
      expect((await journal.claim({ session: who, holder: here(), kinds: ['file', 'execution'], run_id: run, slots: 1, wait_ms: 0 })).grants).toEqual([])
      expect(await sound(journal, run)).toHaveLength(7)
    })

    test.each<[string, (run: Uint8Array, who: Uint8Array) => Promise<Append>]>([
      ['of a session that is not there', (run) => carriedOut(run, session())],
      ['of another attempt', (run, who) => carriedOut(run, who, (outcome) => ({ ...outcome, events: outcome.events.map((event) => ({ ...event, event_id: unhex('ab'.repeat(32)) })) }))],
      ['of another effect', (run, who) => carriedOut(run, who, (outcome) => ({ ...outcome, effect_id: unhex('cd'.repeat(32)) }))],
      ['of a script', (run, who) => carriedOut(run, who, undefined, 'execution')],
      ['to somebody else', (run, who) => carriedOut(run, who, (outcome) => ({ ...outcome, events: outcome.events.map((event) => ({ ...event, to: 'agent' })) }))],
    ])('an outcome %s is left out, and its effect waits for a worker', async (_, make) => {
      const { run, who } = await executors()
      expect(await journal.append(await make(run, who))).toMatchObject({ decision: Decision.OK, consequences: 0, head_seq: 2 })
      const [grant] = (await journal.claim({ session: who, holder: here(), kinds: ['file', 'execution'], run_id: run, slots: 1, wait_ms: 2000 })).grants
      expect(grant).toMatchObject({ attempt: 1, fence: 3 })
    })

    test('an outcome of an actor that lives apart is left to its processes', async () => {
      const run = newRun()
      const who = session()
      await create(journal, run, 'executor/1')
      await journal.attach({ run_id: run, session: who, holder: here(), apart: ['environment'] })
      expect(await journal.append(await carriedOut(run, who))).toMatchObject({ decision: Decision.OK, consequences: 0 })
    })

    test('end where a cancelled effect gets its outcome from the journal, which comes in between', async () => {
      const run = newRun()
      await create(journal, run, 'executor/1')
      await step(journal, run, 'executor/1', [effect(1), note('executor/1')])
      const { id: asked } = await recordAt(journal, run, 2)
      const cause = await recordAt(journal, run, 3)
      const next = outputId(formatRunId(run), cause.id, 'executor/1', 2)
      const request = reactionRequest(run, cause, 'executor/1', [cancelEffect(asked, 1), note()])
      expect(await journal.append({ ...request, at_ms: world.clock.now, consequences: [foreseen(run, 6, next, 'environment'), foreseen(run, 7, next, 'executor/1')] })).toMatchObject({ decision: Decision.OK, count: 3, consequences: 1 })
      expect(types(await sound(journal, run)).slice(4)).toEqual(['actor.stepped', 'effect.cancel_requested', 'action.requested', 'effect.failed', 'actor.stepped'])
    })

    test('are refused with the whole append when they are none, too many, or name what the store does not hold', async () => {
      const run = await oneRun()
      const request = await exchange(run)
      const [first] = request.consequences ?? []
      if (first === undefined) throw new Error('there is one')
      expect(await journal.append({ ...request, consequences: [{ ...first, reaction: null }] })).toMatchObject({ decision: Decision.REFUSED, reason: 'a consequence is a reaction, or the outcome of an effect' })
      expect(await journal.append({ ...request, consequences: Array<Consequence>(MAX_CONSEQUENCES + 1).fill(first) })).toMatchObject({ decision: Decision.REFUSED })
      const [stepped, ...rest] = first.events
      if (stepped === undefined) throw new Error('it has a first event')
      const naming = { ...first, events: [{ ...stepped, blobs: [{ hash: Buffer.alloc(32, 7), kind: BLOB_KIND.text, bytes: 1 }] }, ...rest] }
      expect(await journal.append({ ...request, consequences: [naming] })).toMatchObject({ decision: Decision.REFUSED, reason: expect.stringContaining('does not hold') as string })
      expect(await sound(journal, run)).toHaveLength(1)
    })

    test('nothing follows the end of a run', async () => {
      const run = await oneRun()
      const cause = await recordAt(journal, run, 0)
      const action = outputId(formatRunId(run), cause.id, 'agent', 1)
      const request = { ...reactionRequest(run, cause, 'agent', [note(), finish()]), at_ms: world.clock.now, consequences: [foreseen(run, 2, action, 'environment')] }
      expect(await journal.append(request)).toMatchObject({ decision: Decision.OK, count: 3, consequences: 0 })
      expect(types(await sound(journal, run)).at(-1)).toBe('run.finished')
    })
  })
}
