import { hex } from '../../schemas/hash.ts'
import { formatRunId, outcomeId, outputId } from '../../schemas/record.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import type { Draft } from './check-request.ts'
import { Decision } from './decision.ts'
import { front } from './inbox.ts'
import type { Request } from './journal-port.ts'
import { damageText, runName } from './names.ts'
import { reactionTo } from './run-state.ts'
import type { RunState } from './run-state.ts'

/** What becomes of an append: taken, known already (compare with what stands from `first` on), or refused. */
export type Verdict =
  | { kind: 'take'; attempt: number; fence: number }
  | { kind: 'known'; first: number }
  | { kind: 'refuse'; decision: Decision; reason: string }

const refuse = (decision: Decision, reason: string): Verdict => ({ kind: 'refuse', decision, reason })
const take: Verdict = { kind: 'take', attempt: 0, fence: 0 }

const EXTERNAL = new Set(['run.cancel_requested', 'message.rejected', 'action.requested'])
const NOT_FROM_ACTORS = new Set(['run.started', 'run.resumed', 'run.cancel_requested', 'effect.started', 'effect.succeeded', 'effect.failed', 'effect.lost', 'timer.fired', 'message.rejected'])

/** The append decisions of the journal (architecture, section 6), as a function of a run's state. */
export function decide(state: RunState | undefined, request: Partial<Request<'append'>>, drafts: readonly Draft[]): Verdict {
  if (state?.damage !== undefined) return refuse(Decision.DAMAGED, damageText(state))
  if (request.create) return decideCreate(state, drafts)
  if (state === undefined) return refuse(Decision.REFUSED, `no run ${runName(request.run_id ?? new Uint8Array())} in this store`)
  if (request.reaction) return decideReaction(state, request.reaction, drafts)
  if (request.outcome) return decideOutcome(state, request.outcome, drafts)
  return decideExternal(state, drafts)
}

const sealed = (state: RunState): Verdict => refuse(Decision.SEALED, `run ${formatRunId(state.runBytes)} is finished`)

function decideCreate(state: RunState | undefined, drafts: readonly Draft[]): Verdict {
  if (drafts[0]?.type !== 'run.started') return refuse(Decision.REFUSED, 'a run begins with run.started')
  if (drafts.some(({ event }) => event.from !== 'user')) return refuse(Decision.REFUSED, 'a run is created by the user')
  const later = drafts.find(({ type }, index) => index > 0 && !EXTERNAL.has(type))
  if (later !== undefined) return refuse(Decision.REFUSED, `${later.type} cannot be part of a creation`)
  if (repeatsItself(drafts)) return refuse(Decision.REFUSED, 'two events of one append carry the same id')
  return state === undefined ? take : { kind: 'known', first: 0 }
}

function decideReaction(state: RunState, { actor, cause_seq: cause }: kymo.v1.journal.Reaction, drafts: readonly Draft[]): Verdict {
  const before = reactionTo(state, cause)
  if (before !== undefined) return { kind: 'known', first: before }
  if (state.sealed) return sealed(state)
  const oldest = front(state.inbox.get(actor))
  if (oldest?.seq !== cause) return refuse(Decision.WRONG_EXPECTED, `the oldest event that ${actor} has not stepped is ${oldest?.seq ?? 'none'}, not ${cause}`)
  const head = drafts[0]
  if (head === undefined || !isHead(head)) return refuse(Decision.REFUSED, 'a reaction begins with actor.stepped or actor.faulted')
  if (head.payload['actor'] !== actor || head.payload['cause_seq'] !== cause) {
    return refuse(Decision.REFUSED, `the reaction's first event speaks of ${String(head.payload['actor'])} and seq ${String(head.payload['cause_seq'])}`)
  }
  if (head.type === 'actor.stepped' && head.payload['outputs'] !== drafts.length - 1) return refuse(Decision.REFUSED, `the reaction says ${String(head.payload['outputs'])} outputs and has ${drafts.length - 1}`)
  const runId = formatRunId(state.runBytes)
  for (const [index, draft] of drafts.entries()) {
    const { event, type } = draft
    if (event.from !== actor) return refuse(Decision.REFUSED, `${type} is from ${event.from}, not from ${actor}`)
    if (NOT_FROM_ACTORS.has(type)) return refuse(Decision.REFUSED, `${type} cannot be part of a reaction`)
    if (index > 0 && isHead(draft)) return refuse(Decision.REFUSED, 'one reaction steps one actor once')
    if (hex(event.cause_id) !== oldest.id) return refuse(Decision.REFUSED, `output ${index} names another cause than seq ${cause}`)
    if (hex(event.event_id) !== outputId(runId, oldest.id, actor, index)) return refuse(Decision.REFUSED, `the id of output ${index} is not derived from its cause`)
  }
  return take
}

const isHead = ({ type }: Draft): boolean => type === 'actor.stepped' || type === 'actor.faulted'

function decideOutcome(state: RunState, request: kymo.v1.journal.Outcome, drafts: readonly Draft[]): Verdict {
  const id = hex(request.effect_id)
  const draft = drafts[0]
  if (drafts.length !== 1 || draft === undefined || (draft.type !== 'effect.succeeded' && draft.type !== 'effect.failed')) return refuse(Decision.REFUSED, 'an outcome is one effect.succeeded or effect.failed')
  const { event, payload } = draft
  const before = state.ids.get(hex(event.event_id))
  if (before !== undefined) return { kind: 'known', first: before }
  if (state.sealed) return sealed(state)
  const effect = state.effects.get(id)
  if (effect === undefined) return refuse(Decision.FENCED, `effect ${id.slice(0, 12)} has an outcome already, or was never asked for`)
  if (!effect.started || effect.attempt !== request.attempt || effect.fence !== request.fence) {
    return refuse(Decision.FENCED, `attempt ${request.attempt} of effect ${id.slice(0, 12)} is not the current one`)
  }
  if ((payload['effect'] !== '' && payload['effect'] !== id) || payload['kind'] !== effect.kind || payload['call'] !== effect.call || event.to !== effect.requester || event.from !== 'runner') {
    return refuse(Decision.REFUSED, `the outcome does not fit effect ${id.slice(0, 12)} (${effect.kind} of ${effect.requester})`)
  }
  if (hex(event.event_id) !== outcomeId(formatRunId(state.runBytes), id, request.attempt)) return refuse(Decision.REFUSED, 'the id of the outcome is not derived from its effect and attempt')
  return { kind: 'take', attempt: effect.attempt, fence: effect.fence }
}

function decideExternal(state: RunState, drafts: readonly Draft[]): Verdict {
  const known = drafts.map(({ event }) => state.ids.get(hex(event.event_id)))
  if (known[0] !== undefined) return { kind: 'known', first: known[0] }
  if (known.some((seq) => seq !== undefined)) return refuse(Decision.CORRUPT_IDEMPOTENCY, 'a part of this append is recorded already, with other events before it')
  if (state.sealed) return sealed(state)
  const foreign = drafts.find(({ type, event }) => !EXTERNAL.has(type) || event.from !== 'user')
  if (foreign !== undefined) return refuse(Decision.REFUSED, `${foreign.type} from ${foreign.event.from} is not an external event`)
  if (drafts.some(({ event }) => event.cause_id.length > 0)) return refuse(Decision.REFUSED, 'an external event has no cause')
  return repeatsItself(drafts) ? refuse(Decision.REFUSED, 'two events of one append carry the same id') : take
}

const repeatsItself = (drafts: readonly Draft[]): boolean => drafts.length > 1 && new Set(drafts.map(({ event }) => hex(event.event_id))).size < drafts.length
