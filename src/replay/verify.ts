import { AGENTS } from '../../actors/index.ts'
import { actorKind } from '../../schemas/actor-names.ts'
import { isKymoError, messageOf } from '../../schemas/errors.ts'
import { Envelope, decodeRecord } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { RunFold } from '../host/index.ts'
import type { AgentRegistry } from '../host/index.ts'
import { blobsCheck } from './checks/blobs.ts'
import { checkChain } from './checks/chain.ts'
import { effectsCheck } from './checks/effects.ts'
import { filesCheck } from './checks/files.ts'
import { compareMetrics } from './checks/metrics.ts'
import { orderCheck } from './checks/order.ts'
import { requestsCheck } from './checks/requests.ts'
import { timersCheck } from './checks/timers.ts'
import { workspaceCheck } from './checks/workspace.ts'
import { problem } from './problem.ts'
import type { Check, CheckName, Problem } from './problem.ts'
import { metricsProjection } from './projections/index.ts'
import type { RunSource } from './source.ts'
import { textReader } from './text-reader.ts'
import { VIEWS, readView } from './views.ts'

export interface VerifyOptions {
  agents?: AgentRegistry
  onProgress?: (progress: { phase: 'chain' | 'fold'; events: number; of: number | undefined }) => void
  /** the head hash that a published score quotes */
  headHash?: string
}

export interface VerifyReport {
  ok: boolean
  run_id: string
  events: number
  steps: number
  head_hash: string
  /** what could not be checked, a sentence each */
  unchecked: string[]
  /** actors that were stepped by other code than this: outputs were compared, digests were not */
  other_code: string[]
  /** the problem with the lowest seq */
  first_divergence: null | { seq: number; actor: string; field: string; expected: string; actual: string }
  problems: Problem[]
  checked: { records: number; reactions: number; outputs_equal: boolean; file_actions: number; requests: number; blobs: number; blob_bytes: number; effects: number; timers: number; views: number }
}

const ORDER: readonly CheckName[] = ['chain', 'order', 'blobs', 'files', 'requests', 'fold', 'effects', 'timers', 'workspace', 'metrics']

/**
 * Proves a run from its records and blobs alone: chain, blobs, every machine's reaction with its digests, effects, timers, file
 * actions, the workspace's trees, and stored metrics. Finds everything it can, not only the first thing.
 */
