import { hex } from '../../schemas/hash.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { done } from './commit-queue.ts'
import { Decision } from './decision.ts'
import type { Reply, Request } from './journal-port.ts'
import { servedKey } from './keys.ts'
import { heldOf, lose } from './leases.ts'
import type { LoadedRun } from './loaded-runs.ts'
import { runName } from './names.ts'
import { sessionProblem } from './parts.ts'
import type { Parts } from './parts.ts'
import type { OpenEffect } from './run-state.ts'
import { encodeServing } from './serving.ts'

type Held = kymo.v1.journal.Held

/** A session that does not list what was granted to it for this long never got the grant. */
const UNLISTED_MS = 2000

/** Grants open effects, waiting up to wait_ms for one. A grant is an effect.started record, durable before it is told. */
export async function claim(parts: Parts, request: Partial<Request<'claim'>>): Promise<Reply<'claim'>> {
  const refused = (reason: string): Reply<'claim'> => ({ decision: Decision.REFUSED, reason, grants: [], taken: [] })
  const problem = sessionProblem(request.session)
  if (problem !== undefined) return refused(problem)
  if (request.apart !== true && request.run_id?.length !== 16) return refused('a claim names a run, or asks for the runs whose actors live apart')
  const session = hex(request.session ?? new Uint8Array())
  const run = hex(request.run_id ?? new Uint8Array())
  parts.sessions.heard(session, request.holder ?? null)
  const granted = parts.claims.wait({
    session, holder: request.holder ?? null, kinds: request.kinds ?? [], run, apart: request.apart ?? false, slots: request.slots ?? 1, waitMs: request.wait_ms ?? 0,
  })
  if (request.apart !== true && parts.runs.get(run) === undefined) void parts.runs.load(run).catch(() => undefined)
  for (const loaded of parts.runs.values()) if (parts.claims.isWanted(loaded)) offer(parts, loaded)
  return { decision: Decision.OK, reason: '', ...(await granted) }
}

/** Grants what a run offers to those who wait. */
export function offer({ commits, claims }: Parts, { state }: LoadedRun): void {
  if (state === undefined) return
  void commits.submit(state.run, (group, run) => {
    if (run.state !== undefined) claims.grant(group, run, run.state)
    return done()
  })
}

/** Keeps a session's leases and the runs it serves; tells which attempts it lost and which are to be cancelled. */
export async function heartbeat(parts: Parts, request: Partial<Request<'heartbeat'>>): Promise<Reply<'heartbeat'>> {
  const problem = sessionProblem(request.session)
  if (problem !== undefined) return { decision: Decision.REFUSED, reason: problem, lost: [], cancelled: [] }
  const session = hex(request.session ?? new Uint8Array())
  parts.sessions.heard(session, request.holder ?? null)
  const lost: Held[] = []
  const listed = new Set<string>()
  for (const held of request.holding ?? []) {
    const effect = (await loadOrNone(parts, held.run_id))?.state?.effects.get(hex(held.effect_id))
    if (effect === undefined || !effect.started || effect.fence !== held.fence || effect.worker !== session) lost.push(held)
    else listed.add(effect.id)
  }
  let displaced = ''
  for (const bytes of request.serving ?? []) if (!(await keepServing(parts, session, request.holder ?? null, bytes))) displaced = `run ${runName(bytes)} is served by another process now`
  return { decision: Decision.OK, reason: displaced, lost, cancelled: inspect(parts, session, listed) }
}

/** Undefined for a run that is none; throws while the store cannot be read, so that nothing is called lost for that. */
async function loadOrNone({ runs }: Parts, bytes: Uint8Array): Promise<LoadedRun | undefined> {
  return bytes.length === 16 ? runs.load(hex(bytes)) : undefined
}

/** False when another living process serves the run. After a restart of the journal this is what makes a run served again. */
async function keepServing(parts: Parts, session: string, holder: Parameters<Parts['sessions']['heard']>[1], bytes: Uint8Array): Promise<boolean> {
  const loaded = await loadOrNone(parts, bytes)
  if (loaded?.state === undefined || loaded.state.damage !== undefined) return true
  const { serving } = loaded
  if (serving !== undefined && serving.session !== '' && serving.session !== session && parts.sessions.mayLive(serving.session, serving.holder)) return false
  const wasServed = serving?.session === session && serving.confirmed
  loaded.serving = { session, holder: holder ?? serving?.holder ?? null, apart: serving?.apart ?? new Set(), at: parts.writer.now(), confirmed: true }
  parts.commits.later(servedKey(bytes), encodeServing(loaded.serving))
  if (!wasServed && parts.claims.isWanted(loaded)) offer(parts, loaded)
  return true
}

/** What a session holds is looked through: which attempts are to be cancelled, and which it never heard of. */
function inspect(parts: Parts, session: string, listed: ReadonlySet<string>): Held[] {
  const cancelled: Held[] = []
  for (const run of parts.watched) {
    const state = parts.runs.get(run)?.state
    if (state === undefined) continue
    for (const effect of state.effects.values()) {
      if (!effect.started || effect.worker !== session) continue
      if (effect.cancelRequested) cancelled.push(heldOf(state, effect))
      const key = `${run}/${effect.id}/${effect.fence}`
      if (listed.has(effect.id)) parts.unlisted.delete(key)
      else if (isOverdue(parts, key)) void giveUp(parts, run, effect, 'its worker does not know of it')
    }
  }
  return cancelled
}

/** The first heartbeat that leaves an attempt out may have been under way when the grant was; a later one was not. */
function isOverdue({ unlisted }: Parts, key: string): boolean {
  const since = unlisted.get(key)
  if (since === undefined) unlisted.set(key, performance.now())
  else if (performance.now() - since >= UNLISTED_MS) return unlisted.delete(key)
  return false
}

const giveUp = (parts: Parts, run: string, { id, fence }: Pick<OpenEffect, 'id' | 'fence'>, reason: string): ReturnType<Parts['commits']['submit']> =>
  parts.commits.submit(run, (group, loaded) => {
    const { state } = loaded
    const effect = state?.effects.get(id)
    if (state !== undefined && state.damage === undefined && !state.sealed && effect?.started === true && effect.fence === fence) {
      lose(group, state, parts.writer, effect, reason)
      parts.claims.grant(group, loaded, state)
    }
    return done()
  })

/** A worker that stops gives back what it holds: those attempts are lost now, not when a lease ends. */
export async function release(parts: Parts, request: Partial<Request<'release'>>): Promise<Reply<'release'>> {
  const holding = request.holding ?? []
  if (holding.some(({ run_id: run }) => run.length !== 16)) return { decision: Decision.REFUSED, reason: 'a run id has 16 bytes' }
  const replies = await Promise.all(holding.map((held) => giveUp(parts, hex(held.run_id), { id: hex(held.effect_id), fence: held.fence }, request.reason || 'it was given back')))
  const failed = replies.find((reply) => reply.decision !== Decision.OK)
  return failed === undefined ? { decision: Decision.OK, reason: '' } : { decision: failed.decision, reason: failed.reason }
}

/** A session says goodbye: its runs are not served any more and what it holds is lost at the next sweep. */
export function leave(parts: Parts, session: string): void {
  parts.sessions.leave(session)
  parts.claims.leave(session)
}
