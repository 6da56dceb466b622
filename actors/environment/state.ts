import { canonicalJson } from '../../schemas/canonical-json.ts'
import type { Failure, Layer, Limits as WireLimits, TaskGrading } from '../../schemas/generated/events.ts'
import { instanceOf, listAfter, text, textOf, violation } from '../protocol.ts'
import type { ListValue, Message, Received, ReceivedOf, TextValue } from '../protocol.ts'
import { ACTIONS, checkAction } from './actions.ts'
import type { ActionSpec, Checked } from './actions.ts'

export interface Task {
  name: string
  profile: string
  layers: Layer[]
  readOnly: string[]
  scriptLimits: string
  pythonKey: string
  grading: TaskGrading
  actions: string[]
}
export interface Limits { maxSteps: number; maxTimeMs: number }
/** The action that is being carried out, and what its end depends on. */
export interface Current { call: number; name: string; args: TextValue; script: string; open: 'nothing' | 'file' | 'script' }
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
  /** (action, observation) of every step, for an agent that takes over */
  transcript: ListValue | null
  /** lost: nobody grades any more */
  gradings: { asked: number; open: number; lost: boolean }
  ending: Ending | null
  clock: { started: number }
}

const NO_GRADING: TaskGrading = { metric: '', higher_is_better: false, success_improvement: 0.1, at_every_step: false, evaluator: '' }

export const initialContext = (): Context => ({
  task: { name: '', profile: '', layers: [], readOnly: [], scriptLimits: '{}', pythonKey: '', actions: [], grading: NO_GRADING },
  limits: { maxSteps: 0, maxTimeMs: 0 }, step: 0, head: '', edits: null, current: null, transcript: null, gradings: { asked: 0, open: 0, lost: false }, ending: null, clock: { started: 0 },
})

const limitsOf = (limits: WireLimits | undefined): Limits => ({ maxSteps: limits?.max_steps ?? 0, maxTimeMs: limits?.max_time_ms ?? 0 })

/** Context of a run that has just begun. */
export const begin = ({ data, at }: ReceivedOf<'run.started'>): Context => ({
  ...initialContext(),
  task: {
    name: data.task, profile: data.profile, layers: data.layers, readOnly: data.read_only, scriptLimits: data.script_limits, pythonKey: data.python_key,
    grading: data.grading ?? NO_GRADING, actions: [...ACTIONS.keys()],
  },
  limits: limitsOf(data.limits),
  head: data.tree,
  clock: { started: at },
})

export const briefing = ({ data }: ReceivedOf<'run.started'>): Message => ({
  type: 'agent.briefed', to: 'agent',
  data: {
    agent: data.agent, config: data.agent_config, actions: [...ACTIONS.keys()], entry: data.entry, seed: data.seed,
    ...(data.problem === undefined ? {} : { problem: stored(data.problem) }), ...(data.limits === undefined ? {} : { limits: data.limits }),
  },
})

/** A text by its reference: what was stored once is not written again. */
const stored = ({ ref, bytes }: TextValue): TextValue => ({ ...(ref === undefined ? {} : { ref }), ...(bytes === undefined ? {} : { bytes }) })

// ---- what an agent asked for ----

const judged = new WeakMap<Received, Checked>()

/** What an action.requested amounts to. Several guards and actions ask it of one event: it is judged once. */
export function checked(context: Context, event: Received): Checked {
  if (event.type !== 'action.requested') return { ok: false, code: 'no_action', sentence: 'No action was named.' }
  const known = judged.get(event)
  if (known !== undefined) return known
  const { name, arguments: args, base } = event.data
  // A tree of the run's own past is to be a legal place to begin from; until agents branch, only the present one is.
  const result: Checked = base !== '' && base !== context.head
    ? { ok: false, code: 'unknown_base', sentence: 'The action begins from another state of the workspace than the present one. Leave "base" out: actions are carried out on the workspace as it is.' }
    : checkAction(name, textOf(args), context.task.actions)
  judged.set(event, result)
  return result
}

