import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hex } from '../../schemas/hash.ts'
import { decodeRecord } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { Decision } from '../../src/journal/index.ts'
import { readRun } from '../../src/journal/read-run.ts'
import { cancelEffect, cancelRequest, create, effect, here, newRun, note, openWorld, outcomeRequest, reactionRequest, records, reopen, session, sound, timer } from './world.ts'
import type { Disk, Grant, Output, World } from './world.ts'

type Move =
  | { do: 'step'; run: number; actor: number; outputs: number[] }
  | { do: 'external'; run: number }
  | { do: 'claim'; run: number; slots: number }
  | { do: 'finish' | 'release' | 'repeat'; pick: number }
  | { do: 'wait'; ms: number }
  | { do: 'reopen' }

const ACTORS = ['agent', 'environment', 'executor/1', 'llm-tool/7', 'evaluator']
const small = fc.nat({ max: 3 })
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('step' as const), run: small, actor: fc.nat({ max: 4 }), outputs: fc.array(fc.nat({ max: 8 }), { maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('external' as const), run: small }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const), run: small, slots: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'release' as const, 'repeat' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 400 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
)

/** What was acknowledged, to be found again whatever happens. */
interface Told { world: World; runs: Uint8Array[]; acknowledged: Map<string, number>; requests: Array<Parameters<World['journal']['append']>[0]>; grants: Array<{ run: Uint8Array; grant: Grant; asked: AnyEvent }>; who: Uint8Array }

export function interleavings(name: string, newDisk: () => Promise<Disk>, numRuns: number): void {
  test(`whatever valid requests come in whatever order on ${name}: logs are sound, nothing acknowledged is missing after a restart, and the state is the fold of the log`, async () => {
    await expect(fc.assert(fc.asyncProperty(fc.array(fc.array(move, { minLength: 1, maxLength: 6 }), { maxLength: 25 }), async (rounds) => {
      const world = await openWorld(await newDisk(), { leaseMs: 60_000 })
      const told: Told = { world, runs: [], acknowledged: new Map(), requests: [], grants: [], who: session() }
      try {
        for (let n = 0; n < 4; n++) {
          const run = newRun()
          told.runs.push(run)
          await create(world.journal, run, ACTORS[n])
          await world.journal.attach({ run_id: run, session: told.who, holder: here() })
        }
        for (const moves of rounds) {
          if (moves[0]?.do === 'reopen') await reopen(world)
          else await Promise.all(moves.map((one) => play(told, one)))
        }
        await judge(told)
        await reopen(world)
        await judge(told)
      } finally {
        await world.journal.close()
      }
    }), { numRuns, interruptAfterTimeLimit: 20_000 })).resolves.toBeUndefined()
  }, 40_000)
}

const output = (kind: number, index: number, open: string | undefined): Output => {
  if (kind <= 2) return effect(index + 1, (kind % 3) + 1, kind === 1 ? 'file' : 'execution')
  if (kind === 3) return timer(`t${index}`, 100)
  if (kind === 4) return timer('max', 1000, true)
  if (kind === 5 && open !== undefined) return cancelEffect(open, 1)
  return note(ACTORS[kind % ACTORS.length])
}

async function play(told: Told, one: Move): Promise<void> {
  const { journal } = told.world
  if (one.do === 'wait') {
    told.world.clock.now += one.ms
    return
  }
  if (one.do === 'reopen') return
  if ('run' in one) {
    const run = told.runs[one.run] ?? newRun()
    if (one.do === 'claim') {
      const { grants } = await journal.claim({ session: told.who, holder: here(), kinds: ['execution', 'file'], run_id: run, slots: one.slots, wait_ms: 5 })
      for (const grant of grants) told.grants.push({ run, grant, asked: decodeRecord(Uint8Array.from(grant.record)) })
      return
    }
    if (one.do === 'external') return send(told, cancelRequest(run))
    const actor = ACTORS[one.actor] ?? 'agent'
    const [bytes] = (await journal.inbox({ run_id: run, actor_prefix: actor })).records
    if (bytes === undefined) return
    const open = (await records(journal, run)).findLast(({ type, from }) => type === 'effect.requested' && from === actor)?.id
    return send(told, reactionRequest(run, decodeRecord(Uint8Array.from(bytes)), actor, one.outputs.map((kind, index) => output(kind, index, open))))
  }
  if (one.do === 'repeat') {
    const request = told.requests[one.pick % Math.max(1, told.requests.length)]
    if (request === undefined) return
    const reply = await journal.append(request)
    expect([Decision.IDEMPOTENT]).toContain(reply.decision)
    expect(reply.first_seq).toBe(told.acknowledged.get(hex(request.events?.[0]?.event_id ?? new Uint8Array())))
    return
  }
  const held = told.grants[one.pick % Math.max(1, told.grants.length)]
  if (held === undefined) return
  const { run, grant, asked } = held
  if (one.do === 'release') await journal.release({ holding: [{ ...grant, run_id: run }] })
  else if (asked.type === 'effect.requested') await send(told, outcomeRequest(run, grant, { call: asked.payload.call, requester: asked.from, kind: asked.payload.kind }))
}

