import { canonicalJson } from '../../schemas/canonical-json.ts'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { sha256Hex, unhex } from '../../schemas/hash.ts'
import { BLOB_KIND, Envelope, decodeRecord, formatRunId, outcomeId, recordHash, recordHashBytes } from '../../schemas/record.ts'
import type { AnyEvent, BlobName, RecordedEvent } from '../../schemas/record.ts'
import { formatTree } from '../../schemas/tree.ts'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import { RunFold, newEvent, react } from '../../src/host/index.ts'
import type { AgentRegistry } from '../../src/host/index.ts'
import { Decision, Journal, MemoryStore } from '../../src/journal/index.ts'
import type { RunSource } from '../../src/replay/index.ts'
import { readerOf } from '../../src/replay/index.ts'
import { runFileActionWith } from '../../src/workspace/index.ts'

type Requested = EventPayloads['effect.requested']
type Outcome = Partial<EventPayloads['effect.succeeded']>

export interface PlayOptions {
  /** what the scripted agent plays */
  script?: Array<Record<string, unknown>>
  /** the workspace at the start */
  files?: Record<string, string>
  /** task data below it, by path */
  layer?: { mount: string; files: Record<string, string> }
  agent?: string
  agents?: AgentRegistry
  maxSteps?: number
  gradeSteps?: boolean
  /** told before each attempt; true gives the attempt back unfinished */
  lose?: (request: Requested, attempt: number) => boolean
  /** milliseconds that the journal's clock moves on at each look */
  tick?: number
  runByte?: number
  replies?: unknown[]
  store?: MemoryStore
  /** what the run is begun with besides: a list of actions, models, added actions */
  started?: Partial<EventPayloads['run.started']>
  /** what a model answers, by the role that asks it; a failure's code to fail this try */
  complete?: (role: string, tries: number) => string | { fails: string }
  /** blobs that `started` names */
  blobs?: readonly Uint8Array[]
  /** what a person answers */
  person?: string
}

const ROLE = { provider: 'scripted', model: 'scripted', max_tokens: 4000, account: 'environment' }
/** Models of every role for `started.llm`. */
export const MODELS = canonicalJson({ model: ROLE, fast: ROLE, edit: ROLE })

export interface PlayedRun { runId: string; records: Uint8Array[]; events: AnyEvent[]; blobs: MemoryBlobs; journal: Journal }

const SESSION = Buffer.alloc(16, 7)
const KINDS = ['file', 'execution', 'grading', 'completion', 'human']

/** A whole run in one process without NATS, disk or Python: the journal on its in-memory store, the machines, and file actions as they are; scripts and graders answer what is written here. */
export async function playRun(options: PlayOptions = {}): Promise<PlayedRun> {
  const blobs = new MemoryBlobs()
  const records: Uint8Array[] = []
  const fresh: Uint8Array[] = []
  let clock = 1_800_000_000_000
  const journal = await new Journal({
    store: options.store ?? new MemoryStore(), now: () => (clock += options.tick ?? 1), hasFile: (hash) => blobs.contents.has(hash),
    onCommit: (_run, committed) => { for (const { bytes } of committed) { records.push(Uint8Array.from(bytes)); fresh.push(Uint8Array.from(bytes)) } },
  }).open()
  const run = Buffer.alloc(16, options.runByte ?? 1)
  run[6] = 0x71
  run[8] = 0x81
  const runId = formatRunId(run)
  await start(journal, blobs, run, options)
  await journal.attach({ run_id: run, session: SESSION })
  const read = async (hash: string): Promise<string> => Buffer.from(await blobs.get(hash)).toString()
  const fold = new RunFold({ read, ...(options.agents === undefined ? {} : { agents: options.agents }) })
  /** pauses that will end by themselves */
  const pauses = new Set<string>()
  for (let idle = 0; idle < (pauses.size > 0 ? 1000 : 3);) {
    for (const bytes of fresh.splice(0)) {
      const event = decodeRecord(bytes)
      fold.note(event)
      if (event.type === 'timer.armed' && !event.payload.limit) pauses.add(event.id)
      if (event.type === 'timer.fired' || event.type === 'timer.cancelled') pauses.delete(event.payload.armed_id)
    }
    const [actor, queue] = [...fold.pending][0] ?? []
    const event = queue?.[0]
    if (records.length > 0 && decodeRecord(records.at(-1) ?? new Uint8Array()).type === 'run.finished') break
    if (actor !== undefined && event !== undefined) {
      const { next, drafts, blobs: made } = await react(fold.state(actor), event, read)
      for (const { data } of made) await blobs.put(data)
      await expectOk(journal.append({ run_id: run, reaction: { actor, cause_seq: event.seq }, events: drafts.map((draft, index) => newEvent(runId, event, actor, draft, index)) }))
      fold.settle(actor, next)
      queue?.shift()
      if (queue?.length === 0) fold.pending.delete(actor)
      idle = 0
    } else if (await carryOut(journal, blobs, run, options)) idle = 0
    else idle++
  }
  await journal.close()
  return { runId, records, events: records.map(decodeRecord), blobs, journal }
}

