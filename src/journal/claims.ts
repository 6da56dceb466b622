import { sha256Hex, unhex } from '../../schemas/hash.ts'
import { kymo } from '../../schemas/generated/messages.js'
import { stageOwn } from './group.ts'
import type { Group, Writer } from './group.ts'
import type { Holder } from './holder.ts'
import { MAX_REPLY } from './limits.ts'
import type { LoadedRun } from './loaded-runs.ts'
import type { OpenEffect, RunState } from './run-state.ts'
import type { Sessions } from './sessions.ts'

const { Grant } = kymo.v1.journal
type Grant = kymo.v1.journal.Grant

/**
 * A worker that waits for effects: those of one run, or those of every run whose actors live apart. `taken` are the effects whose grants took a
 * slot and go with the replies to its session's appends, those that are being written included.
 */
interface Waiter { session: string; holder: Holder | null; kinds: ReadonlySet<string>; scope: string; slots: number; taken: string[]; bytes: number; staged: Grant[]; late: boolean; resolve: (granted: Granted) => void }

/** What a wait came to: grants, and the effects that took its slots otherwise. */
export interface Granted { grants: Grant[]; taken: Uint8Array[] }

export interface Claim { session: string; holder: Holder | null; kinds: readonly string[]; run: string; apart: boolean; slots: number; waitMs: number }

export interface Claims {
  /** Waits for effects; resolves with grants that are durable, or with none when the time is over. */
  wait(claim: Claim): Promise<Granted>
  /**
   * Grants what a run offers to those who wait for it: effect.started is recorded, and told once it is durable. What goes to `teller`, a session
   * that is about to hear from the journal anyway, is given back, to be told with that.
   */
  grant(group: Group, run: LoadedRun, state: RunState, teller?: string): Grant[]
  /** What was granted to a session since, and has no outcome yet: told again to who may not have heard of it. */
  grantedSince(state: RunState, seq: number, session: string): Grant[]
  /** True when the run's own process may have carried this effect out already: nobody has, processes apart shall not, and doing it twice changes nothing. */
  mayStart(run: LoadedRun, effect: OpenEffect): boolean
  /** True when somebody waits who might take an effect of this run. */
  isWanted(run: LoadedRun): boolean
  leave(session: string): void
  /** Answers everyone who waits; a grant that is being written is told. */
  drop(): void
}

/** Who executes an effect: the runner of a kind lives with this actor. */
const RUNNER_OF: Readonly<Record<string, string>> = { file: 'environment', human: 'environment', execution: 'executor', completion: 'llm-tool', grading: 'evaluator' }
/** What may be carried out before it is granted: it reads and writes nothing but blobs by their hash. */
const REPEATABLE: ReadonlySet<string> = new Set(['file'])
const APART = 'apart'
const MAX_WAIT_MS = 30_000
const MAX_SLOTS = 64