async function send(told: Told, asked: Parameters<World['journal']['append']>[0]): Promise<void> {
  const request = { ...asked, session: told.who, takes_grants: true }
  const reply = await told.world.journal.append(request)
  for (const grant of reply.grants) told.grants.push({ run: request.run_id ?? new Uint8Array(), grant, asked: decodeRecord(Uint8Array.from(grant.record)) })
  if (reply.decision !== Decision.OK) return expect([Decision.WRONG_EXPECTED, Decision.CORRUPT_IDEMPOTENCY, Decision.IDEMPOTENT, Decision.FENCED]).toContain(reply.decision)
  told.requests.push(request)
  for (const [index, event] of (request.events ?? []).entries()) told.acknowledged.set(hex(event.event_id), reply.first_seq + index)
}

async function judge({ world, runs, acknowledged }: Told): Promise<void> {
  const found = new Map<string, number>()
  for (const run of runs) {
    const all = await sound(world.journal, run)
    for (const { id, seq } of all) found.set(id, seq)
    const outcomes = all.flatMap((event) => (event.type === 'effect.succeeded' || event.type === 'effect.failed' ? [event.payload.effect] : []))
    expect(new Set(outcomes).size).toBe(outcomes.length)
    const attempts = all.flatMap((event) => (event.type === 'effect.started' ? [`${event.payload.effect} ${event.attempt}`] : []))
    expect(new Set(attempts).size).toBe(attempts.length)
    const folded = await readRun(await storeOf(world), undefined, run)
    expect(folded?.damage).toBeUndefined()
    const inboxOf = (await world.journal.inbox({ run_id: run, limit: 1000 })).records.map((bytes) => decodeRecord(Uint8Array.from(bytes)).seq)
    expect([...(folded?.inbox.values() ?? [])].flatMap(({ items, head }) => items.slice(head).map(({ seq }) => seq)).sort((a, b) => a - b)).toEqual(inboxOf)
  }
  for (const [id, seq] of acknowledged) expect(found.get(id)).toBe(seq)
}

/** The rows as a second reader sees them: through the journal, record by record. */
async function storeOf({ journal }: World): Promise<Parameters<typeof readRun>[0]> {
  const { eventKey, encodeHead, headKey } = await import('../../src/journal/keys.ts')
  const rows = new Map<string, Uint8Array>()
  for (const row of (await journal.list({})).runs) {
    const reply = await journal.read({ run_id: row.run_id })
    reply.records.forEach((bytes, seq) => rows.set(hex(eventKey(row.run_id, seq)), bytes))
    rows.set(hex(headKey(row.run_id)), encodeHead({ seq: reply.head_seq, hash: reply.head_hash, createdAt: 0, at: 0, sealed: reply.sealed }))
  }
  const sorted = [...rows.keys()].sort()
  return {
    get: async (key) => rows.get(hex(key)),
    range: async ({ gte, lt, limit }) => sorted.filter((key) => key >= hex(gte) && key < hex(lt)).slice(0, limit).map((key) => [Buffer.from(key, 'hex'), rows.get(key) ?? new Uint8Array()]),
    write: async () => undefined, reopen: async () => undefined, close: async () => undefined,
  }
}
