import { randomBytes } from 'node:crypto'
import type { AgentEntry } from '../../actors/index.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import type { EventPayloads, EventType } from '../../schemas/generated/events.ts'
import { hex, sha256Hex, unhex } from '../../schemas/hash.ts'
import { BLOB_KIND, decodeRecord, formatRunId, outcomeId } from '../../schemas/record.ts'
import type { AnyEvent, BlobName, RecordedEvent } from '../../schemas/record.ts'
import { formatTree } from '../../schemas/tree.ts'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import { RunFold, newEvent, react } from '../../src/host/index.ts'
import { Decision, Journal, MemoryStore, decisionName } from '../../src/journal/index.ts'
import { runFileActionWith } from '../../src/workspace/index.ts'

export type Outcome = { ok: true; outcome: object; named?: BlobName[] } | { ok: false; error: { source: string; code: string; message: string }; retryable?: boolean }
export type Requested = RecordedEvent<'effect.requested'>

export interface InMemoryOptions {
  /** what the scripted agent plays; the default agent is scripted */
  actions?: ReadonlyArray<object>
  replies?: readonly unknown[]
  agent?: string
  agents?: Readonly<Record<string, AgentEntry>>
  /** the agent's list of actions, and a model that answers as `effects` says; without it a run of the first version */
  allowed?: readonly string[]
  files?: Readonly<Record<string, string>>
  limits?: Partial<EventPayloads['run.started']['limits'] & object>
  gradeSteps?: boolean
  /** carries out what is no file action; a file action too when it answers one */
  effects?: (request: Requested, blobs: MemoryBlobs) => Promise<Outcome | undefined> | Outcome | undefined
  onRecord?: (event: AnyEvent, bytes: Uint8Array, fold: RunFold) => void
  /** called before each reaction and each effect: what a user or a fault does meanwhile */
  meanwhile?: (run: InMemoryRun, turn: number) => Promise<void>
  seed?: string
  /** what the run is begun with besides: a list of actions, models */
  started?: Partial<EventPayloads['run.started']>
}

export interface InMemoryRun {
  runId: string
  run: Uint8Array
  journal: Journal
  blobs: MemoryBlobs
  fold: RunFold
  records: Uint8Array[]
  events: AnyEvent[]
  /** the journal takes nothing more for this run */
  sealed: boolean
  external: (type: 'run.cancel_requested' | 'message.rejected', payload: object, to: string) => Promise<void>
}

const GRADED: Outcome = { ok: true, outcome: { grading: { graded: true, code: '', message: '', value: 2, baseline: 1, details: '{}', paper: [] } } }

