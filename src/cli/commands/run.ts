import type { ActorName } from '../../../schemas/actor-names.ts'
import { AGENTS } from '../../../actors/index.ts'
import type { ModelChoice } from '../../effects/index.ts'
import { MachineRoom, checkModels, createRun, lookAround } from '../../effects/index.ts'
import { listTasks, loadTask } from '../../effects/tasks/index.ts'
import { setting } from '../dotenv.ts'
import { didYouMean } from '../nearest.ts'
import { machineOf } from '../machine-options.ts'
import { modelChoice } from '../model-flags.ts'
import type { ModelOptions } from '../model-flags.ts'
import { agentOfType, configOfOldFlags, modelsOfOldFlags, notesOnOldFlags } from '../old-flags.ts'
import type { OldOptions } from '../old-flags.ts'
import { stderr } from '../output.ts'
import { runHeader } from '../run-header.ts'
import { screenFor, serveWithView } from '../serve-run.ts'
import type { Notices } from '../serve-run.ts'
import { openStore, storeArgument, storeExists } from '../store.ts'
import type { StoreFlags } from '../flags.ts'
import { usageError } from '../usage-error.ts'

export interface RunOptions extends StoreFlags, OldOptions, ModelOptions {
  agent: string
  agentConfig?: Record<string, string>
  profile: 'small' | 'full'
  seed: number
  maxSteps?: number
  maxTime?: number
  gradeSteps?: boolean
  apart?: ActorName[]
  interactive?: boolean
  actionsModule?: string
  sandbox: 'auto' | 'bwrap' | 'none'
  python?: string
  quiet?: boolean
}

/** `kymo run`: begins a run and serves it to its end. */
export async function run(taskArgument: string | undefined, given: RunOptions, agentIsDefault: boolean): Promise<number> {
  for (const note of notesOnOldFlags(given)) stderr().line(`note  ${note}`)
  const options = { ...given, store: given.logDir ?? given.store }
  if (options.resume !== undefined) return (await import('./resume.ts')).resume(options.resume, options)
  const task = taskArgument ?? options.task
  if (task === undefined) throw usageError(`Name a task, like: kymo run ${(await listTasks())[0]?.name ?? 'TASK'}. The tasks are: ${(await listTasks()).map(({ name }) => name).join(', ')}.`)
  const agent = agentIsDefault && options.agentType !== undefined ? agentOfType(options.agentType) : options.agent
  if (!Object.hasOwn(AGENTS, agent)) throw usageError(`There is no agent ${agent.slice(0, 60)}.${didYouMean(agent, Object.keys(AGENTS))} The agents are: ${Object.keys(AGENTS).join(', ')}; "kymo agent list" describes them.`, 'KYMO_UNKNOWN_AGENT')

  // Before a store is made: a mistyped task or a missing interpreter leaves nothing behind. Where there is one, it is reached meanwhile.
  const found = await loadTask(task)
  const { models, config, notes } = settingsFor(agent, options, found.manifest.services?.model !== undefined)
  for (const note of notes) stderr().line(`note  ${note}`)
  if (models !== undefined) checkModels(models, setting)
  else if (AGENTS[agent]?.model === true) throw usageError(`The agent ${agent} asks a model: name one, like --model anthropic/claude-sonnet-5-5, --model openai/gpt-6-sol or --model openai-compatible/NAME --base-url URL.`, 'KYMO_MODEL')
  const json = options.json === true
  const screen = screenFor(json)
  const notices: Notices = { show: (message) => screen.line(`note  ${message}`) }
  const room = new MachineRoom(machineOf(options))
  const apart = options.apart ?? []
  const looking = apart.includes('executor') ? Promise.resolve() : lookAround(room, found, options.profile, (line) => notices.show(line))
  looking.catch(() => undefined)
  if (!storeExists(options)) await looking
  const client = await openStore(options, { what: 'kymo run', create: true, onNotice: (message) => notices.show(message) })
  try {
    const machine = { ...machineOf(options), room }
    const maxSteps = options.maxSteps ?? (options.agentMaxSteps === undefined ? undefined : Number(options.agentMaxSteps))
    // A person who is the agent is there.
    const interactive = options.interactive === true || agent === 'human'
    const { runId } = await createRun(client, {
      task, found, profile: options.profile, agent, agentConfig: config, seed: options.seed, ...machine,
      ...(maxSteps === undefined ? {} : { maxSteps }), ...(options.maxTime === undefined ? {} : { maxTimeMs: options.maxTime }),
      ...(models === undefined ? {} : { models }), ...(options.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }), ...(options.maxCost === undefined ? {} : { maxCostUsd: options.maxCost }),
      interactive, ...(options.actionsModule === undefined ? {} : { actionsModule: options.actionsModule }), addActions: options.actionsAddToPrompt ?? [], removeActions: options.actionsRemoveFromPrompt ?? [],
      onNotice: (line) => notices.show(line), gradeSteps: options.gradeSteps === true, checkMachine: !apart.includes('executor'),
    })
    screen.line(runHeader(screen, { runId, task: `${task} (${options.profile})`, agent, store: options }))
    return await serveWithView({ client, runId, seenSeq: 0, apart, machine, quiet: options.quiet === true, json, storeWords: storeArgument(options), notices, interactive })
  } finally {
    await client.close()
  }
}

/** What the flags say of models and of the agent's settings; what neither this agent nor the task's scripts have a use for is named. */
function settingsFor(agent: string, options: RunOptions, scriptsAsk: boolean): { models: ModelChoice | undefined; config: Record<string, string>; notes: string[] } {
  const entry = AGENTS[agent]
  const old = modelsOfOldFlags(options)
  const named = modelChoice({ ...old, ...options, modelConfig: { ...old.modelConfig, ...options.modelConfig } })
  const asksModel = entry?.model === true || agent === 'scripted' || agent === 'human' || scriptsAsk
  const known = Object.keys(entry?.config?.shape ?? {})
  const oldConfig = Object.entries(configOfOldFlags(options))
  return {
    models: asksModel ? named : undefined,
    config: { ...Object.fromEntries(oldConfig.filter(([key]) => known.includes(key))), ...options.agentConfig },
    notes: [
      ...(named !== undefined && !asksModel ? [`the agent ${agent} asks no model, so ${named.model} is not used`] : []),
      ...oldConfig.filter(([key]) => !known.includes(key)).map(([key]) => `the agent ${agent} has no setting ${key}, so its flag has no effect`),
    ],
  }
}
