import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { AGENTS } from '../../actors/index.ts'
import { scriptFile } from '../../schemas/agent-config.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import type { EventPayloads, Provenance } from '../../schemas/generated/events.ts'
import { sha256Hex, unhex } from '../../schemas/hash.ts'
import { BLOB_KIND, formatRunId } from '../../schemas/record.ts'
import type { BlobName } from '../../schemas/record.ts'
import type { ProfileName } from '../../schemas/task.ts'
import { Decision } from '../journal/index.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { StoreConnection } from '../bus/index.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import type { AgentRegistry } from '../host/index.ts'
import { MachineRoom, pythonKey } from './machine-room.ts'
import type { MachineRoomOptions } from './machine-room.ts'
import { loadTask, packageRoot, prepareTask, pythonDependencies, scriptLimits, scriptVariables } from './tasks/index.ts'
import type { Task } from './tasks/index.ts'

export interface CreateRunOptions extends MachineRoomOptions {
  task: string
  profile?: ProfileName
  agent: string
  /** the agent's own settings, as text: `script=FILE` for the scripted agent */
  agentConfig?: Readonly<Record<string, string>>
  agents?: AgentRegistry
  seed?: number
  maxSteps?: number
  maxTimeMs?: number
  gradeSteps?: boolean
  /** false when scripts run on another machine: neither sandbox nor interpreter is looked for here */
  checkMachine?: boolean
}

/** The paper's limits: 50 steps, five hours. */
export const DEFAULT_MAX_STEPS = 50
export const DEFAULT_MAX_TIME_MS = 5 * 3600 * 1000

/**
 * Begins a run: everything it needs is stored first, then run.started names it. Throws before anything is recorded when the task, the
 * agent, its config, the sandbox or the interpreter is not to be had.
 */
export async function createRun(client: StoreConnection, options: CreateRunOptions): Promise<{ runId: string }> {
  const { blobs } = client
  const profile = options.profile ?? 'full'
  const task = await loadTask(options.task)
  const agents = options.agents ?? AGENTS
  if (!Object.hasOwn(agents, options.agent)) throw new KymoError('KYMO_UNKNOWN_AGENT', `there is no agent "${options.agent}". The agents are: ${Object.keys(agents).join(', ')}; "kymo agent list" describes them`)
  const python_key = pythonKey(pythonDependencies(task.manifest.profiles[profile]))
  // Interpreters and git answer while the task is stored: together they take most of a run's start.
  const [prepared, { config, named }, clock] = await Promise.all([
    prepareTask(task, profile, blobs), agentConfig(options.agent, options.agentConfig ?? {}, blobs), provenance(), options.checkMachine === false ? undefined : lookAround(options.room ?? new MachineRoom(options), task, profile),
  ])
  const problem = Buffer.from(prepared.problem.toWellFormed())
  const { manifest } = task
  const payload: EventPayloads['run.started'] = {
    task: task.name, profile, agent: options.agent, agent_config: config, problem: { ref: await blobs.put(problem), bytes: problem.length }, tree: prepared.tree, layers: prepared.layers,
    read_only: prepared.readOnly, seed: options.seed ?? 0, entry: prepared.entry, llm: '{}', actions: [], python_key,
    limits: { max_steps: options.maxSteps ?? DEFAULT_MAX_STEPS, max_time_ms: options.maxTimeMs ?? DEFAULT_MAX_TIME_MS, max_tokens: 0, max_cost_usd: 0 },
    grading: {
      metric: manifest.metric.name, higher_is_better: manifest.metric.higher_is_better, success_improvement: manifest.success_improvement, at_every_step: options.gradeSteps ?? false,
      evaluator: prepared.evaluator,
    },
    script_limits: canonicalJson({ limits: scriptLimits(prepared.settings), variables: scriptVariables(prepared.settings), network: prepared.settings.network }),
    clock,
  }
  const runBytes = newRunId()
  const runId = formatRunId(runBytes)
  const reply = await client.append({
    run_id: runBytes,
    create: { title: task.name },
    events: [{
      event_id: unhex(sha256Hex('kymo.run\0', runId)), type: 'run.started', schema_version: schemaVersion('run.started'), from: 'user', to: 'environment', cause_id: new Uint8Array(), correlation_id: new Uint8Array(),
      blobs: [...blobsNamed('run.started', payload), ...named].map(({ hash, kind, bytes }) => ({ hash: unhex(hash), kind: BLOB_KIND[kind], bytes })), payload: encodeEvent('run.started', payload),
    }],
  })
  if (reply.decision !== Decision.OK && reply.decision !== Decision.IDEMPOTENT) throw new KymoError('KYMO_RUN_REFUSED', `the store did not take the run: ${reply.reason}`)
  return { runId }
}

