import { randomBytes } from 'node:crypto'
import { ACTIONS, ACTIONS_WITHOUT_MODEL, AGENTS } from '../../actors/index.ts'
import type { AgentEntry } from '../../actors/index.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import type { LlmSettings } from '../../schemas/completion.ts'
import { KymoError } from '../../schemas/errors.ts'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { sha256Hex, unhex } from '../../schemas/hash.ts'
import { DEFAULT_PROFILE } from '../../schemas/profile-names.ts'
import { BLOB_KIND, formatRunId } from '../../schemas/record.ts'
import type { BlobName } from '../../schemas/record.ts'
import type { ProfileName } from '../../schemas/task.ts'
import { Decision } from '../journal/index.ts'
import type { StoreConnection } from '../bus/index.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import type { AgentRegistry } from '../host/index.ts'
import { joinedActions, loadActions, storeActions } from './added-actions.ts'
import { servicesOf } from './broker/index.ts'
import { priceOf } from './completion/index.ts'
import { MachineRoom, pythonKey } from './machine-room.ts'
import type { MachineRoomOptions } from './machine-room.ts'
import { agentSettings, chooseModels, provenance } from './run-settings/index.ts'
import type { ModelChoice } from './run-settings/index.ts'
import { dataForRun, loadTask, prepareDependencies, prepareTask, pythonDependencies, scriptLimits, scriptVariables, taskFor } from './tasks/index.ts'
import type { PrepareTask, Task } from './tasks/index.ts'

export interface CreateRunOptions extends MachineRoomOptions {
  task: string
  /** the same task, where it has been read already */
  found?: Task
  profile?: ProfileName
  agent: string
  /** the agent's own settings, as text: `script=FILE` or `script=reference` for the scripted agent */
  agentConfig?: Readonly<Record<string, string>>
  agents?: AgentRegistry
  seed?: number
  maxSteps?: number
  maxTimeMs?: number
  /** tokens in and out, of all roles, attempts that failed included; 0 is no limit */
  maxTokens?: number
  maxCostUsd?: number
  models?: ModelChoice
  /** a person is there to be asked */
  interactive?: boolean
  /** actions the agent gets besides its own list, and those it does not get */
  addActions?: readonly string[]
  removeActions?: readonly string[]
  /** a file with more actions, beside those that the task brings */
  actionsModule?: string
  gradeSteps?: boolean
  /** false when scripts run on another machine: neither sandbox nor interpreter is looked for here */
  checkMachine?: boolean
  /** hears of what takes a moment: data of a task that is made once for this machine */
  onNotice?: (line: string) => void
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
  const profile = options.profile ?? DEFAULT_PROFILE
  const task = taskFor(options.found ?? (await loadTask(options.task)), profile)
  const agents = options.agents ?? AGENTS
  const entry = Object.hasOwn(agents, options.agent) ? agents[options.agent] : undefined
  if (entry === undefined) throw new KymoError('KYMO_UNKNOWN_AGENT', `there is no agent "${options.agent}". The agents are: ${Object.keys(agents).join(', ')}; "kymo agent list" describes them`)
  const python_key = pythonKey(pythonDependencies(task.manifest.profiles[profile]))
  // Interpreters and git answer while the task is stored: together they take most of a run's start.
  const models = await modelsOf(entry, options, client)
  const room = options.room ?? new MachineRoom(options)
  const [prepared, { config, named }, clock] = await Promise.all([
    prepareTask(task, profile, blobs, preparing(room, task, profile, options.onNotice)), agentSettings(entry, options.agentConfig ?? {}, task, blobs), provenance(),
    options.checkMachine === false ? undefined : lookAround(room, task, profile, options.onNotice),
  ])
  const added = joinedActions(prepared.added, options.actionsModule === undefined ? [] : await loadActions(options.actionsModule))
  const more_actions = await storeActions(added, blobs)
  const problem = Buffer.from(prepared.problem.toWellFormed())
  const services = servicesOf(task, profile, models?.llm)
  const { manifest } = task
  const payload: EventPayloads['run.started'] = {
    task: task.name, profile, agent: options.agent, agent_config: config, problem: { ref: await blobs.put(problem), bytes: problem.length }, tree: prepared.tree, layers: prepared.layers,
    read_only: prepared.readOnly, seed: options.seed ?? 0, entry: prepared.entry, llm: models === undefined ? '{}' : canonicalJson(models.llm), python_key,
    actions: actionsOf(entry, options, [...(entry.actionsWith?.(JSON.parse(config) as Record<string, unknown>) ?? []), ...added.map(({ name }) => name)]), ...(more_actions === undefined ? {} : { more_actions }), ...(options.interactive === true ? { interactive: true } : {}),
    limits: { max_steps: options.maxSteps ?? DEFAULT_MAX_STEPS, max_time_ms: options.maxTimeMs ?? DEFAULT_MAX_TIME_MS, max_tokens: options.maxTokens ?? 0, max_cost_usd: options.maxCostUsd ?? 0 },
    grading: {
      metric: manifest.metric.name, higher_is_better: manifest.metric.higher_is_better, success_improvement: manifest.success_improvement, at_every_step: options.gradeSteps ?? false,
      evaluator: prepared.evaluator, ...(services === undefined ? {} : { services: canonicalJson(services) }),
    },
    script_limits: canonicalJson({ limits: scriptLimits(prepared.settings), variables: scriptVariables(prepared.settings), network: prepared.settings.network, ...(services === undefined ? {} : { services }) }),
    clock,
  }
  const runBytes = newRunId()
  const runId = formatRunId(runBytes)
  const reply = await client.append({
    run_id: runBytes,
    create: { title: task.name },
    events: [{
      event_id: unhex(sha256Hex('kymo.run\0', runId)), type: 'run.started', schema_version: schemaVersion('run.started'), from: 'user', to: 'environment', cause_id: new Uint8Array(), correlation_id: new Uint8Array(),
      blobs: [...blobsNamed('run.started', payload), ...named, ...(models?.named ?? [])].map(({ hash, kind, bytes }) => ({ hash: unhex(hash), kind: BLOB_KIND[kind], bytes })), payload: encodeEvent('run.started', payload),
    }],
  })
  if (reply.decision !== Decision.OK && reply.decision !== Decision.IDEMPOTENT) throw new KymoError('KYMO_RUN_REFUSED', `the store did not take the run: ${reply.reason}`)
  return { runId }
}

