import { canonicalJson } from '../../schemas/canonical-json.ts'
import { isActor, isInstance } from '../../schemas/actor-names.ts'
import { outputId } from '../../schemas/record.ts'
import type { AnyEvent, RecordedEvent } from '../../schemas/record.ts'
import { logicOf } from './logic.ts'
import type { AgentRegistry } from './logic.ts'
import type { ReadText } from './hydrate.ts'
import { gone, newActor, react } from './reaction.ts'
import type { ActorState, AnyDraft } from './reaction.ts'

/** The first place where a fold and its record disagree. */
export interface Divergence { seq: number; actor: string; field: string; expected: string; actual: string }

export interface FoldOptions {
  read: ReadText
  agents?: AgentRegistry
  /** actors to step; the others' records are only noted */
  hosts?: (actor: string) => boolean
}

interface Expected { actor: string; cause: AnyEvent; drafts: AnyDraft[]; at: number }

/**
 * Steps the machines of a run over its records and compares what they answer with what was recorded: every output, and, where the
 * code is the recorded one, every digest. The live host begins with this fold; `kymo verify` is this fold.
 */
export class RunFold {
  readonly actors = new Map<string, ActorState>()
  /** events that their actor has not stepped yet, oldest first, by actor */
  readonly pending = new Map<string, AnyEvent[]>()
  /** actors that were stepped by other code than this */
  readonly otherCode = new Set<string>()
  readonly #options: FoldOptions
  #expected: Expected | undefined
  agent = ''
  steps = 0

  constructor(options: FoldOptions) {
    this.#options = options
  }