export function createClaims({ sessions, writer, leaseMs }: { sessions: Sessions; writer: Writer; leaseMs: number }): Claims {
  const scopes = new Map<string, Set<Waiter>>()

  const end = (waiter: Waiter, grants: Grant[]): void => {
    const waiters = scopes.get(waiter.scope)
    if (waiters?.delete(waiter) === true && waiters.size === 0) scopes.delete(waiter.scope)
    waiter.resolve({ grants, taken: waiter.taken.map(unhex) })
  }

  const isApart = (run: LoadedRun, effect: OpenEffect): boolean => run.serving?.apart.has(RUNNER_OF[effect.kind] ?? '') ?? false

  const taker = (run: LoadedRun, state: RunState, effect: OpenEffect): Waiter | undefined => {
    const apart = isApart(run, effect)
    // Nobody watches a run that is not served: its effects wait until it is.
    if (apart && !sessions.mayLive(run.serving?.session ?? '', run.serving?.holder ?? null)) return undefined
    for (const waiter of scopes.get(apart ? APART : state.run) ?? []) {
      if (waiter.late || waiter.staged.length + waiter.taken.length >= waiter.slots || !waiter.kinds.has(effect.kind)) continue
      if (waiter.staged.length > 0 && waiter.bytes + effect.record.length > MAX_REPLY) continue
      if (sessions.isAlive(waiter.session)) return waiter
    }
    return undefined
  }

  /** The grants of one group reach their waiter together, when all of them are durable. */
  const stageGrant = (group: Group, waiter: Waiter, grant: Grant): void => {
    waiter.bytes += grant.record.length
    if (waiter.staged.push(grant) > 1) return
    group.settled.push((durable) => {
      const grants = waiter.staged
      waiter.staged = []
      waiter.bytes = 0
      if (durable) end(waiter, grants)
      else if (waiter.late) end(waiter, [])
    })
  }

  const grantOf = (state: RunState, effect: OpenEffect, { attempt, fence }: Pick<OpenEffect, 'attempt' | 'fence'>): Grant =>
    Grant.create({ run_id: state.runBytes, effect_id: unhex(effect.id), attempt, fence, record: effect.record, lease_ms: leaseMs })

  /** A wait whose last slot was taken has nothing to wait for. */
  const take = (group: Group, waiter: Waiter, effect: string): void => {
    waiter.taken.push(effect)
    group.settled.push((durable) => {
      if (!durable) waiter.taken = waiter.taken.filter((taken) => taken !== effect)
      else if (waiter.taken.length >= waiter.slots && waiter.staged.length === 0) end(waiter, [])
    })
  }

  return {
    wait: (claim) => new Promise((resolve) => {
      const scope = claim.apart ? APART : claim.run
      const timer = setTimeout(() => {
        waiter.late = true
        // A grant that is being written belongs to this waiter: it is told, or there is none.
        if (waiter.staged.length === 0) end(waiter, [])
      }, Math.min(MAX_WAIT_MS, claim.waitMs))
      timer.unref()
      const waiter: Waiter = {
        session: claim.session, holder: claim.holder, kinds: new Set(claim.kinds), scope, slots: Math.min(MAX_SLOTS, Math.max(1, claim.slots)), taken: [], bytes: 0, staged: [], late: false,
        resolve: (granted) => {
          clearTimeout(timer)
          resolve(granted)
        },
      }
      const waiters = scopes.get(scope)
      if (waiters === undefined) scopes.set(scope, new Set([waiter]))
      else waiters.add(waiter)
    }),
    grant: (group, run, state, teller) => {
      const told: Grant[] = []
      let bytes = 0
      if (state.sealed || state.damage !== undefined || state.offered.size === 0 || scopes.size === 0) return told
      for (const effect of [...state.offered.values()]) {
        const waiter = taker(run, state, effect)
        if (waiter === undefined) continue
        const { attempt, fence } = nextAttempt(state, effect)
        stageStart(group, state, writer, effect, waiter)
        const grant = grantOf(state, effect, { attempt, fence })
        if (waiter.session !== teller || bytes + effect.record.length > MAX_REPLY) {
          stageGrant(group, waiter, grant)
          continue
        }
        bytes += effect.record.length
        take(group, waiter, effect.id)
        told.push(grant)
      }
      return told
    },
    grantedSince: (state, seq, session) => [...state.effects.values()].filter((effect) => effect.started && effect.worker === session && effect.fence > seq).map((effect) => grantOf(state, effect, effect)),
    mayStart: (run, effect) => REPEATABLE.has(effect.kind) && run.state?.offered.has(effect.id) === true && !isApart(run, effect),
    isWanted: (run) => (run.state?.offered.size ?? 0) > 0 && (scopes.has(APART) || scopes.has(run.state?.run ?? '')),
    leave: (session) => {
      for (const waiters of [...scopes.values()]) for (const waiter of [...waiters]) if (waiter.session === session && waiter.staged.length === 0) end(waiter, [])
    },
    drop: () => {
      for (const waiters of [...scopes.values()]) {
        for (const waiter of [...waiters]) {
          waiter.late = true
          if (waiter.staged.length === 0) end(waiter, [])
        }
      }
    },
  }
}

/** Number and fence of an effect's next attempt, if it is the next record. */
export const nextAttempt = (state: RunState, effect: OpenEffect): { attempt: number; fence: number } => ({ attempt: effect.attempt + 1, fence: state.seq + 1 })

/** Records that an attempt has started, and who makes it. */
export function stageStart(group: Group, state: RunState, writer: Writer, effect: OpenEffect, { session, holder }: { session: string; holder: Holder | null }): void {
  const { attempt, fence } = nextAttempt(state, effect)
  const { host = '', pid = 0, boot_id = '', started_ticks = 0 } = holder ?? {}
  stageOwn(group, state, writer, 'effect.started', { effect: '', kind: effect.kind, clock: { worker: session, host, pid, boot_id, started_ticks } },
    { id: sha256Hex('kymo.started\0', state.run, effect.id, String(attempt)), cause: effect.id, effect: effect.id, attempt, fence })
}