export const isAction = (context: Context, event: Received, kind: ActionSpec['kind']): boolean => {
  const result = checked(context, event)
  return result.ok && result.spec.kind === kind
}

const argsOf = (context: Context, event: Received): Record<string, unknown> => {
  const result = checked(context, event)
  return result.ok ? result.args : {}
}

/** A step is one action.requested, accepted or refused. */
export const takeStep = (context: Context, event: Received, open: Current['open']): { step: number; current: Current } => {
  const data = event.type === 'action.requested' ? event.data : undefined
  return {
    step: context.step + 1,
    current: { call: data?.call ?? 0, name: data?.name.slice(0, 200) ?? '', args: stored(data?.arguments ?? {}), script: String(argsOf(context, event)['script_name'] ?? ''), open },
  }
}

export const begun = (context: Context, event: Received, refused = ''): Message => {
  if (event.type !== 'action.requested') return violation('environment', event, 'begun')
  const { call, name, arguments: args, thought } = event.data
  const result = checked(context, event)
  const reason = refused !== '' ? refused : result.ok ? '' : result.code
  return {
    type: 'step.begun', to: '',
    data: {
      step: context.step, call, name: name.slice(0, 200), accepted: reason === '', reason,
      ...(args?.ref === undefined ? {} : { arguments: stored(args) }), ...(thought?.ref === undefined ? {} : { thought: stored(thought) }),
    },
  }
}

export const fileEffect = (context: Context, event: Received): Message => ({
  type: 'effect.requested', to: 'runner',
  data: {
    kind: 'file', call: context.step, max_attempts: 5, retry_of: '',
    file: {
      action: context.current?.name ?? '', arguments: text(canonicalJson(argsOf(context, event))), tree: context.head, layers: context.task.layers,
      ...(context.edits?.ref === undefined ? {} : { edits: { ref: context.edits.ref, bytes: context.edits.bytes ?? 0 } }), read_only: context.task.readOnly, step: context.step,
    },
  },
})

const executorOf = (context: Context): string => instanceOf('executor', 'environment', context.step)

export const execution = (context: Context): Message => ({
  type: 'execution.requested', to: executorOf(context),
  data: {
    call: context.step, script: context.current?.script ?? '', arguments: [], tree: context.head, layers: context.task.layers, limits: context.task.scriptLimits,
    python_key: context.task.pythonKey,
  },
})

/** A script that still runs when the run ends has to end as well. */
export const cancelExecution = (context: Context): Message[] =>
  context.current?.open === 'script'
    ? [{ type: 'execution.cancel_requested', to: executorOf(context), data: { call: context.step, reason: context.ending?.failure?.code ?? 'stopped' } }]
    : []

// ---- what came of it ----

export interface Outcome { observation: TextValue; ok: boolean; code: string; head: string; edits: ListValue | null }

export function outcomeOf(context: Context, event: Received): Outcome {
  const same = { head: context.head, edits: context.edits }
  switch (event.type) {
    case 'effect.succeeded': {
      const file = event.data.file
      if (file === undefined) return { ...same, observation: text('The action left no outcome.'), ok: false, code: 'lost' }
      return { observation: file.observation ?? text(''), ok: file.ok, code: file.code, head: file.changed ? file.tree : context.head, edits: file.edits ?? context.edits }
    }
    case 'effect.failed': {
      const { code = 'failed', message = 'no reason was given' } = event.data.error ?? {}
      return { ...same, observation: text(`The action could not be carried out: ${message}. The workspace is unchanged.`), ok: false, code }
    }
    case 'execution.finished': {
      const { observation, ok, reason, tree } = event.data
      return { ...same, observation: observation ?? text(''), ok, code: ok ? '' : reason, head: tree === '' && reason === 'lost' ? context.head : tree }
    }
    default: {
      const result = checked(context, event)
      return { ...same, observation: text(result.ok ? '' : result.sentence), ok: false, code: result.ok ? '' : result.code }
    }
  }
}