  hosts(actor: string): boolean {
    return isActor(actor) && (this.#options.hosts?.(actor) ?? true)
  }

  /** State of an actor, made when it is first spoken to. */
  state(actor: string): ActorState {
    const known = this.actors.get(actor)
    if (known !== undefined) return known
    const created = newActor(actor, logicOf(actor, this.agent, this.#options.agents))
    this.actors.set(actor, created)
    return created
  }

  /** Keeps what an actor became. Of an instance that has answered only its end stays, so that a run's memory does not grow with its calls. */
  settle(actor: string, next: ActorState): void {
    this.actors.set(actor, next.snapshot.status === 'active' || !isInstance(actor) ? next : gone(next))
  }

  /** Notes an event without judging it: what a live host does with what arrives. */
  note(event: AnyEvent): void {
    if (event.type === 'run.started') this.agent = event.payload.agent
    if (!this.hosts(event.to)) return
    const queue = this.pending.get(event.to)
    if (queue === undefined) this.pending.set(event.to, [event])
    else queue.push(event)
  }

  /** Folds the next record in; gives the first divergence it shows, if any. */
  async apply(event: AnyEvent): Promise<Divergence | undefined> {
    this.note(event)
    if (event.type === 'actor.stepped' || event.type === 'actor.faulted') return this.#reaction(event)
    const expected = this.#expected
    if (expected === undefined || event.from !== expected.actor || event.causeId !== expected.cause.id) return undefined
    return this.#output(event, expected)
  }

  async #reaction(event: RecordedEvent<'actor.stepped'> | RecordedEvent<'actor.faulted'>): Promise<Divergence | undefined> {
    const { actor, cause_seq } = event.payload
    const missing = this.#unfinished(event)
    this.#expected = undefined
    if (missing !== undefined) return missing
    if (!this.hosts(actor)) return undefined
    const queue = this.pending.get(actor)
    const cause = queue?.shift()
    if (queue?.length === 0) this.pending.delete(actor)
    if (cause === undefined || cause.seq !== cause_seq) return diverged(event, actor, 'cause_seq', String(cause_seq), String(cause?.seq ?? 'none'))
    const state = this.state(actor)
    const { next, drafts } = await react(state, cause, this.#options.read)
    this.steps++
    this.settle(actor, next)
    const [head, ...rest] = drafts
    if (head === undefined || head.type !== event.type) return diverged(event, actor, 'type', event.type, head?.type ?? 'nothing')
    this.#expected = { actor, cause, drafts: rest, at: 0 }
    if (event.type === 'actor.faulted' || head.type !== 'actor.stepped') return undefined
    if (event.payload.machine_version !== head.payload.machine_version) this.otherCode.add(actor)
    else {
      const field = firstDigest(event.payload, head.payload)
      if (field !== undefined) return diverged(event, actor, field.key, field.expected, field.actual)
    }
    if (event.payload.outputs !== rest.length) {
      const at = Math.min(event.payload.outputs, rest.length)
      return diverged(event, actor, 'outputs', `${event.payload.outputs} outputs`, `${rest.length} outputs${rest[at] === undefined ? '' : ` (then ${rest[at].type})`}`)
    }
    return undefined
  }

  #output(event: AnyEvent, expected: Expected): Divergence | undefined {
    const draft = expected.drafts[expected.at++]
    if (draft === undefined) return diverged(event, expected.actor, 'outputs', event.type, 'nothing')
    if (draft.type !== event.type) return diverged(event, expected.actor, 'type', event.type, draft.type)
    if (draft.to !== event.to) return diverged(event, expected.actor, 'to', event.to, draft.to)
    const id = outputId(event.runId, expected.cause.id, expected.actor, expected.at)
    if (event.id !== id) return diverged(event, expected.actor, 'event_id', event.id, id)
    const field = firstDifference(event.payload, draft.payload, '')
    return field === undefined ? undefined : diverged(event, expected.actor, field.path, field.expected, field.actual)
  }

  /** At a new reaction, or at the end: outputs that the fold gives and the log lacks. */
  #unfinished(event: { seq: number }): Divergence | undefined {
    const { actor, drafts, at } = this.#expected ?? { actor: '', drafts: [], at: 0 }
    const draft = drafts[at]
    return draft === undefined ? undefined : { seq: event.seq, actor, field: 'outputs', expected: 'nothing more', actual: draft.type }
  }
}

const diverged = (event: { seq: number }, actor: string, field: string, expected: string, actual: string): Divergence => ({ seq: event.seq, actor, field, expected, actual })

type Stepped = RecordedEvent<'actor.stepped'>['payload']

/** Early records hold more of each hash. */
const same = (recorded: string, now: string): boolean => recorded === now || (recorded.length > now.length && now.length >= 16 && recorded.startsWith(now))

/** The context key whose digest differs, or `state`. */
function firstDigest(recorded: Stepped, now: Stepped): { key: string; expected: string; actual: string } | undefined {
  if (recorded.dropped !== now.dropped) return { key: 'dropped', expected: String(recorded.dropped), actual: String(now.dropped) }
  const keys = [...new Set([...recorded.digests, ...now.digests].map(({ key }) => key))].sort()
  for (const key of keys) {
    const expected = recorded.digests.find((digest) => digest.key === key)?.sha256 ?? 'unchanged'
    const actual = now.digests.find((digest) => digest.key === key)?.sha256 ?? 'unchanged'
    if (!same(expected, actual)) return { key: `context.${key}`, expected, actual }
  }
  if (!same(recorded.state, now.state)) return { key: 'state', expected: recorded.state, actual: now.state }
  return same(recorded.all, now.all) ? undefined : { key: 'all', expected: recorded.all, actual: now.all }
}

/** Path and values of the first difference between two payloads, texts and lists compared by their hash. */
export function firstDifference(expected: unknown, actual: unknown, path: string): { path: string; expected: string; actual: string } | undefined {
  if (expected === actual) return undefined
  if (typeof expected !== 'object' || typeof actual !== 'object' || expected === null || actual === null || Array.isArray(expected) !== Array.isArray(actual)) {
    return { path: path === '' ? 'payload' : path, expected: show(expected), actual: show(actual) }
  }
  const a = expected as Record<string, unknown>
  const b = actual as Record<string, unknown>
  for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    if (key === 'text' || key === 'list') continue
    const found = firstDifference(a[key], b[key], path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

const show = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : typeof value === 'string' ? value : canonicalJson(value)
  return text.length > 200 ? `${text.slice(0, 200)}...` : text
}
