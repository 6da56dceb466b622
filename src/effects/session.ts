import { ACTORS } from '../../schemas/actor-names.ts'
import type { ActorName } from '../../schemas/actor-names.ts'
import { KymoError } from '../../schemas/errors.ts'
import { hex, unhex } from '../../schemas/hash.ts'
import { parseRunId } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { Decision } from '../journal/index.ts'
import { callsFor, runOfSubject } from '../bus/index.ts'
import type { StoreConnection } from '../bus/index.ts'
import { RunHost } from '../host/index.ts'
import type { AgentRegistry } from '../host/index.ts'
import { formatRunId } from '../../schemas/record.ts'
import { handlersFor } from './handlers.ts'
import { MachineRoom } from './machine-room.ts'
import type { MachineRoomOptions } from './machine-room.ts'
import { Runner } from './runner.ts'
import type { RunnerOptions } from './runner.ts'

export interface ServeRunOptions extends MachineRoomOptions {
  client: StoreConnection
  runId: string
  /** actors that live in this process; the others are left to `kymo actor` processes */
  actors?: ReadonlySet<ActorName>
  agents?: AgentRegistry
  onEvent?: (event: AnyEvent) => void
  onOutput?: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
  /** crash tests */
  atPoint?: (point: string) => void
}

export type Ending = { how: 'sealed' } | { how: 'interrupted'; error?: unknown }

export interface RunSession {
  /** resolves when the run is finished, or when this process cannot or shall not go on */
  finished: Promise<Ending>
  /** stops scripts, gives open attempts back and leaves the run to be resumed */
  interrupt: () => Promise<void>
}

/** Serves a run until its end: steps its actors and carries out its effects. Throws when another process serves it. */
export async function serveRun(options: ServeRunOptions): Promise<RunSession> {
  const { client, runId } = options
  const actors = options.actors ?? new Set(ACTORS)
  const run = parseRunId(runId)
  const attached = await client.attach({ run_id: run, apart: ACTORS.filter((actor) => !actors.has(actor)) })
  if (attached.decision !== Decision.OK) throw new KymoError(attached.decision === Decision.FENCED ? 'KYMO_RUN_SERVED' : 'KYMO_RUN_REFUSED', attached.reason)

  const room = options.room ?? new MachineRoom(options)
  const { kinds, close: closeHandlers } = handlersFor(actors, client, room, options)
  let settle: (ending: Ending) => void = () => undefined
  const ended = new Promise<Ending>((resolve) => { settle = resolve })
  const runner = new Runner({
    client, scope: { run }, kinds, serving: () => [run], record: (outcome) => host.record(outcome), onFatal: (error) => settle({ how: 'interrupted', error }), ...(options.atPoint === undefined ? {} : { atPoint: options.atPoint }),
  })
  const host = new RunHost({
    client, runId, actors, carryOut: runner.carryOutNow, prepare: runner.prepare, ...(options.agents === undefined ? {} : { agents: options.agents }),
    onEvent: (event) => {
      options.onEvent?.(event)
      if (event.type === 'effect.cancel_requested') runner.cancel(event.payload.effect)
      if (event.type === 'run.finished') settle({ how: 'sealed' })
    },
    onFatal: (error) => settle({ how: 'interrupted', error }),
  })
  const offOutput = options.onOutput === undefined ? () => undefined : client.onOutput(hex(run), (output) => options.onOutput?.(output.stream === 'stderr' ? 'stderr' : 'stdout', output.data))

  const finished = ended.then(async (ending) => {
    host.stop()
    await runner.stop()
    offOutput()
    await client.detach({ run_id: run }).catch(() => undefined)
    await closeHandlers()
    room.close()
    return ending
  })
  try {
    await host.start()
  } catch (error) {
    settle({ how: 'interrupted', error })
  }
  return {
    finished,
    interrupt: async () => {
      settle({ how: 'interrupted' })
      await finished
    },
  }
}

export interface ServeActorOptions extends MachineRoomOptions {
  client: StoreConnection
  actor: ActorName
  agents?: AgentRegistry
  onNotice?: (message: string) => void
}

/** Steps one actor of every run that leaves it to a process of its own, and carries out its effects. */
export async function serveActor(options: ServeActorOptions): Promise<{ close: () => Promise<void> }> {
  const { client, actor } = options
  const room = options.room ?? new MachineRoom(options)
  const { kinds, close: closeHandlers } = handlersFor(new Set([actor]), client, room, options)
  const hosts = new Map<string, RunHost>()
  const notice = options.onNotice ?? (() => undefined)
  const ended = new Set<string>()
  let closed = false

  const look = async (run: string): Promise<void> => {
    if (closed || hosts.has(run) || ended.has(run)) return
    const reply = await client.list({ run_id: unhex(run) })
    const row = reply.runs[0]
    if (row === undefined || hosts.has(run)) return
    if (row.sealed) { ended.add(run); return }
    if (!row.apart.includes(actor)) return
    const runId = formatRunId(Uint8Array.from(row.run_id))
    const stop = (): void => {
      hosts.get(run)?.stop()
      hosts.delete(run)
    }
    const host = new RunHost({
      client, runId, actors: new Set([actor]), ...(options.agents === undefined ? {} : { agents: options.agents }),
      onEvent: (event) => { if (event.type === 'run.finished') { ended.add(run); stop() } },
      onFatal: (error) => { notice(`run ${runId}: ${error instanceof Error ? error.message : String(error)}`); stop() },
    })
    hosts.set(run, host)
    notice(`serving ${actor} of run ${runId}`)
    await host.start().catch((error: unknown) => { notice(`run ${runId}: ${error instanceof Error ? error.message : String(error)}`); stop() })
  }
  const safely = (work: Promise<unknown>): void => { work.catch((error: unknown) => notice(error instanceof Error ? error.message : String(error))) }

  const record: RunnerOptions['record'] = (outcome) => hosts.get(hex(outcome.run_id ?? new Uint8Array()))?.record(outcome) ?? client.append(outcome)
  const runner = new Runner({ client, scope: { apart: true }, kinds, record, onFatal: (error) => notice(error instanceof Error ? error.message : String(error)) })
  const offs = [
    client.subscribe(callsFor(actor), (from) => safely(look(runOfSubject(from)))),
    client.subscribe(callsFor('runner'), (from) => safely(runner.beat().then(() => look(runOfSubject(from))))),
  ]
  // A hint may be lost: runs that wait for this actor are looked for as well.
  let sweeping = false
  const sweep = async (): Promise<void> => {
    if (sweeping) return
    sweeping = true
    try {
      const { runs } = await client.list({})
      for (const row of runs) if (!row.sealed && row.apart.includes(actor)) await look(hex(row.run_id))
    } finally {
      sweeping = false
    }
  }
  await sweep()
  const timer = setInterval(() => safely(sweep()), 1000)
  return {
    close: async () => {
      closed = true
      clearInterval(timer)
      for (const off of offs) off()
      for (const host of hosts.values()) host.stop()
      await runner.stop()
      await closeHandlers()
      room.close()
    },
  }
}