/** A whole run without NATS, disk or clock to wait for: the real journal on its in-memory store, the real machines and file actions. */
export async function playInMemory(options: InMemoryOptions): Promise<InMemoryRun> {
  const blobs = new MemoryBlobs()
  const arrived: Uint8Array[] = []
  let clock = 1_760_000_000_000
  const journal = await new Journal({
    store: new MemoryStore(), now: () => (clock += 1), hasFile: (hash) => blobs.contents.has(hash),
    onCommit: (_run, records) => { for (const { bytes } of records) arrived.push(Uint8Array.from(bytes)) },
  }).open()
  const run = options.seed === undefined ? randomBytes(16) : unhex(sha256Hex(options.seed)).subarray(0, 16)
  const runId = formatRunId(run)
  const session = randomBytes(16)
  const read = async (hash: string): Promise<string> => Buffer.from(await blobs.get(hash)).toString()
  const fold = new RunFold({ read, ...(options.agents === undefined ? {} : { agents: options.agents }) })
  const records: Uint8Array[] = []
  const events: AnyEvent[] = []
  const requests: Requested[] = []
  const expectOk = (what: string, reply: { decision: Decision; reason: string }): void => {
    if (reply.decision !== Decision.OK) throw new Error(`${what}: ${decisionName(reply.decision)} ${reply.reason}`)
  }
  const absorb = (): void => {
    for (const bytes of arrived.splice(0)) {
      const event = decodeRecord(bytes)
      records.push(bytes)
      events.push(event)
      fold.note(event)
      if (event.type === 'effect.requested') requests.push(event)
      options.onRecord?.(event, bytes, fold)
    }
  }
  const wire = <T extends EventType>(type: T, payload: EventPayloads[T], more: { id: string; from: string; to: string; cause?: string; effect?: string; named?: BlobName[] }) => ({
    event_id: unhex(more.id), type, schema_version: schemaVersion(type), from: more.from, to: more.to, cause_id: unhex(more.cause ?? ''), correlation_id: unhex(more.effect ?? ''),
    blobs: [...blobsNamed(type, payload), ...(more.named ?? [])].map(({ hash, kind, bytes }) => ({ hash: unhex(hash), kind: BLOB_KIND[kind], bytes })), payload: encodeEvent(type, payload),
  })
  const self: InMemoryRun = {
    runId, run, journal, blobs, fold, records, events, sealed: false,
    external: async (type, payload, to) => {
      expectOk(type, await journal.append({ run_id: run, external: { reason: '' }, events: [wire(type, payload as never, { id: hex(randomBytes(32)), from: 'user', to })] }))
    },
  }

  const started = await runStarted(options, blobs)
  expectOk('create', await journal.append({ run_id: run, create: { title: 'memory' }, events: [wire('run.started', started.payload, { id: sha256Hex('kymo.run\0', runId), from: 'user', to: 'environment', named: started.named })] }))
  await journal.attach({ run_id: run, session })

  try {
    for (let turn = 0; ; turn++) {
      absorb()
      if (events.at(-1)?.type === 'run.finished') {
        self.sealed = (await journal.list({ run_id: run })).runs[0]?.sealed ?? false
        return self
      }
      if (options.meanwhile !== undefined) {
        await options.meanwhile(self, turn)
        absorb()
      }
      const [actor, queue] = fold.pending.entries().next().value ?? []
      const event = queue?.[0]
      if (actor !== undefined && event !== undefined) {
        const reaction = await react(fold.state(actor), event, read)
        for (const { hash, data } of reaction.blobs) blobs.contents.set(hash, data)
        const reply = await journal.append({ run_id: run, reaction: { actor, cause_seq: event.seq }, events: reaction.drafts.map((draft, index) => newEvent(runId, event, actor, draft, index)) })
        expectOk(`reaction of ${actor} to ${event.type}`, reply)
        fold.settle(actor, reaction.next)
        queue?.shift()
        if (queue?.length === 0) fold.pending.delete(actor)
        continue
      }
      const request = requests.shift()
      if (request === undefined) {
        // Only a timer can go on from here.
        clock += 60_000
        await new Promise((resolve) => setTimeout(resolve, 120))
        if (arrived.length === 0) throw new Error(`the run is stuck after ${events.map(({ type }) => type).slice(-5).join(', ')}`)
        continue
      }
      const { grants } = await journal.claim({ session, kinds: [request.payload.kind], run_id: run, slots: 1, wait_ms: 1000 })
      const grant = grants[0]
      if (grant === undefined) continue
      const outcome = (await options.effects?.(request, blobs)) ?? (await carryOut(request, blobs))
      const about = { effect: request.id, kind: request.payload.kind, call: request.payload.call }
      const type = outcome.ok ? 'effect.succeeded' : 'effect.failed'
      const payload = outcome.ok ? { ...about, ...outcome.outcome } : { ...about, error: outcome.error, retryable: outcome.retryable ?? false }
      const reply = await journal.append({
        run_id: run, outcome: { effect_id: unhex(request.id), attempt: grant.attempt, fence: grant.fence },
        events: [wire(type, payload as never, { id: outcomeId(runId, request.id, grant.attempt), from: 'runner', to: request.from, cause: request.id, effect: request.id, named: outcome.ok ? (outcome.named ?? []) : [] })],
      })
      expectOk(`outcome of ${about.kind}`, reply)
    }
  } finally {
    await journal.close()
  }
}