export const stepsUsed = (context: Context): boolean => context.limits.maxSteps > 0 && context.step >= context.limits.maxSteps

/** Everything a step's end says: the changed workspace, the observation (to nobody when the run is ending), a grading if the task wants one. */
export function told(context: Context, event: Received, ending: boolean): Message[] {
  const { observation, ok, code, head } = outcomeOf(context, event)
  const messages: Message[] = []
  if (head !== context.head) messages.push({ type: 'workspace.changed', to: '', data: { step: context.step, before: context.head, after: head, by: context.current?.name ?? '' } })
  messages.push({
    type: 'observation.delivered', to: ending ? '' : 'agent',
    data: { call: context.current?.call ?? 0, step: context.step, observation, tree: head, ok, final: ending, code },
  })
  if (gradesStep(context, head)) messages.push(grading({ ...context, head }, context.gradings.asked + 1, false))
  return messages
}

const gradesStep = (context: Context, head: string): boolean => !context.gradings.lost && context.task.grading.at_every_step && head !== context.head

/** The context after a step's end. */
export function after(context: Context, event: Received): Pick<Context, 'head' | 'edits' | 'transcript' | 'gradings'> {
  const { observation, ok, head, edits } = outcomeOf(context, event)
  const { asked, open, lost } = context.gradings
  return {
    head, edits,
    transcript: listAfter(context.transcript, { step: context.step, name: context.current?.name ?? '', arguments: stored(context.current?.args ?? {}), observation, ok, tree: head }),
    gradings: gradesStep(context, head) ? { asked: asked + 1, open: open + 1, lost } : context.gradings,
  }
}

export const grading = (context: Context, call: number, final: boolean): Message => ({
  type: 'grading.requested', to: 'evaluator',
  data: {
    call, task: context.task.name, profile: context.task.profile, tree: context.head, layers: context.task.layers, grading: context.task.grading, step: context.step, final,
    python_key: context.task.pythonKey,
  },
})

export const submission = (context: Context, event: Received): Ending => ({ status: 'finished', failure: null, answer: text(String(argsOf(context, event)['final_answer'] ?? '')) })

const stopped = (status: string, source: string, code: string, message: string): Ending => ({ status, failure: { source, code, message }, answer: null })
export const outOfSteps = (): Ending => stopped('limit-reached', 'user', 'max_steps', 'the run used all its steps')
export const outOfTime = (): Ending => stopped('limit-reached', 'user', 'max_time', 'the run reached its time limit')
export const cancelled = (event: Received): Ending => stopped('cancelled', 'user', 'cancelled', (event.type === 'run.cancel_requested' ? event.data.reason : '') || 'cancelled by the user')
export const faulted = (event: Received): Ending => {
  const { actor = 'an actor', message = '' } = event.type === 'actor.faulted' ? event.data : {}
  return stopped('failed', actor === 'agent' ? 'agent' : 'system', 'actor_faulted', `${actor} cannot go on: ${message}`)
}

/** Who cannot go on is not waited for: neither for what its script did nor for a score. */
export const withoutFaulted = (context: Context, event: ReceivedOf<'actor.faulted'>): Pick<Context, 'current' | 'gradings'> => ({
  current: event.data.actor === executorOf(context) ? null : context.current,
  gradings: event.data.actor === 'evaluator' ? { ...context.gradings, open: 0, lost: true } : context.gradings,
})

export const finished = ({ ending, head, step }: Context): Message => ({
  type: 'run.finished', to: '',
  data: {
    status: ending?.status ?? 'failed', tree: head, steps: step,
    ...(ending?.failure ? { error: ending.failure } : {}), ...(ending?.answer ? { answer: ending.answer } : {}),
  },
})