async function expectOk(reply: Promise<{ decision: number; reason: string }>): Promise<void> {
  const { decision, reason } = await reply
  if (decision !== Decision.OK) throw new Error(`the journal said ${decision}: ${reason}`)
}

const wire = (named: readonly BlobName[]) => named.map(({ hash, kind, bytes }) => ({ hash: unhex(hash), kind: BLOB_KIND[kind], bytes }))

async function storeTree(blobs: MemoryBlobs, files: Record<string, string>): Promise<string> {
  const entries = await Promise.all(Object.entries(files).map(async ([path, content]) => ({ path, kind: 'file' as const, mode: 0o644, sha256: await blobs.put(Buffer.from(content)), size: Buffer.byteLength(content) })))
  return blobs.put(Buffer.from(formatTree(entries)))
}

async function start(journal: Journal, blobs: MemoryBlobs, run: Uint8Array, options: PlayOptions): Promise<void> {
  let script: { ref: string; bytes: number } | null = null
  for (const item of (options.script ?? []).toReversed()) {
    const node: Uint8Array = Buffer.from(canonicalJson({ prev: script, items: [item] }))
    script = { ref: await blobs.put(node), bytes: node.length }
  }
  const replies = options.replies === undefined ? undefined : await blobs.put(Buffer.from(canonicalJson(options.replies)))
  const problem = Buffer.from('Make it faster.')
  for (const bytes of options.blobs ?? []) await blobs.put(bytes)
  const payload: EventPayloads['run.started'] = {
    task: 'arithmetic', profile: 'small', agent: options.agent ?? 'scripted', agent_config: canonicalJson({ script, ...(replies === undefined ? {} : { completion: { provider: 'scripted', model: 'scripted', replies } }) }),
    problem: { ref: await blobs.put(problem), bytes: problem.length },
    tree: await storeTree(blobs, options.files ?? { 'train.py': 'print(1)\n' }), layers: options.layer === undefined ? [] : [{ mount: options.layer.mount, tree: await storeTree(blobs, options.layer.files) }],
    read_only: [], seed: 7, entry: 'train.py', script_limits: '{}', llm: '{}', actions: [], python_key: '',
    limits: { max_steps: options.maxSteps ?? 100_000, max_time_ms: 1e12, max_tokens: 0, max_cost_usd: 0 },
    grading: { metric: 'seconds', higher_is_better: false, success_improvement: 0.1, at_every_step: options.gradeSteps ?? false, evaluator: 'evaluate.py' },
    clock: { kymo: '0.1.0', commit: '', dirty: false, lockfile: '', node: process.versions.node, xstate: '', host: 'test', platform: 'test' },
    ...options.started,
  }
  const named: BlobName[] = [...blobsNamed('run.started', payload)]
  if (script !== null) named.push({ hash: script.ref, kind: 'list', bytes: script.bytes })
  if (replies !== undefined) named.push({ hash: replies, kind: 'bytes', bytes: 0 })
  await expectOk(journal.append({
    run_id: run, create: { title: 'test' },
    events: [{ event_id: unhex(sha256Hex('test run', run)), type: 'run.started', schema_version: schemaVersion('run.started'), from: 'user', to: 'environment', cause_id: new Uint8Array(), correlation_id: new Uint8Array(), blobs: wire(named), payload: encodeEvent('run.started', payload) }],
  }))
}

/** Claims one effect and records its outcome. False when there is none. */
async function carryOut(journal: Journal, blobs: MemoryBlobs, run: Uint8Array, options: PlayOptions): Promise<boolean> {
  const { grants } = await journal.claim({ session: SESSION, kinds: KINDS, run_id: run, slots: 1, wait_ms: 20 })
  const grant = grants[0]
  if (grant === undefined) return false
  const event = decodeRecord(Uint8Array.from(grant.record)) as RecordedEvent<'effect.requested'>
  if (options.lose?.(event.payload, grant.attempt) === true) {
    await journal.release({ session: SESSION, holding: [{ run_id: run, effect_id: grant.effect_id, attempt: grant.attempt, fence: grant.fence }], reason: 'the worker was stopped' })
    return true
  }
  const { outcome, named } = await outcomeOf(event.payload, blobs, options)
  const failed = 'error' in outcome
  const type = failed ? 'effect.failed' : 'effect.succeeded'
  const payload = { effect: event.id, kind: event.payload.kind, call: event.payload.call, ...outcome } as EventPayloads['effect.succeeded']
  await expectOk(journal.append({
    run_id: run, outcome: { effect_id: grant.effect_id, attempt: grant.attempt, fence: grant.fence },
    events: [{
      event_id: unhex(outcomeId(formatRunId(run), event.id, grant.attempt)), type, schema_version: schemaVersion(type), from: 'runner', to: event.from, cause_id: grant.effect_id,
      correlation_id: grant.effect_id, blobs: wire([...blobsNamed(type, payload), ...named]), payload: encodeEvent(type, payload as never),
    }],
  }))
  return true
}

