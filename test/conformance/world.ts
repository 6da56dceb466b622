import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import type { EventPayloads, EventType } from '../../schemas/generated/events.ts'
import { unhex } from '../../schemas/hash.ts'
import { decodeRecord, formatRunId, outcomeId, outputId, recordHash } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { Journal, thisHolder } from '../../src/journal/index.ts'
import type { Holder, JournalOptions, JournalPort, KeyValueStore, Witness } from '../../src/journal/index.ts'

type NewEvent = kymo.v1.journal.NewEvent
export type Output = { [T in EventType]: { type: T; to: string; payload: EventPayloads[T] } }[EventType]

/** What a journal needs and a test can open again: the same rows, and the same witness. */
export interface Disk { open(): Promise<KeyValueStore>; witness?: () => Witness }

export interface World {
  journal: Journal
  disk: Disk
  problems: string[]
  /** the journal's clock, which only tests move */
  clock: { now: number }
  options: Partial<JournalOptions>
}

export async function openWorld(disk: Disk, options: Partial<JournalOptions> = {}): Promise<World> {
  const clock = { now: 1_700_000_000_000 }
  const world = { disk, problems: [] as string[], clock, options } as unknown as World
  world.journal = await openJournal(world)
  return world
}

export async function openJournal(world: World): Promise<Journal> {
  const witness = world.disk.witness?.()
  const store = await world.disk.open()
  return new Journal({ store, ...(witness === undefined ? {} : { witness }), leaseMs: 2000, now: () => world.clock.now, onProblem: (text) => world.problems.push(text), ...world.options }).open()
}

/** Closes and opens again, as after a restart. */
export async function reopen(world: World): Promise<void> {
  await world.journal.close()
  world.journal = await openJournal(world)
}

export const newRun = (): Uint8Array => Uint8Array.from(randomBytes(16))
export const session = (): Uint8Array => Uint8Array.from(randomBytes(16))
export const here = (): Holder => thisHolder('a test')
/** A process of this boot that is certainly gone. */
export const deadHolder = (): Holder => ({ ...thisHolder('a dead test'), pid: 4_194_303, started_ticks: 1 })

