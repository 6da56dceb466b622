import { KymoError } from '../../schemas/errors.ts'
import { unhex } from '../../schemas/hash.ts'
import { decodeRecord, parseRunId } from '../../schemas/record.ts'
import type { AnyEvent, RecordedEvent } from '../../schemas/record.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { actorKind } from '../../schemas/actor-names.ts'
import { Decision, SMALL_BLOB, decisionName } from '../journal/index.ts'
import type { Reply, Request } from '../journal/index.ts'
import { readText } from '../blobs/index.ts'
import { Follower } from '../bus/index.ts'
import type { StoreConnection } from '../bus/index.ts'
import { RunFold, firstDifference } from './fold.ts'
import { foresee, sizeOf } from './foresee.ts'
import type { Answered, CarryOut, Foreseen } from './foresee.ts'
import type { NewBlob } from './hydrate.ts'
import type { AgentRegistry } from './logic.ts'
import { newEvent } from './new-event.ts'
import { react } from './reaction.ts'
import type { ActorState, AnyDraft, Reaction } from './reaction.ts'

type AppendRequest = Partial<Request<'append'>>
type AppendReply = Reply<'append'>
type InlineBlob = kymo.v1.journal.InlineBlob
/** Blobs that come inline with an append, in all; NATS takes 1 MiB a message. */
const INLINE_LIMIT = 512 * 1024

export interface RunHostOptions {
  client: StoreConnection
  runId: string
  /** kinds of actors to step here: agent, environment, executor, llm-tool, evaluator */
  actors: ReadonlySet<string>
  agents?: AgentRegistry
  /** carries out at once what may be: see foresee */
  carryOut?: CarryOut
  /** told of effects that are about to be recorded, while they are */
  prepare?: (request: RecordedEvent<'effect.requested'>) => void
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
  /** records that were answered before they were heard of */
  readonly #answered = new Set<number>()
  #follower: Follower | undefined
  /** seq of the last record that this host knows of */
  #head = -1
  #stopped = false
  #live = false

  constructor(options: RunHostOptions) {
    this.#options = options
    this.#run = parseRunId(options.runId)
    this.#fold = new RunFold({
      read: this.#read,
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
  #expect(seq: number): void {
    this.#head = Math.max(this.#head, seq)
    this.#follower?.expect(seq)
  }

  /** Records the outcome of an effect, together with what the actors here answer to it. */
  async record(outcome: AppendRequest): Promise<AppendReply> {
    if (outcome.outcome) this.#head = Math.max(this.#head, outcome.outcome.fence)
    const taken = new Set<string>()
    try {
      const { reply, links } = await this.#appendAll(outcome, taken, (actor) => this.#fold.state(actor))
      if (reply.decision === Decision.OK || reply.decision === Decision.IDEMPOTENT) this.#land(links.slice(0, reply.consequences))
      return reply
    } finally {
      this.#release(taken)
    }
  }