/** Looks for the sandbox and the interpreter of a task; the room remembers them. Throws what to install when one is not to be had. */
export async function lookAround(room: MachineRoom, task: Task, profile: ProfileName): Promise<void> {
  await Promise.all([room.sandbox(), room.python(pythonKey(pythonDependencies(task.manifest.profiles[profile])))])
}

/** UUIDv7 (RFC 9562, section 5.7): sorts by the time it was made. */
function newRunId(now = Date.now()): Uint8Array {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(now, 0, 6)
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return bytes
}

/** The config as it is recorded; what it names is stored. */
async function agentConfig(agent: string, settings: Readonly<Record<string, string>>, blobs: BlobStore): Promise<{ config: string; named: BlobName[] }> {
  if (agent !== 'scripted') return { config: canonicalJson(settings), named: [] }
  const { script: path, ...rest } = settings
  const unknown = Object.keys(rest)
  if (unknown.length > 0) throw new KymoError('KYMO_AGENT_CONFIG', `the scripted agent has no setting "${unknown[0] ?? ''}"; it takes script=FILE`)
  if (path === undefined) throw new KymoError('KYMO_AGENT_CONFIG', 'the scripted agent plays a file of actions: name it with --agent-config script=FILE')
  return storeScript(await readFile(path, 'utf8').catch((cause: unknown) => { throw new KymoError('KYMO_AGENT_CONFIG', `the script ${path} cannot be read (${messageOf(cause)})`, { cause }) }), path, blobs)
}

/** A script as a linked list whose `prev` is what follows, so that the agent holds one item at a time. */
export async function storeScript(source: string, path: string, blobs: BlobStore): Promise<{ config: string; named: BlobName[] }> {
  let parsed: ReturnType<typeof scriptFile.safeParse>
  try {
    parsed = scriptFile.safeParse(parse(source))
  } catch (cause) {
    throw new KymoError('KYMO_AGENT_CONFIG', `the script ${path} is not YAML (${messageOf(cause)})`, { cause })
  }
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new KymoError('KYMO_AGENT_CONFIG', `the script ${path} does not fit at ${issue?.path.join('.') || 'the top'}: ${issue?.message ?? ''}. It is a list "actions:" of {action, args}`)
  }
  const { actions, replies } = parsed.data
  let script: { ref: string; bytes: number } | null = null
  for (const item of actions.toReversed()) {
    const node: Uint8Array = Buffer.from(canonicalJson({ prev: script, items: [item] }).toWellFormed())
    script = { ref: await blobs.put(node), bytes: node.length }
  }
  const named: BlobName[] = script === null ? [] : [{ hash: script.ref, kind: 'list', bytes: script.bytes }]
  if (replies === undefined) return { config: canonicalJson({ script }), named }
  const bytes = Buffer.from(canonicalJson(replies))
  const hash = await blobs.put(bytes)
  return { config: canonicalJson({ script, completion: { provider: 'scripted', model: 'scripted', replies: hash } }), named: [...named, { hash, kind: 'bytes', bytes: bytes.length }] }
}

const git = async (...args: string[]): Promise<string> =>
  promisify(execFile)('git', ['-C', packageRoot(), ...args], { timeout: 2000 }).then(({ stdout }) => stdout.trim(), () => '')

async function provenance(): Promise<Provenance> {
  const root = packageRoot()
  const read = async (path: string): Promise<string> => readFile(join(root, path), 'utf8').catch(() => '')
  const [manifest, lockfile, xstate] = await Promise.all([read('package.json'), read('package-lock.json'), read('node_modules/xstate/package.json')])
  const versioned = existsSync(join(root, '.git'))
  const [commit, status] = versioned ? await Promise.all([git('rev-parse', 'HEAD'), git('status', '--porcelain', '--untracked-files=no')]) : ['', '']
  const version = (text: string): string => (text === '' ? '' : String((JSON.parse(text) as { version?: string }).version ?? ''))
  return {
    kymo: version(manifest), commit, dirty: status !== '', lockfile: sha256Hex(lockfile), node: process.versions.node, xstate: version(xstate), host: hostname(), platform: `${process.platform} ${process.arch}`,
  }
}
