import { hex } from '../../schemas/hash.ts'
import { Envelope } from '../../schemas/record.ts'
import { kymo } from '../../schemas/generated/messages.js'
import type { Draft, Foreseen } from './check-request.ts'
import { Decision } from './decision.ts'
import { eventKey } from './keys.ts'
import type { KeyValueStore } from './key-value-store.ts'
import { reactionTo } from './run-state.ts'
import type { RunState } from './run-state.ts'

const { AppendReply } = kymo.v1.journal

/** A request as it is compared with what stands; `grants`: what its session may not have heard of, at the moment of the answer. */
interface Again { drafts: readonly Draft[]; foreseen: readonly Foreseen[]; grants: () => kymo.v1.journal.Grant[] }

/** The same request again: compared with what is stored from `first` on, and answered with its original positions. */
export async function answerRepeated(store: KeyValueStore, state: RunState, first: number, { drafts, foreseen, grants }: Again): Promise<kymo.v1.journal.AppendReply> {
  const stored = await standing(store, state, first, drafts)
  if (stored === undefined) {
    return AppendReply.create({
      decision: Decision.CORRUPT_IDEMPOTENCY, reason: `seq ${first} holds something else under the same id or cause: two versions of one actor are at work, or it is not deterministic`,
    })
  }
  let consequences = 0
  for (const { of, drafts: more } of foreseen) {
    const from = 'effect' in of ? state.ids.get(hex(more[0]?.event.event_id ?? new Uint8Array())) : reactionTo(state, of.reaction.cause_seq)
    // What was left out then is left out now.
    if (from === undefined || (await standing(store, state, from, more)) === undefined) break
    consequences++
  }
  return AppendReply.create({ decision: Decision.IDEMPOTENT, first_seq: first, count: drafts.length, recorded_at_ms: stored.at(-1)?.recorded_at_ms ?? 0, head_hash: state.hash, head_seq: state.seq, consequences, grants: grants() })
}

/** The stored records from `first` on, if they are these. */
async function standing(store: KeyValueStore, state: RunState, first: number, drafts: readonly Draft[]): Promise<Envelope[] | undefined> {
  const rows = await store.range({ gte: eventKey(state.runBytes, first), lt: eventKey(state.runBytes, first + drafts.length), limit: drafts.length })
  const stored = rows.map(([, value]) => Envelope.decode(value))
  const same = stored.length === drafts.length && drafts.every(({ event, type }, index) => {
    const record = stored[index]
    return record !== undefined && record.type === type && record.to === event.to && hex(record.event_id) === hex(event.event_id) && hex(record.payload) === hex(event.payload)
  })
  return same ? stored : undefined
}
