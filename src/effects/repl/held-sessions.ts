import type { ExecutionSpec } from '../../../schemas/generated/events.ts'
import { parseRunId } from '../../../schemas/record.ts'
import type { BlobStore } from '../../blobs/index.ts'
import type { StoreConnection } from '../../bus/index.ts'
import type { WarmDirectory } from '../../workspace/index.ts'
import type { Attempt } from '../attempt.ts'
import type { Broker } from '../broker/index.ts'
import { openWorkspace } from '../workspace-layers.ts'
import type { LayeredWorkspace } from '../workspace-layers.ts'
import { ReplSession } from './session.ts'
import type { ReplOptions } from './session.ts'

/** A session of a run in this process. */
export interface HeldSession {
  number: number
  session: ReplSession
  workspace: LayeredWorkspace
  warm: WarmDirectory
  /** the services of the task, open as long as the session */
  broker: Broker | undefined
  /** what the directory holds, '' when that is not known */
  tree: string
  /** commands it has run */
  commands: number
  /** why it was begun; empty for the first of a run */
  because: string
  client: StoreConnection
  usedAt: number
}

const GONE = 'the process that held the earlier session is gone: the run was resumed, forked, or moved to another worker'
const MIXED = 'the earlier session does not fit the record of this run'
const IDLE = 'the earlier session had waited for two hours without a command'

const LOOK_MS = 60_000
const IDLE_MS = 2 * 3_600_000

/** The sessions that this process holds, one a run at most. They end with their run, with this process, or after two idle hours. */
export class HeldSessions {
  readonly #held = new Map<string, HeldSession>()
  /** why a run's last session here is no more */
  readonly #why = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined

  /** The session that a command asks for, in a directory that holds exactly its tree; a new one where nobody holds that. */
  async take({ runId, client }: Pick<Attempt, 'runId' | 'client'>, spec: ExecutionSpec, { folder, blobs, open, services }: { folder: string; blobs: BlobStore; open: Omit<ReplOptions, 'directory'>; services?: (() => Promise<Broker>) | undefined }): Promise<{ held: HeldSession; fresh: boolean }> {
    const { session: asked = 0, commands = 0 } = spec
    const known = this.#held.get(runId)
    const same = known !== undefined && known.number === asked && known.commands === commands && !known.session.ended
    const because = commands === 0 ? '' : this.#why.get(runId) ?? (known !== undefined && !known.session.ended ? MIXED : GONE)
    const workspace = known?.workspace ?? await openWorkspace(folder, blobs, spec.layers, open.sandbox)
    const { warm } = workspace
    if (known === undefined || !same) await known?.session.close()
    const there = known?.tree === spec.tree
    if (known !== undefined && !there) known.tree = ''
    if (!there) await warm.checkout(spec.tree)
    if (known !== undefined) known.tree = spec.tree
    if (known !== undefined && same) {
      known.usedAt = performance.now()
      return { held: known, fresh: false }
    }
    this.#why.delete(runId)
    const broker = known?.broker ?? await services?.()
    const session = await ReplSession.open({ ...open, directory: warm.root, layers: workspace.layers, mounts: broker?.mounts ?? [], env: { ...open.env, ...broker?.variables } }).catch(async (error: unknown) => {
      if (known === undefined) await broker?.close()
      throw error
    })
    const held: HeldSession = { number: asked + 1, session, workspace, warm, broker, tree: spec.tree, commands: 0, because, client, usedAt: performance.now() }
    this.#held.set(runId, held)
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS).unref()
    return { held, fresh: true }
  }

  /** Remembers why a run's session has ended, to be told with the next command. */
  ended(runId: string, why: string): void {
    this.#why.set(runId, why)
  }

  /** Ends a run's session and removes its directory: nobody knows what it holds. */
  async drop(runId: string): Promise<void> {
    const held = this.#held.get(runId)
    this.#held.delete(runId)
    await held?.session.close()
    await held?.broker?.close()
    await held?.warm[Symbol.asyncDispose]()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all([...this.#held.keys()].map((runId) => this.drop(runId)))
  }

  /** A worker serves many runs for days: sessions of runs that are over, or that nobody asks any more, are not kept. */
  async #look(): Promise<void> {
    const now = performance.now()
    for (const [runId, held] of this.#held) {
      if (now - held.usedAt < LOOK_MS) continue
      const over = await held.client.list({ run_id: parseRunId(runId) }).then(({ runs }) => runs[0]?.sealed === true, () => false)
      // A command may have come while we asked.
      if (this.#held.get(runId) !== held || performance.now() - held.usedAt < LOOK_MS) continue
      if (over) this.#why.delete(runId)
      else if (now - held.usedAt > IDLE_MS) this.#why.set(runId, IDLE)
      else continue
      await this.drop(runId)
    }
  }
}
