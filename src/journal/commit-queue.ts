import { KymoError, messageOf } from '../../schemas/errors.ts'
import { unhex } from '../../schemas/hash.ts'
import { kymo } from '../../schemas/generated/messages.js'
import { Decision } from './decision.ts'
import { newGroup } from './group.ts'
import type { Group } from './group.ts'
import { blobKey, encodeHead, headKey } from './keys.ts'
import type { KeyValueStore, Operation } from './key-value-store.ts'
import type { LoadedRun, LoadedRuns } from './loaded-runs.ts'
import type { StoreGuard } from './store-guard.ts'
import type { Witness } from './witness.ts'

const { AppendReply } = kymo.v1.journal
type AppendReply = kymo.v1.journal.AppendReply

/** Decides on a job when its turn comes. May answer later than the group is durable, never before. */
export type Decide = (group: Group, run: LoadedRun) => AppendReply | (() => Promise<AppendReply>)
interface Job { run: string; bytes: number; decide: Decide; resolve: (reply: AppendReply) => void; alone: boolean }

export interface CommitQueue {
  /** Queues a decision on a run ("" for none); resolves when it is durable or refused. */
  submit(run: string, decide: Decide, bytes?: number): Promise<AppendReply>
  /** Writes with the next group, or within a second; may be lost in a crash. For caches and hints. */
  later(key: Uint8Array, value: Uint8Array): void
  pending(key: Uint8Array): Uint8Array | undefined
  flush(): Promise<void>
  /** Refuses what comes from now on, and resolves when what is queued is done. */
  close(): Promise<void>
  readonly length: number
  readonly busy: boolean
}

interface Parts {
  store: KeyValueStore
  witness: Witness | undefined
  runs: LoadedRuns
  guard: StoreGuard
  maxQueue: number
  onDurable: (group: Group) => void
  onProblem: (message: string) => void
}

const GROUP_JOBS = 512
const GROUP_BYTES = 4 * 2 ** 20
const QUEUE_BYTES = 64 * 2 ** 20
const LATER_BYTES = 4 * 2 ** 20

export const refusal = (decision: Decision, reason: string): AppendReply => AppendReply.create({ decision, reason })
export const done = (): AppendReply => AppendReply.create({ decision: Decision.OK })