export async function verifyRun(source: RunSource, { agents = AGENTS, onProgress, headHash }: VerifyOptions = {}): Promise<VerifyReport> {
  const stored = await readView(source, VIEWS[0])
  const chain = await checkChain(source, { remember: stored === undefined ? [] : [stored.head_seq] })
  const { head } = chain
  const problems = [...chain.problems]
  const unchecked: string[] = []
  if (headHash !== undefined && head?.hash !== headHash) {
    problems.push(problem('chain', { seq: head?.seq ?? 0, actor: 'unknown' }, 'head_hash', headHash, head?.hash, 'the log does not end in the head hash that was given'))
  }
  onProgress?.({ phase: 'chain', events: chain.events, of: chain.events })

  const read = textReader(source.blobs)
  const blobs = blobsCheck(source.blobs)
  const readLater: Array<[AnyEvent, string]> = []
  const files = filesCheck(source.blobs, (event, hash) => { readLater.push([event, hash]) })
  const requests = requestsCheck(read)
  const checks: Check[] = [orderCheck(), effectsCheck(), timersCheck(), workspaceCheck(), blobs, files, requests]
  let metrics = metricsProjection.initial()
  const counts = { effects: 0, timers: 0 }
  const ran = new Set<string>()
  let fold: RunFold | undefined
  let folding = true
  let last: AnyEvent | undefined
  let scoreAt: { seq: number; actor: string } | undefined
  let position = 0

  const foldNext = async (event: AnyEvent): Promise<void> => {
    if (fold === undefined) {
      const agent = event.type === 'run.started' ? event.payload.agent : ''
      const known = Object.hasOwn(agents, agent)
      if (!known) unchecked.push(`the agent "${agent}" is not known here, so what it answered was taken as it is recorded`)
      fold = new RunFold({ read, agents, hosts: (actor) => known || actorKind(actor) !== 'agent' })
    }
    try {
      const divergence = await fold.apply(event)
      if (divergence === undefined) return
      const { seq, actor, field, expected, actual } = divergence
      problems.push(problem('fold', { seq, actor }, field, expected, actual, `seq ${seq}: ${actor}, stepped again, gives another ${field} than was recorded`))
      // A machine in another state answers differently from here on: its later answers would say nothing new.
      folding = false
      unchecked.push(`machines were stepped again up to seq ${seq} only, where ${actor} first answered differently`)
    } catch (error) {
      if (!isKymoError(error)) throw error
      folding = false
      unchecked.push(`machines were stepped again up to seq ${event.seq} only: ${messageOf(error)}`)
    }
  }

  for await (const bytes of source.records()) {
    if (chain.brokenAt !== undefined && position >= chain.brokenAt) {
      unchecked.push(`nothing but the chain was checked from record ${position} on, because records are missing, misplaced or unreadable there`)
      break
    }
    let event: AnyEvent
    try {
      event = decodeRecord(bytes)
    } catch (error) {
      problems.push(problem('chain', { seq: position, actor: senderOf(bytes) }, 'payload', 'an event', messageOf(error), `record ${position} does not decode as an event: ${messageOf(error)}`))
      unchecked.push(`nothing but the chain was checked from record ${position} on, because that record does not decode`)
      break
    }
    position++
    last = event
    for (const check of checks) {
      const found = check.apply(event)
      problems.push(...(Array.isArray(found) ? found : await found))
    }
    for (const [at, hash] of readLater.splice(0)) problems.push(...(await blobs.read(at, hash)))
    if (folding) await foldNext(event)
    metrics = metricsProjection.apply(metrics, event)
    if (event.type === 'effect.requested') counts.effects++
    if (event.type === 'timer.armed') counts.timers++
    if (event.type === 'effect.succeeded' && event.payload.kind !== 'file') ran.add(event.payload.kind)
    if (event.type === 'score.recorded' && event.payload.final) scoreAt = { seq: event.seq, actor: event.from }
    if (position % 1000 === 0) onProgress?.({ phase: 'fold', events: position, of: chain.events })
  }

  const summary = metricsProjection.result(metrics)
  if (stored !== undefined && head !== undefined && summary.head_seq === head.seq) {
    const compared = compareMetrics(stored, summary, chain.hashAt, scoreAt)
    problems.push(...compared.problems)
    unchecked.push(...compared.unchecked)
  }
  unchecked.push(...files.unchecked, ...requests.unchecked, ...standing(last, ran, fold))
  problems.sort((a, b) => a.seq - b.seq || ORDER.indexOf(a.check) - ORDER.indexOf(b.check))
  const first = problems[0]
  const counted = blobs.counts()
  return {
    ok: problems.length === 0,
    run_id: source.runId,
    events: chain.events,
    steps: summary.steps,
    head_hash: head?.hash ?? '',
    unchecked,
    other_code: [...(fold?.otherCode ?? [])].sort(),
    first_divergence: first === undefined ? null : { seq: first.seq, actor: first.actor, field: first.field, expected: first.expected, actual: first.actual },
    problems,
    checked: {
      records: chain.events, reactions: fold?.steps ?? 0, outputs_equal: folding && fold !== undefined, file_actions: files.recomputed(), requests: requests.rebuilt(), blobs: counted.blobs, blob_bytes: counted.bytes,
      effects: counts.effects, timers: counts.timers, views: stored === undefined ? 0 : 1,
    },
  }
}

/** What verifying never can, and what this run leaves open. */
function standing(last: AnyEvent | undefined, ran: ReadonlySet<string>, fold: RunFold | undefined): string[] {
  const out: string[] = []
  if (ran.size > 0) out.push(`${[...ran].sort().map((kind) => NOT_AGAIN[kind] ?? kind).join(', ')} were not executed again: their recorded outcomes were taken as they are`)
  if (last !== undefined && last.type !== 'run.finished') out.push('the run is not finished: what comes after its last record is not covered')
  const other = [...(fold?.otherCode ?? [])]
  if (other.length > 0) out.push(`${other.sort().join(', ')} ran other code than this Kymo has: outputs are equal, digests of their states were not compared`)
  return out
}

const NOT_AGAIN: Readonly<Record<string, string>> = { execution: 'scripts', grading: 'graders', completion: 'model calls', human: 'questions to people' }

const senderOf = (bytes: Uint8Array): string => {
  try {
    return Envelope.decode(bytes).from
  } catch {
    return 'unknown'
  }
}
