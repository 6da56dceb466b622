import type { Failure, Layer, TaskGrading } from '../../schemas/generated/events.ts'
import type { ListValue, ReceivedOf, TextValue } from '../protocol.ts'
import { ACTIONS, FIRST_ACTIONS } from './actions.ts'
import { specsOfAdded } from './added-action.ts'

export interface Task {
  name: string
  profile: string
  layers: Layer[]
  readOnly: string[]
  scriptLimits: string
  pythonKey: string
  grading: TaskGrading
  /** workspace at the start */
  tree: string
  /** what the agent may do, by name: anything else is refused */
  actions: string[]
  /** the actions that the task or the run adds */
  added: TextValue | null
  /** recorded by the first version, which knew no composites, no branches and no models */
  first: boolean
  /** model roles, for the tools of composites */
  llm: string
}
/** 0 is no limit */
export interface Limits { maxSteps: number; maxTimeMs: number; maxTokens: number; maxCostUsd: number }

/** What an action waits for. */
export type Open = 'nothing' | 'file' | 'script' | 'repl' | 'human' | 'tool'

/** The action that is being carried out, and what its end depends on. */
export interface Current {
  call: number
  name: string
  args: TextValue
  open: Open
  /** the actor that will answer; '' for an effect */
  waits: string
  /** the workspace that the action began from */
  tree: string
  /** pieces that went well, and what they said */
  at: number
  said: TextValue[]
  /** its inner actions so far, and whether the last of them is under way */
  inner: number
  innerOpen: boolean
}
export interface Ending { status: string; failure: Failure | null; answer: TextValue | null }

export interface Context {
  task: Task
  limits: Limits
  step: number
  /** hash of the workspace's tree */
  head: string
  /** what undo walks back */
  edits: ListValue | null
  current: Current | null
  /** (action, observation) of every step, for an agent that takes over, and the way back to every earlier workspace */
  transcript: ListValue | null
  /** the research log: {step, note} */
  log: { entries: number; notes: ListValue | null }
  /** the session of the Python REPL and how many commands it has run */
  repl: { session: number; commands: number }
  /** what the run's models used, and how often a tool was asked for */
  usage: { tokens: number; costUsd: number; tools: number }
  /** lost: nobody grades any more */
  gradings: { asked: number; open: number; lost: boolean }
  ending: Ending | null
  clock: { started: number }
}

export const NO_GRADING: TaskGrading = { metric: '', higher_is_better: false, success_improvement: 0.1, at_every_step: false, evaluator: '' }

export const initialContext = (): Context => ({
  task: { name: '', profile: '', layers: [], readOnly: [], scriptLimits: '{}', pythonKey: '', tree: '', actions: [], added: null, first: true, llm: '{}', grading: NO_GRADING },
  limits: { maxSteps: 0, maxTimeMs: 0, maxTokens: 0, maxCostUsd: 0 }, step: 0, head: '', edits: null, current: null, transcript: null, log: { entries: 0, notes: null }, repl: { session: 0, commands: 0 },
  usage: { tokens: 0, costUsd: 0, tools: 0 }, gradings: { asked: 0, open: 0, lost: false }, ending: null, clock: { started: 0 },
})

/** Context of a run that has just begun. */
export const begin = (event: ReceivedOf<'run.started'>): Context => {
  const { data, at } = event
  return {
    ...initialContext(),
    task: {
      name: data.task, profile: data.profile, layers: data.layers, readOnly: data.read_only, scriptLimits: data.script_limits, pythonKey: data.python_key,
      grading: data.grading ?? NO_GRADING, tree: data.tree, actions: actionsOf(event), added: data.more_actions === undefined ? null : stored(data.more_actions), first: data.actions.length === 0, llm: data.llm,
    },
    limits: { maxSteps: data.limits?.max_steps ?? 0, maxTimeMs: data.limits?.max_time_ms ?? 0, maxTokens: data.limits?.max_tokens ?? 0, maxCostUsd: data.limits?.max_cost_usd ?? 0 },
    head: data.tree,
    clock: { started: at },
  }
}

/** The names on the run's list that mean something, each once; a person is asked only where one is. */
export function actionsOf({ data, read }: ReceivedOf<'run.started'>): string[] {
  if (data.actions.length === 0) return [...FIRST_ACTIONS]
  const added = specsOfAdded(read[data.more_actions?.ref ?? ''] ?? '').map(({ name }) => name)
  return [...new Set(data.actions)].filter((name) => (ACTIONS.has(name) || added.includes(name)) && (name !== 'Request Help' || data.interactive === true))
}

/** A text by its reference: what was stored once is not written again. */
export const stored = ({ ref, bytes }: TextValue): TextValue => ({ ...(ref === undefined ? {} : { ref }), ...(bytes === undefined ? {} : { bytes }) })