/** Group commit: what is queued is decided one after the other and written as one durable batch, and only then answered. */
export function createCommitQueue({ store, witness, runs, guard, maxQueue, onDurable, onProblem }: Parts): CommitQueue {
  let queue: Job[] = []
  let queuedBytes = 0
  let loading = 0
  let committing: Promise<void> | undefined
  let closed = false
  const waiting = new Map<string, Operation & { value: Uint8Array }>()
  let waitingBytes = 0

  const push = (job: Job): void => {
    queue.push(job)
    queuedBytes += job.bytes
    committing ??= commitAll()
  }

  /** A job whose run is not in memory waits for it without holding the others up. */
  const load = async (job: Job): Promise<void> => {
    loading++
    try {
      await runs.load(job.run)
    } catch (error) {
      const refused = error instanceof KymoError && error.code === 'KYMO_RUN_ID'
      return job.resolve(refusal(refused ? Decision.REFUSED : Decision.UNAVAILABLE, messageOf(error)))
    } finally {
      loading--
    }
    if (closed) job.resolve(refusal(Decision.UNAVAILABLE, 'the store is closing'))
    else push(job)
  }

  const take = (): Job[] => {
    let count = 0
    for (let bytes = 0; count < queue.length && count < GROUP_JOBS && bytes < GROUP_BYTES; count++) {
      const job = queue[count]
      if (job === undefined || (job.alone && count > 0)) break
      bytes += job.bytes
      if (job.alone) {
        count++
        break
      }
    }
    const jobs = queue.slice(0, count)
    queue = queue.slice(count)
    for (const job of jobs) queuedBytes -= job.bytes
    return jobs
  }

  async function commitAll(): Promise<void> {
    await Promise.resolve()
    while (queue.length > 0) await commit(take())
    committing = undefined
  }

  async function commit(jobs: readonly Job[]): Promise<void> {
    try {
      await guard.ready()
    } catch (error) {
      for (const job of jobs) job.resolve(refusal(Decision.UNAVAILABLE, messageOf(error)))
      return
    }
    const group = newGroup()
    const decided: Array<[Job, ReturnType<Decide>]> = []
    const ready: Array<[Job, LoadedRun]> = []
    for (const job of jobs) {
      const run = job.run === '' ? NO_RUN : runs.get(job.run)
      if (run === undefined) void load(job)
      else ready.push([job, run])
    }
    for (const [job, run] of ready) {
      try {
        decided.push([job, job.decide(group, run)])
      } catch (error) {
        abandon(group, jobs)
        return again(ready.map(([one]) => one), job, error)
      }
    }
    const failure = await write(group)
    if (failure !== undefined) {
      abandon(group, jobs)
      for (const [job] of decided) job.resolve(refusal(Decision.UNAVAILABLE, failure))
      return
    }
    for (const settle of group.settled) settle(true)
    for (const [job, answer] of decided) {
      if (typeof answer === 'function') void answer().then(job.resolve, (error: unknown) => job.resolve(refusal(Decision.UNAVAILABLE, messageOf(error))))
      else job.resolve(answer)
    }
    for (const { run } of jobs) if (run !== '' && runs.get(run)?.state === undefined) runs.drop(run)
    onDurable(group)
  }

  /** What was staged and is not durable is forgotten: the runs are read again from the store. */
  function abandon(group: Group, jobs: readonly Job[]): void {
    for (const settle of group.settled) settle(false)
    for (const run of group.touched.keys()) runs.drop(run)
    for (const { run } of jobs) runs.drop(run)
  }

  /** One decision threw, which is a fault of ours: nothing of its group is written, and each is tried by itself. */
  function again(jobs: readonly Job[], culprit: Job, error: unknown): void {
    onProblem(`deciding on an append failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    const rest = jobs.filter((job) => job !== culprit)
    culprit.resolve(refusal(Decision.REFUSED, messageOf(error)))
    queue = [...rest.map((job) => ({ ...job, alone: true })), ...queue]
    for (const job of rest) queuedBytes += job.bytes
  }

  /** Undefined when durable, else a sentence. */
  async function write(group: Group): Promise<string | undefined> {
    if (group.operations.length === 0 && group.inline.size === 0) return undefined
    try {
      for (const [hash, data] of group.inline) group.operations.push({ key: blobKey(unhex(hash)), value: data })
      for (const state of group.touched.values()) {
        group.operations.push({ key: headKey(state.runBytes), value: encodeHead(state) })
        witness?.reserve(state.run)
      }
      const along = [...waiting]
      for (const [, operation] of along) group.operations.push(operation)
      await store.write(group.operations, { sync: true })
      written(along)
      witness?.record(group.touched.values())
      return undefined
    } catch (error) {
      return guard.failed(error)
    }
  }

  function written(along: ReadonlyArray<[string, Operation & { value: Uint8Array }]>): void {
    for (const [name, operation] of along) {
      if (waiting.get(name) !== operation) continue
      waiting.delete(name)
      waitingBytes -= operation.value.length
    }
  }

  const queueUp: CommitQueue['submit'] = (run, decide, bytes = 256) => {
    if (closed) return Promise.resolve(refusal(Decision.UNAVAILABLE, 'the store is closing'))
    if (queue.length + loading >= maxQueue || queuedBytes > QUEUE_BYTES) return Promise.resolve(refusal(Decision.BUSY, `${queue.length + loading} appends are waiting: try again`))
    return new Promise((resolve) => {
      const job: Job = { run, bytes, decide, resolve, alone: false }
      if (run !== '' && runs.get(run) === undefined) void load(job)
      else push(job)
    })
  }

  const flush = async (): Promise<void> => {
    if (waiting.size === 0) return
    // An operation of its own makes the group a write, and the others come along.
    await queueUp('', (group) => {
      const first = waiting.values().next().value
      if (first !== undefined) group.operations.push(first)
      return done()
    })
  }

  return {
    submit: queueUp,
    later: (key, value) => {
      const name = Buffer.from(key).toString('latin1')
      waitingBytes += value.length - (waiting.get(name)?.value.length ?? 0)
      waiting.set(name, { key, value })
      if (waitingBytes > LATER_BYTES) void flush()
    },
    pending: (key) => waiting.get(Buffer.from(key).toString('latin1'))?.value,
    flush,
    close: async () => {
      await flush()
      closed = true
      while (committing !== undefined) await committing
    },
    get length() { return queue.length + loading },
    get busy() { return committing !== undefined || loading > 0 },
  }
}

const NO_RUN: LoadedRun = { state: undefined, serving: undefined, usedAt: 0 }
