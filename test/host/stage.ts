import { AGENTS } from '../../actors/index.ts'
import type { ActorLogic, AgentEntry } from '../../actors/index.ts'
import type { EventPayloads, EventType } from '../../schemas/generated/events.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { ZERO_HASH } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { dehydrate, hydrate, logicOf, newActor, react } from '../../src/host/index.ts'
import type { ActorState, Reaction } from '../../src/host/index.ts'

export const RUN = '01890000-0000-7000-8000-000000000001'

/** What an actor sent, with its texts readable. */
export type Sent = { [T in EventType]: { type: T; to: string; data: EventPayloads[T] } }[EventType]

/** Gives one actor events as the host would, and reads what it answers: given (earlier events), when (receive), then (what it returns). */
export interface Stage {
  readonly blobs: MemoryBlobs
  readonly reactions: Reaction[]
  state: ActorState
  readonly context: Record<string, unknown>
  /** Texts in `payload` may be written as {text}. `from` and `at` as the record would say. */
  receive: <T extends EventType>(type: T, payload: EventPayloads[T], about?: { from?: string; at?: number }) => Promise<Sent[]>
  /** As receive, for an event that was made before: the same id again. */
  take: (event: AnyEvent) => Promise<Sent[]>
  event: <T extends EventType>(type: T, payload: EventPayloads[T], about?: { from?: string; at?: number }) => AnyEvent
}

export function stage(actor: string, agent: string | ActorLogic = 'scripted'): Stage {
  const blobs = new MemoryBlobs()
  const agents: Record<string, AgentEntry> = { ...AGENTS, ...(typeof agent === 'string' ? {} : { planted: { name: 'planted', description: '', logic: agent } }) }
  let seq = 0
  const keep = ({ hash, data }: { hash: string; data: Uint8Array }): void => { blobs.contents.set(hash, data) }
  const read = async (hash: string): Promise<string> => Buffer.from(await blobs.get(hash)).toString()
  const self: Stage = {
    blobs,
    reactions: [],
    state: newActor(actor, logicOf(actor, typeof agent === 'string' ? agent : 'planted', agents)),
    get context() { return self.state.snapshot.context as Record<string, unknown> },
    event: (type, payload, { from = 'user', at = 1000 } = {}) => {
      const stored = dehydrate(payload, keep) as typeof payload
      seq++
      return {
        runId: RUN, seq, id: sha256Hex(`event ${seq}`), type, from, to: actor, prevTo: -1, causeId: '', correlationId: '', attempt: 0, fence: 0, at, epoch: 1, prevHash: ZERO_HASH, hash: ZERO_HASH, blobs: [],
        // Through the wire: what protobuf cannot carry does not reach a machine.
        payload: decodeEvent(type, 1, encodeEvent(type, stored)), size: 0,
      } as unknown as AnyEvent
    },
    receive: (type, payload, about) => self.take(self.event(type, payload, about)),
    take: async (event) => {
      const reaction = await react(self.state, event, read)
      for (const blob of reaction.blobs) keep(blob)
      self.reactions.push(reaction)
      self.state = reaction.next
      const [, ...outputs] = reaction.drafts
      return Promise.all((reaction.drafts[0]?.type === 'actor.stepped' ? outputs : reaction.drafts).map(async ({ type, to, payload }) => ({ type, to, data: await hydrate(type, decodeEvent(type, 1, encodeEvent(type, payload as never)), read) }) as Sent))
    },
  }
  return self
}

/** The one message of a type; fails when there is none or more than one. */
export function only<T extends EventType>(sent: readonly Sent[], type: T): EventPayloads[T] {
  const found = sent.filter((message) => message.type === type)
  if (found.length !== 1) throw new Error(`expected one ${type}, got ${sent.map((message) => message.type).join(', ') || 'nothing'}`)
  return found[0]?.data as EventPayloads[T]
}

export const types = (sent: readonly Sent[]): string[] => sent.map(({ type }) => type)
