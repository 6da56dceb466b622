import { hex, sha256Hex } from '../../schemas/hash.ts'
import { done, refusal } from './commit-queue.ts'
import { Decision } from './decision.ts'
import { stageOwn } from './group.ts'
import type { Group } from './group.ts'
import type { Reply, Request } from './journal-port.ts'
import { servedKey } from './keys.ts'
import type { LoadedRun } from './loaded-runs.ts'
import { damageText, runName } from './names.ts'
import { sessionProblem } from './parts.ts'
import type { Parts } from './parts.ts'
import { runRow } from './reading.ts'
import type { RunState } from './run-state.ts'
import { encodeServing } from './serving.ts'
import type { Serving } from './serving.ts'

/** Takes a run to serve it. Downtime since it was last served becomes run.resumed before any timer can fire. */
export async function attach(parts: Parts, request: Partial<Request<'attach'>>): Promise<Reply<'attach'>> {
  const bytes = Uint8Array.from(request.run_id ?? [])
  const run = hex(bytes)
  const reply = (decision: Decision, reason: string): Reply<'attach'> => ({ decision, reason, gap_ms: 0, run: null, held_by: null, lease_ms: parts.leaseMs })
  const problem = sessionProblem(request.session) ?? (bytes.length === 16 ? undefined : 'a run id has 16 bytes')
  if (problem !== undefined) return reply(Decision.REFUSED, problem)
  const session = hex(request.session ?? new Uint8Array())
  parts.sessions.heard(session, request.holder ?? null)
  let gap = 0
  let heldBy: Serving['holder'] = null
  const attached = await parts.commits.submit(run, (group, loaded) => {
    const { state, serving } = loaded
    if (state === undefined) return refusal(Decision.REFUSED, `no run ${runName(bytes)} in this store`)
    if (state.damage !== undefined) return refusal(Decision.DAMAGED, damageText(state))
    if (isServedByAnother(parts, serving, session)) {
      heldBy = serving?.holder ?? null
      return refusal(Decision.FENCED, `run ${runName(bytes)} is being served by pid ${heldBy?.pid ?? '?'} on ${heldBy?.host ?? '?'} (${heldBy?.what || 'kymo'}); follow it with "kymo trace", or stop that process first`)
    }
    gap = resume(parts, group, state, serving, session, request.holder?.what ?? '')
    take(group, loaded, { session, holder: request.holder ?? null, apart: new Set(request.apart ?? []), at: parts.writer.now(), confirmed: true })
    parts.claims.grant(group, loaded, state)
    return done()
  })
  if (attached.decision !== Decision.OK) return { ...reply(attached.decision, attached.reason), held_by: heldBy }
  const state = parts.runs.get(run)?.state
  return { ...reply(Decision.OK, ''), gap_ms: gap, run: state === undefined ? null : runRow(parts, bytes, state) }
}

/** A recorded server that this journal did not hear yet counts only while its last sign of life is fresh. */
const isServedByAnother = ({ sessions, writer, leaseMs }: Parts, serving: Serving | undefined, session: string): boolean =>
  serving !== undefined && serving.session !== '' && serving.session !== session && (serving.confirmed || writer.now() - serving.at < 2 * leaseMs) && sessions.mayLive(serving.session, serving.holder)

/** The same session that attaches again never stopped serving; anybody else comes after a gap. */
function resume({ writer, leaseMs }: Parts, group: Group, state: RunState, serving: Serving | undefined, session: string, what: string): number {
  if (state.sealed || serving?.session === session) return 0
  const gap = Math.max(0, writer.now() - Math.max(state.at, serving?.at ?? 0))
  // A run that was just created and never served has nothing to resume.
  if (serving === undefined && state.seq === 0 && gap < leaseMs) return 0
  stageOwn(group, state, writer, 'run.resumed', { gap_ms: gap, reason: what }, { id: sha256Hex('kymo.resumed\0', state.run, session, String(state.seq)), cause: '' })
  return gap
}

function take(group: Group, loaded: LoadedRun, serving: Serving): void {
  const before = loaded.serving
  loaded.serving = serving
  if (loaded.state !== undefined) group.operations.push({ key: servedKey(loaded.state.runBytes), value: encodeServing(serving) })
  group.settled.push((durable) => { if (!durable && loaded.serving === serving) loaded.serving = before })
}

export async function detach(parts: Parts, request: Partial<Request<'detach'>>): Promise<Reply<'detach'>> {
  const bytes = Uint8Array.from(request.run_id ?? [])
  if (bytes.length !== 16) return { decision: Decision.REFUSED, reason: 'a run id has 16 bytes' }
  const loaded = await parts.runs.load(hex(bytes))
  if (loaded.state !== undefined && loaded.serving?.session === hex(request.session ?? new Uint8Array())) {
    loaded.serving = { ...loaded.serving, session: '', holder: null, at: parts.writer.now(), confirmed: false }
    parts.commits.later(servedKey(bytes), encodeServing(loaded.serving))
  }
  return { decision: Decision.OK, reason: '' }
}
