import type { Claims } from './claims.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Writer } from './group.ts'
import type { KeyValueStore } from './key-value-store.ts'
import type { LoadedRuns } from './loaded-runs.ts'
import type { Sessions } from './sessions.ts'
import type { Witness } from './witness.ts'

/** What the journal's operations work with. */
export interface Parts {
  store: KeyValueStore
  witness: Witness | undefined
  writer: Writer
  leaseMs: number
  runs: LoadedRuns
  sessions: Sessions
  claims: Claims
  commits: CommitQueue
  /** runs with timers or started effects: what a sweep looks at */
  watched: Set<string>
  /** effects that a living session did not list lately, and since when */
  unlisted: Map<string, number>
}

const SESSION_BYTES = 16

/** Why a session id cannot be one, or undefined. */
export const sessionProblem = (session: Uint8Array | undefined): string | undefined => (session?.length === SESSION_BYTES ? undefined : 'a session id has 16 bytes')
