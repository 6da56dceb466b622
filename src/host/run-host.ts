import { KymoError, messageOf } from '../../schemas/errors.ts'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import { unhex } from '../../schemas/hash.ts'
import { BLOB_KIND, decodeRecord, outputId, parseRunId } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { actorKind } from '../../schemas/actor-names.ts'
import { Decision, SMALL_BLOB, decisionName } from '../journal/index.ts'
import { Follower } from '../bus/index.ts'
import type { StoreConnection } from '../bus/index.ts'
import { RunFold, firstDifference } from './fold.ts'
import type { NewBlob } from './hydrate.ts'
import type { AgentRegistry } from './logic.ts'
import { react } from './reaction.ts'
import type { AnyDraft, Reaction } from './reaction.ts'

type NewEvent = kymo.v1.journal.NewEvent
/** Blobs that come inline with an append, in all; NATS takes 1 MiB a message. */
const INLINE_LIMIT = 512 * 1024

export interface RunHostOptions {
  client: StoreConnection
  runId: string
  /** kinds of actors to step here: agent, environment, executor, llm-tool, evaluator */
  actors: ReadonlySet<string>
  agents?: AgentRegistry
  /** every record of the run in order, also those before the host came */
  onEvent?: (event: AnyEvent) => void
  /** the host cannot go on; what is recorded stays */
  onFatal: (error: unknown) => void
}

/** Steps some of a run's actors, live: folds what is recorded, then reacts to what arrives. */
export class RunHost {
  readonly #options: RunHostOptions
  readonly #run: Uint8Array
  readonly #fold: RunFold
  readonly #busy = new Set<string>()
  #follower: Follower | undefined
  #stopped = false
  #live = false