/** Looks for the sandbox, the interpreter and the data of a task; the room remembers them. Throws what to install or to prepare when one is not to be had. */
export async function lookAround(room: MachineRoom, task: Task, profile: ProfileName, onNotice?: (line: string) => void): Promise<void> {
  await Promise.all([room.sandbox(), room.python(pythonKey(pythonDependencies(task.manifest.profiles[profile])), `${task.name} --profile ${profile}`), dataForRun(taskFor(task, profile), profile, preparing(room, task, profile, onNotice))])
}

const preparing = (room: MachineRoom, { manifest }: Task, profile: ProfileName, log?: (line: string) => void): PrepareTask => ({
  python: () => room.python(pythonKey(prepareDependencies(manifest.profiles[profile]))), ...(log === undefined ? {} : { log }),
})

/** UUIDv7 (RFC 9562, section 5.7): sorts by the time it was made. */
function newRunId(now = Date.now()): Uint8Array {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(now, 0, 6)
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return bytes
}

/** The models of a run; none when none was named and the agent needs none. Throws KYMO_MODEL, KYMO_NO_KEY. */
async function modelsOf(entry: AgentEntry, options: CreateRunOptions, client: StoreConnection): Promise<{ llm: LlmSettings; named: BlobName[] } | undefined> {
  if (options.models === undefined) {
    if (entry.model !== true) return undefined
    throw new KymoError('KYMO_MODEL', `the agent ${entry.name} asks a model: name one, like --model anthropic/claude-sonnet-5-5, --model openai/gpt-6-sol or --model openai-compatible/NAME --base-url URL`)
  }
  const chosen = await chooseModels({ ...options.models, counted: (options.maxTokens ?? 0) > 0 || (options.maxCostUsd ?? 0) > 0 }, { keys: options.keys ?? (() => undefined), blobs: client.blobs, recorded: async (source) => (await import('./completion/recorded/index.ts')).recordedAnswers(client, source) })
  if ((options.maxCostUsd ?? 0) > 0) requirePrices(chosen.llm)
  return chosen
}

/** A limit on money that nobody can count would be none. */
function requirePrices(llm: LlmSettings): void {
  const unknown = Object.values(llm).find((settings) => !UNPAID.includes(settings.provider) && priceOf(settings) === undefined)
  if (unknown !== undefined) throw new KymoError('KYMO_MODEL', `the price of ${unknown.provider}/${unknown.model} is not known, so --max-cost cannot be kept: say it with --price IN,OUT (US dollars per million tokens), or use --max-tokens`)
}
const UNPAID: readonly string[] = ['scripted', 'recorded']

/** The agent's list of actions, explicit: what is not on it is refused. */
export function actionsOf(entry: AgentEntry, { addActions = [], removeActions = [], interactive = false }: Pick<CreateRunOptions, 'addActions' | 'removeActions' | 'interactive'>, added: readonly string[] = []): string[] {
  for (const name of [...addActions, ...removeActions]) {
    if (!ACTIONS.has(name) && !added.includes(name)) throw new KymoError('KYMO_UNKNOWN_ACTION', `there is no action "${name.slice(0, 80)}". The actions are: ${[...ACTIONS.keys(), ...added].join(', ')}`)
  }
  const listed = entry.actions ?? ACTIONS_WITHOUT_MODEL
  const actions = [...new Set([...listed, ...added, ...addActions])].filter((name) => !removeActions.includes(name) && (name !== 'Request Help' || interactive))
  // An empty list would be read as a record of the first version.
  if (actions.length === 0) throw new KymoError('KYMO_UNKNOWN_ACTION', `the agent ${entry.name} would have no action left: remove fewer`)
  return actions
}