async function outcomeOf(request: Requested, blobs: MemoryBlobs, { complete = () => 'a reply', person }: PlayOptions): Promise<{ outcome: Outcome | Partial<EventPayloads['effect.failed']>; named: BlobName[] }> {
  const text = async (value: string): Promise<{ ref: string; bytes: number }> => ({ ref: await blobs.put(Buffer.from(value)), bytes: Buffer.byteLength(value) })
  const { file, execution, grading, completion, human } = request
  const clock = { wall_ms: 12, cpu_ms: 10, max_rss_bytes: 1e6, sandbox: 'none', environment: '', provider_request: '' }
  if (file !== undefined) {
    const args = JSON.parse(Buffer.from(await blobs.get(file.arguments?.ref ?? '')).toString()) as Record<string, unknown>
    const { result, named } = await runFileActionWith(blobs, { action: file.action, args, tree: file.tree, layers: file.layers, edits: file.edits?.ref ?? '', readOnly: file.read_only, step: file.step })
    return {
      named,
      outcome: { file: { ok: result.ok, code: result.code, observation: await text(result.observation), tree: result.tree, changed: result.changed, ...(result.edits === '' ? {} : { edits: { ref: result.edits, bytes: 0 } }) } },
    }
  }
  if (execution !== undefined) {
    const capture = async (value: string) => ({ text: await text(value), total_bytes: value.length, truncated: false })
    return { named: [], outcome: { clock, execution: { reason: 'exited', exit_code: 0, signal: '', stdout: await capture(`ran ${execution.script}\n`), stderr: await capture(''), tree: execution.tree, dropped: [], started: '' } } }
  }
  if (grading !== undefined) return { named: [], outcome: { clock, grading: { graded: true, code: '', message: '', value: 0.5, baseline: 2, details: '{"repeats":3}', paper: [] } } }
  if (human !== undefined) {
    return { named: [], outcome: person === undefined ? { error: { source: 'user', code: 'nobody_there', message: 'nobody is there' }, retryable: false } : { human: { answer: await text(person) } } }
  }
  const reply = complete(completion?.role ?? '', request.call)
  if (typeof reply !== 'string') return { named: [], outcome: { error: { source: 'provider', code: reply.fails, message: 'not now' }, retryable: true } }
  return {
    named: [],
    outcome: { clock, completion: { reply: await text(reply), raw: await text(canonicalJson({ reply })), stop_reason: 'end', served_model: completion?.model ?? '', input_tokens: 11, output_tokens: 7, cost_usd: 0.01, source: 'live', cached_tokens: 5 } },
  }
}

/** The run as a source, with whatever a test wants to be wrong about it. */
export function sourceOf(run: Pick<PlayedRun, 'runId' | 'records' | 'blobs'>, overrides: Partial<RunSource> = {}): RunSource {
  const last = run.records.at(-1)
  return {
    runId: run.runId,
    records: async function* () { yield* run.records },
    blobs: readerOf(run.blobs),
    view: async () => undefined,
    ...(last === undefined ? {} : { head: { seq: run.records.length - 1, hash: recordHash(last) } }),
    [Symbol.asyncDispose]: async () => undefined,
    ...overrides,
  }
}

/** The records with one event's payload changed, and every link after it made to fit again: what a careful forger would leave. */
export function forge<T extends AnyEvent['type']>(records: readonly Uint8Array[], seq: number, type: T, change: (payload: EventPayloads[T]) => EventPayloads[T], also: (envelope: Envelope) => Partial<Envelope> = () => ({})): Uint8Array[] {
  const out: Uint8Array[] = []
  for (const [index, bytes] of records.entries()) {
    const envelope = Envelope.decode(bytes)
    const previous = out.at(-1)
    const link = previous === undefined ? envelope.prev_hash : recordHashBytes(previous)
    if (index !== seq) {
      out.push(Envelope.encode({ ...envelope, prev_hash: link }).finish())
      continue
    }
    const event = decodeRecord(bytes)
    if (event.type !== type) throw new Error(`seq ${seq} is ${event.type}, not ${type}`)
    const payload = change(event.payload as EventPayloads[T])
    out.push(Envelope.encode({ ...envelope, prev_hash: link, payload: encodeEvent(type, payload), ...also(envelope) }).finish())
  }
  return out
}

export const EVERYDAY: Array<Record<string, unknown>> = [
  { action: 'List Files', args: { dir_path: '.' }, thought: 'What is there?' },
  { action: 'Read File', args: { file_name: 'train.py' } },
  { action: 'Write File', args: { file_name: 'train.py', content: 'print(2)\n' } },
  { action: 'Append File', args: { file_name: 'notes.txt', content: 'faster\n' } },
  { action: 'Read File', args: { file_name: 'no-such-file' } },
  { action: 'Fly', args: {} },
  { action: 'Undo Edit Script', args: { script_name: 'train.py' } },
  { action: 'Execute Script', args: { script_name: 'train.py' } },
  { action: 'Final Answer', args: { final_answer: 'done' } },
]