async function carryOut({ payload }: Requested, blobs: MemoryBlobs): Promise<Outcome> {
  if (payload.kind === 'grading') return GRADED
  if (payload.kind === 'completion') return completion(await blobs.put(Buffer.from('a reply')))
  if (payload.kind === 'execution') return execution(blobs, { tree: payload.execution?.tree ?? '', stdout: 'ran\n' })
  const spec = payload.file
  if (spec === undefined) return { ok: false, error: { source: 'system', code: 'no_spec', message: 'the file effect says nothing' } }
  const args = JSON.parse(Buffer.from(await blobs.get(spec.arguments?.ref ?? '')).toString()) as Record<string, unknown>
  const { result, named } = await runFileActionWith(blobs, { action: spec.action, args, tree: spec.tree, layers: spec.layers, edits: spec.edits?.ref ?? '', readOnly: spec.read_only, step: spec.step })
  const observation = Buffer.from(result.observation.toWellFormed())
  const ref = await blobs.put(observation)
  const bytes = named.find(({ hash }) => hash === result.edits)?.bytes ?? spec.edits?.bytes ?? 0
  return {
    ok: true, named,
    outcome: { file: { ok: result.ok, code: result.code, observation: { ref, bytes: observation.length }, tree: result.tree, changed: result.changed, ...(result.edits === '' ? {} : { edits: { ref: result.edits, bytes } }) } },
  }
}

const completion = (ref: string): Outcome =>
  ({ ok: true, outcome: { completion: { reply: { ref, bytes: 7 }, raw: { ref, bytes: 7 }, stop_reason: 'stop', served_model: 'scripted', input_tokens: 3, output_tokens: 4, cost_usd: 0.5, source: 'scripted' } } })

const MODEL = { provider: 'scripted', model: 'scripted', max_tokens: 1000, account: 'environment' }

/** An outcome of a script. */
export async function execution(blobs: MemoryBlobs, { reason = 'exited', exitCode = 0, stdout = '', stderr = '', tree = '', dropped = [] as string[], signal = '' }): Promise<Outcome> {
  const capture = async (output: string) => ({ text: { ref: await blobs.put(Buffer.from(output)), bytes: Buffer.byteLength(output) }, total_bytes: Buffer.byteLength(output), truncated: false })
  return { ok: true, outcome: { execution: { reason, exit_code: exitCode, signal, stdout: await capture(stdout), stderr: await capture(stderr), tree, dropped, started: '' } } }
}

/** A script as the linked list that the scripted agent plays. */
export async function scriptList(blobs: MemoryBlobs, actions: readonly object[]): Promise<{ ref: string; bytes: number } | null> {
  let script: { ref: string; bytes: number } | null = null
  for (const item of actions.toReversed()) {
    const node: Uint8Array = Buffer.from(canonicalJson({ prev: script, items: [item] }))
    script = { ref: await blobs.put(node), bytes: node.length }
  }
  return script
}

async function runStarted(options: InMemoryOptions, blobs: MemoryBlobs): Promise<{ payload: EventPayloads['run.started']; named: BlobName[] }> {
  const script = await scriptList(blobs, options.actions ?? [])
  const entries = await Promise.all(Object.entries(options.files ?? { 'train.py': 'print(1)\n' }).map(async ([path, content]) => {
    const bytes = Buffer.from(content)
    return { path, kind: 'file' as const, mode: 0o644, sha256: await blobs.put(bytes), size: bytes.length }
  }))
  const problem = Buffer.from('Do it well.')
  const replies = options.replies === undefined ? undefined : await blobs.put(Buffer.from(canonicalJson(options.replies)))
  const agent = options.agent ?? 'scripted'
  return {
    named: script === null ? [] : [{ hash: script.ref, kind: 'list', bytes: script.bytes }],
    payload: {
      task: 'memory', profile: 'small', agent, agent_config: agent === 'scripted' ? canonicalJson({ script, ...(replies === undefined ? {} : { completion: { provider: 'scripted', model: 'scripted', replies } }) }) : '{}',
      problem: { ref: await blobs.put(problem), bytes: problem.length }, tree: await blobs.put(Buffer.from(formatTree(entries))), layers: [], read_only: ['locked/*'], seed: 7, entry: 'train.py', llm: options.allowed === undefined ? '{}' : canonicalJson({ model: MODEL, fast: MODEL, edit: MODEL }), actions: [...(options.allowed ?? [])], python_key: '{}', script_limits: '{}',
      limits: { max_steps: 50, max_time_ms: 0, max_tokens: 0, max_cost_usd: 0, ...options.limits },
      grading: { metric: 'accuracy', higher_is_better: true, success_improvement: 0.1, at_every_step: options.gradeSteps ?? false, evaluator: 'evaluate.py' },
      clock: { kymo: '', commit: '', dirty: false, lockfile: '', node: '', xstate: '', host: '', platform: '' },
      ...options.started,
    },
  }
}
