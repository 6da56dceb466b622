import type { ActorName } from '../../../schemas/actor-names.ts'
import { AGENTS } from '../../../actors/index.ts'
import { MachineRoom, createRun, lookAround } from '../../effects/index.ts'
import { listTasks, loadTask } from '../../effects/tasks/index.ts'
import { didYouMean } from '../nearest.ts'
import { notesOnOldFlags } from '../old-flags.ts'
import type { OldOptions } from '../old-flags.ts'
import { stderr } from '../output.ts'
import { runHeader } from '../run-header.ts'
import { screenFor, serveWithView } from '../serve-run.ts'
import type { Notices } from '../serve-run.ts'
import { openStore, storeArgument, storeExists } from '../store.ts'
import type { StoreFlags } from '../flags.ts'
import { usageError } from '../usage-error.ts'
import { resume } from './resume.ts'

export interface RunOptions extends StoreFlags, OldOptions {
  agent: string
  agentConfig?: Record<string, string>
  profile: 'small' | 'full'
  seed: number
  maxSteps?: number
  maxTime?: number
  gradeSteps?: boolean
  apart?: ActorName[]
  sandbox: 'auto' | 'bwrap' | 'none'
  python?: string
  quiet?: boolean
}

/** `kymo run`: begins a run and serves it to its end. */
export async function run(taskArgument: string | undefined, given: RunOptions, agentIsDefault: boolean): Promise<number> {
  for (const note of notesOnOldFlags(given)) stderr().line(`note  ${note}`)
  const options = { ...given, store: given.logDir ?? given.store }
  if (options.resume !== undefined) return resume(options.resume, options)
  const task = taskArgument ?? options.task
  if (task === undefined) throw usageError(`Name a task, like: kymo run ${(await listTasks())[0]?.name ?? 'TASK'}. The tasks are: ${(await listTasks()).map(({ name }) => name).join(', ')}.`)
  const agent = agentIsDefault ? options.agentType ?? options.agent : options.agent
  if (!Object.hasOwn(AGENTS, agent)) throw usageError(`There is no agent ${agent.slice(0, 60)}.${didYouMean(agent, Object.keys(AGENTS))} The agents are: ${Object.keys(AGENTS).join(', ')}; "kymo agent list" describes them.`, 'KYMO_UNKNOWN_AGENT')

  const json = options.json === true
  const screen = screenFor(json)
  const notices: Notices = { show: (message) => screen.line(`note  ${message}`) }
  // Before a store is made: a mistyped task or a missing interpreter leaves nothing behind. Where there is one, it is reached meanwhile.
  const found = await loadTask(task)
  const room = new MachineRoom({ sandbox: options.sandbox, ...(options.python === undefined ? {} : { python: options.python }) })
  const apart = options.apart ?? []
  const looking = apart.includes('executor') ? Promise.resolve() : lookAround(room, found, options.profile)
  looking.catch(() => undefined)
  if (!storeExists(options)) await looking
  const client = await openStore(options, { what: 'kymo run', create: true, onNotice: (message) => notices.show(message) })
  try {
    const machine = { room }
    const { runId } = await createRun(client, {
      task, profile: options.profile, agent, agentConfig: options.agentConfig ?? {}, seed: options.seed, ...machine,
      ...(options.maxSteps === undefined ? {} : { maxSteps: options.maxSteps }), ...(options.maxTime === undefined ? {} : { maxTimeMs: options.maxTime }),
      gradeSteps: options.gradeSteps === true, checkMachine: !apart.includes('executor'),
    })
    screen.line(runHeader(screen, { runId, task: `${task} (${options.profile})`, agent, store: options }))
    return await serveWithView({ client, runId, seenSeq: 0, apart, machine, quiet: options.quiet === true, json, storeWords: storeArgument(options), notices })
  } finally {
    await client.close()
  }
}