  async #observe(event: AnyEvent): Promise<void> {
    this.#head = Math.max(this.#head, event.seq)
    if (this.#live) {
      if (!this.#answered.delete(event.seq)) this.#fold.note(event)
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
        const reaction = await react(this.#fold.state(actor), event, this.#read)
        if (this.#stopped || !(await this.#append(actor, event, reaction))) break
      }
    } catch (error) {
      this.#fatal(error)
    } finally {
      this.#busy.delete(actor)
    }
  }

  readonly #read = (hash: string): Promise<string> => readText(this.#options.client.blobs, hash)

  /** True when the reaction stands in the log, by this host or by its double. */
  async #append(actor: string, cause: AnyEvent, { next, drafts, blobs }: Reaction): Promise<boolean> {
    const { runId } = this.#options
    const inline = await this.#storeLarge(blobs)
    const events = drafts.map((draft, index) => newEvent(runId, cause, actor, draft, index))
    const taken = new Set<string>(this.#fold.pending.get(actor)?.length === 1 ? [actor] : [])
    try {
      const { reply, links } = await this.#appendAll({ run_id: this.#run, reaction: { actor, cause_seq: cause.seq }, events, blobs: inline }, taken, (other) => (other === actor ? next : this.#fold.state(other)))
      switch (reply.decision) {
        case Decision.OK: break
        case Decision.IDEMPOTENT:
          if (reply.reason !== '') await this.#compare(actor, reply.first_seq, drafts)
          break
        // The run ended while this was on its way: nobody waits for it.
        case Decision.SEALED: return false
        default: throw new KymoError('KYMO_REACTION_REFUSED', `the journal refused what ${actor} answered to seq ${cause.seq} of run ${runId} (${decisionName(reply.decision)}): ${reply.reason}`)
      }
      this.#land([{ actor, cause, next }, ...links.slice(0, reply.consequences)])
      return true
    } finally {
      taken.delete(actor)
      this.#release(taken)
    }
  }

  /** Appends, along with what the actors here will answer. They are taken, and left to the caller to release. */
  async #appendAll(request: AppendRequest, taken: Set<string>, state: (actor: string) => ActorState): Promise<{ reply: AppendReply; links: Foreseen[] }> {
    const { client, runId, prepare } = this.#options
    const { events = [], blobs: inline = [] } = request
    const at = client.now()
    const { links, blobs, open } = await foresee({
      runId, events, from: this.#head + 1, at, state, read: this.#read,
      take: (actor) => this.#live && !this.#stopped && this.#take(actor, taken),
      remember: ({ hash, data }) => client.blobs.remember(hash, data),
      carryOut: this.#options.carryOut,
      room: INLINE_LIMIT - sizeOf(events) - inline.reduce((sum, { data }) => sum + data.length, 0),
    })
    const more = links.length === 0 ? {} : { at_ms: at, session: client.session, consequences: links.map(consequenceOf) }
    const answer = client.append({ ...request, blobs: [...inline, ...blobs.map(({ hash, data }) => ({ hash: unhex(hash), data }))], ...more })
    if (prepare !== undefined && open.length > 0) setImmediate(() => open.forEach(prepare))
    const reply = await answer
    if (reply.decision === Decision.OK) this.#expect(reply.head_seq)
    return { reply, links }
  }

  #take(actor: string, taken: Set<string>): boolean {
    if (taken.has(actor)) return true
    if (!this.#fold.hosts(actor) || this.#busy.has(actor) || this.#fold.pending.has(actor)) return false
    this.#busy.add(actor)
    taken.add(actor)
    return true
  }

  #release(taken: ReadonlySet<string>): void {
    for (const actor of taken) {
      this.#busy.delete(actor)
      if (this.#fold.pending.has(actor)) void this.#work(actor)
    }
  }

  /** These reactions stand in the log: their causes need no other answer, whether they were heard of already or not. */
  #land(links: ReadonlyArray<Pick<Answered, 'actor' | 'cause' | 'next'> | Foreseen>): void {
    const { pending } = this.#fold
    for (const link of links) {
      // An outcome waits for nobody; the answer to it is a link of its own.
      if (!('actor' in link)) continue
      const { actor, cause, next } = link
      this.#fold.settle(actor, next)
      const queue = pending.get(actor)
      if (queue?.[0]?.seq !== cause.seq) this.#answered.add(cause.seq)
      else if (queue.length > 1) queue.shift()
      else pending.delete(actor)
    }
  }

  /** Blobs too large to come with the events are durable before them. */
  async #storeLarge(blobs: readonly NewBlob[]): Promise<InlineBlob[]> {
    const inline: InlineBlob[] = []
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

const consequenceOf = (link: Foreseen): kymo.v1.journal.Consequence =>
  ('effect' in link ? { reaction: null, effect_id: unhex(link.effect), events: link.events } : { reaction: { actor: link.actor, cause_seq: link.cause.seq }, effect_id: NO_EFFECT, events: link.events })
const NO_EFFECT = new Uint8Array()