  constructor(options: RunHostOptions) {
    this.#options = options
    this.#run = parseRunId(options.runId)
    this.#fold = new RunFold({
      read: async (hash) => Buffer.from(await options.client.blobs.get(hash)).toString(),
      hosts: (actor) => options.actors.has(actorKind(actor)),
      ...(options.agents === undefined ? {} : { agents: options.agents }),
    })
  }

  /** Resolves once the recorded part is folded. Throws KYMO_DIVERGED when this code would have answered otherwise. */
  async start(): Promise<void> {
    this.#follower = new Follower({
      client: this.#options.client, runId: this.#options.runId, fromSeq: 0,
      onEvent: (event) => this.#observe(event),
      onError: (error) => this.#fatal(error),
    })
    await this.#follower.catchUp()
    this.#live = true
    for (const actor of this.#fold.pending.keys()) void this.#work(actor)
  }

  stop(): void {
    this.#stopped = true
    this.#follower?.close()
  }

  /** Somebody here knows of a record of this number: its hint may be lost, it is not. */
  expect(seq: number): void {
    this.#follower?.expect(seq)
  }

  async #observe(event: AnyEvent): Promise<void> {
    if (this.#live) {
      this.#fold.note(event)
      if (this.#fold.hosts(event.to)) void this.#work(event.to)
    } else {
      const divergence = await this.#fold.apply(event)
      if (divergence !== undefined) {
        throw new KymoError('KYMO_DIVERGED', `run ${this.#options.runId} was recorded by other code, which answered differently at seq ${divergence.seq} (${divergence.actor}, ${divergence.field}): go on with the Kymo that began it, or fork the run`)
      }
    }
    this.#options.onEvent?.(event)
  }

  #fatal(error: unknown): void {
    if (this.#stopped) return
    this.stop()
    this.#options.onFatal(error)
  }

  /** Answers an actor's events one after the other. */
  async #work(actor: string): Promise<void> {
    if (this.#busy.has(actor)) return
    this.#busy.add(actor)
    try {
      for (;;) {
        const queue = this.#fold.pending.get(actor)
        const event = queue?.[0]
        if (event === undefined || this.#stopped || !this.#live) break
        const reaction = await react(this.#fold.state(actor), event, async (hash) => Buffer.from(await this.#options.client.blobs.get(hash)).toString())
        if (this.#stopped || !(await this.#append(actor, event, reaction))) break
        this.#fold.settle(actor, reaction.next)
        queue?.shift()
        if (queue?.length === 0) this.#fold.pending.delete(actor)
      }
    } catch (error) {
      this.#fatal(error)
    } finally {
      this.#busy.delete(actor)
    }
  }

  /** True when the reaction stands in the log, by this host or by its double. */
  async #append(actor: string, cause: AnyEvent, { drafts, blobs }: Reaction): Promise<boolean> {
    const { client, runId } = this.#options
    const inline = await this.#storeLarge(blobs)
    const events = drafts.map((draft, index) => newEvent(runId, cause, actor, draft, index))
    const reply = await client.append({ run_id: this.#run, reaction: { actor, cause_seq: cause.seq }, events, blobs: inline })
    switch (reply.decision) {
      case Decision.OK:
        this.expect(reply.head_seq)
        return true
      case Decision.IDEMPOTENT:
        if (reply.reason !== '') await this.#compare(actor, reply.first_seq, drafts)
        return true
      // The run ended while this was on its way: nobody waits for it.
      case Decision.SEALED: return false
      default: throw new KymoError('KYMO_REACTION_REFUSED', `the journal refused what ${actor} answered to seq ${cause.seq} of run ${runId} (${decisionName(reply.decision)}): ${reply.reason}`)
    }
  }

  /** Blobs too large to come with the events are durable before them. */
  async #storeLarge(blobs: readonly NewBlob[]): Promise<Array<{ hash: Uint8Array; data: Uint8Array }>> {
    const inline: Array<{ hash: Uint8Array; data: Uint8Array }> = []
    let total = 0
    for (const { hash, data } of blobs) {
      this.#options.client.blobs.remember(hash, data)
      if (data.length > SMALL_BLOB || total + data.length > INLINE_LIMIT) await this.#options.client.blobs.put(data)
      else {
        inline.push({ hash: unhex(hash), data })
        total += data.length
      }
    }
    return inline
  }

  async #compare(actor: string, first: number, drafts: readonly AnyDraft[]): Promise<void> {
    const reply = await this.#options.client.read({ run_id: this.#run, from_seq: first, limit: drafts.length })
    for (const [index, draft] of drafts.entries()) {
      const bytes = reply.records[index]
      const event = bytes === undefined ? undefined : decodeRecord(Uint8Array.from(bytes))
      const difference = event === undefined || event.type !== draft.type ? { path: 'type', expected: event?.type ?? 'nothing', actual: draft.type } : firstDifference(event.payload, draft.payload, '')
      if (difference !== undefined) {
        throw new KymoError('KYMO_DIVERGED', `seq ${first + index} of run ${this.#options.runId} holds another answer of ${actor} (${difference.path}: ${difference.expected}, now ${difference.actual}): two versions of one actor are at work`)
      }
    }
  }
}

/** A draft as the journal takes it, with the id that a repeat would give again. */
export function newEvent(runId: string, cause: AnyEvent, actor: string, draft: AnyDraft, index: number): NewEvent {
  try {
    return {
      event_id: unhex(outputId(runId, cause.id, actor, index)), type: draft.type, schema_version: schemaVersion(draft.type), from: actor, to: draft.to, cause_id: unhex(cause.id),
      correlation_id: cause.correlationId === '' ? new Uint8Array() : unhex(cause.correlationId),
      blobs: draft.blobs.map(({ hash, kind, bytes }) => ({ hash: unhex(hash), kind: BLOB_KIND[kind], bytes })),
      payload: encodeEvent(draft.type as never, draft.payload as never),
    }
  } catch (cause_) {
    throw new KymoError('KYMO_MACHINE_FAULT', `${actor} answered with a ${draft.type} that cannot be written: ${messageOf(cause_)}`, { cause: cause_ })
  }
}