/** Another living process, and how to end it. */
export function childProcess(): { holder: Holder; end: () => Promise<void> } {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    holder: { ...thisHolder('a child'), pid, started_ticks: ticks },
    end: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

export const started: EventPayloads['run.started'] = {
  task: 't', profile: 'small', agent: 'scripted', agent_config: '{}', tree: '', layers: [], read_only: [], seed: 1, entry: '', script_limits: '{}', llm: '{}', actions: [], python_key: '',
}

const event = <T extends EventType>(id: string, type: T, from: string, to: string, payload: EventPayloads[T], cause = ''): NewEvent => ({
  event_id: unhex(id), type, schema_version: schemaVersion(type), from, to, cause_id: unhex(cause), correlation_id: new Uint8Array(), blobs: [], payload: encodeEvent(type, payload),
})
export const anyId = (): string => randomBytes(32).toString('hex')
const idOf = (text: string): string => createHash('sha256').update(text).digest('hex')

type Append = JournalPort['append']
type AppendReply = Awaited<ReturnType<Append>>
export type Appender = Pick<JournalPort, 'append' | 'read'>

export const createRequest = (run: Uint8Array, to = 'agent'): Parameters<Append>[0] => ({ run_id: run, create: { title: '' }, events: [event(idOf(Buffer.from(run).toString('hex')), 'run.started', 'user', to, started)], blobs: [] })
export const create = (port: Appender, run: Uint8Array, to?: string): Promise<AppendReply> => port.append(createRequest(run, to))

export const cancelRequest = (run: Uint8Array, id = anyId(), reason = 'because'): Parameters<Append>[0] =>
  ({ run_id: run, external: { reason: '' }, events: [event(id, 'run.cancel_requested', 'user', 'environment', { reason })], blobs: [] })

/** An actor's answer to the event at `cause`: actor.stepped and its outputs, with derived ids. */
export function reactionRequest(run: Uint8Array, cause: Pick<AnyEvent, 'seq' | 'id'>, actor: string, outputs: readonly Output[] = [], change: (events: NewEvent[]) => void = () => undefined): Parameters<Append>[0] {
  const id = (index: number): string => outputId(formatRunId(run), cause.id, actor, index)
  const stepped = event(id(0), 'actor.stepped', actor, '', { actor, machine_version: '7e57', cause_seq: cause.seq, state: '0f', digests: [], all: '0f', outputs: outputs.length, dropped: false }, cause.id)
  const events = [stepped, ...outputs.map((output, index) => event(id(index + 1), output.type, actor, output.to, output.payload as never, cause.id))]
  change(events)
  return { run_id: run, reaction: { actor, cause_seq: cause.seq }, events, blobs: [] }
}

export async function records(port: Pick<JournalPort, 'read'>, run: Uint8Array, from = 0): Promise<AnyEvent[]> {
  const found: AnyEvent[] = []
  for (let next = from; ; ) {
    const reply = await port.read({ run_id: run, from_seq: next })
    found.push(...reply.records.map((bytes) => decodeRecord(Uint8Array.from(bytes))))
    if (reply.records.length === 0 || reply.next_seq > reply.head_seq) return found
    next = reply.next_seq
  }
}

export const recordAt = async (port: Pick<JournalPort, 'read'>, run: Uint8Array, seq: number): Promise<AnyEvent> => {
  const reply = await port.read({ run_id: run, from_seq: seq, limit: 1 })
  const [bytes] = reply.records
  if (bytes === undefined) throw new Error(`no record ${seq}`)
  return decodeRecord(Uint8Array.from(bytes))
}

/** Reacts to the oldest event of an actor that has none yet. */
export async function step(port: Appender & Pick<JournalPort, 'inbox'>, run: Uint8Array, actor: string, outputs: readonly Output[] = []): Promise<AppendReply> {
  const [bytes] = (await port.inbox({ run_id: run, actor_prefix: actor })).records
  if (bytes === undefined) throw new Error(`${actor} has nothing to step`)
  return port.append(reactionRequest(run, decodeRecord(Uint8Array.from(bytes)), actor, outputs))
}

export const effect = (call: number, maxAttempts = 3, kind = 'execution'): Output => ({ type: 'effect.requested', to: 'runner', payload: { kind, call, max_attempts: maxAttempts, retry_of: '' } })
export const note = (to = 'environment', call = 1): Output => ({ type: 'action.requested', to, payload: { call, name: 'List Files', base: '' } })
export const timer = (name: string, delay: number, limit = false): Output => ({ type: 'timer.armed', to: '', payload: { name, delay_ms: delay, limit } })
export const cancelTimer = (name: string, armed: string): Output => ({ type: 'timer.cancelled', to: '', payload: { name, armed_id: armed } })
export const cancelEffect = (id: string, call: number): Output => ({ type: 'effect.cancel_requested', to: 'runner', payload: { effect: id, reason: 'test', call } })
export const finish = (): Output => ({ type: 'run.finished', to: '', payload: { status: 'finished', tree: '', steps: 0 } })

export interface Grant { effect_id: Uint8Array; attempt: number; fence: number }

export function outcomeRequest(run: Uint8Array, grant: Grant, { call, requester, kind = 'execution' }: { call: number; requester: string; kind?: string }, change: (events: NewEvent[]) => void = () => undefined): Parameters<Append>[0] {
  const id = Buffer.from(grant.effect_id).toString('hex')
  const events = [event(outcomeId(formatRunId(run), id, grant.attempt), 'effect.succeeded', 'runner', requester, { effect: id, kind, call }, id)]
  change(events)
  return { run_id: run, outcome: { effect_id: grant.effect_id, attempt: grant.attempt, fence: grant.fence }, events, blobs: [] }
}

/** Every promise about a run's log at once: order, no gap, chain, prev_to, times. Gives the records. */
export async function sound(port: Pick<JournalPort, 'read'>, run: Uint8Array): Promise<AnyEvent[]> {
  const raw: Uint8Array[] = []
  for (let next = 0; ; ) {
    const reply = await port.read({ run_id: run, from_seq: next })
    raw.push(...reply.records.map((bytes) => Uint8Array.from(bytes)))
    next = reply.next_seq
    if (reply.records.length === 0 || next > reply.head_seq) {
      const last = raw.at(-1)
      if (last === undefined || recordHash(last) !== Buffer.from(reply.head_hash).toString('hex') || raw.length !== reply.head_seq + 1) throw new Error('the head does not name the last record')
      break
    }
  }
  const all = raw.map(decodeRecord)
  const lastTo = new Map<string, number>()
  all.forEach((one, seq) => {
    const before = all[seq - 1]
    if (one.seq !== seq) throw new Error(`gap at ${seq}`)
    if (one.prevHash !== (before?.hash ?? '0'.repeat(64))) throw new Error(`chain broken at ${seq}`)
    if (one.at < (before?.at ?? 0)) throw new Error(`time runs backwards at ${seq}`)
    const actor = /^(agent|environment|executor|llm-tool|evaluator)/.test(one.to)
    if (one.prevTo !== (actor ? (lastTo.get(one.to) ?? -1) : -1)) throw new Error(`prev_to wrong at ${seq}`)
    if (actor) lastTo.set(one.to, seq)
  })
  return all
}

export const types = (events: readonly AnyEvent[]): string[] => events.map(({ type }) => type)

export async function until<T>(get: () => Promise<T> | T, what: string, limitMs = 8000): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const value = await get()
    if (value !== undefined && value !== null && value !== false) return value as NonNullable<T>
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
