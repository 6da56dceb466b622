import type { OutputCapture } from '../../../schemas/generated/events.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import { noWork, noteModelCall, nothingOpen } from './model-calls.ts'
import type { CompletionFacts, ModelWork, ToolFacts } from './model-calls.ts'
import type { Projection } from './projection.ts'
import { refOf } from './text-ref.ts'
import type { TextRef } from './text-ref.ts'

export interface Attempt { attempt: number; kind: string; seq: number; at: number; /** why it was lost; absent when it was not */ lost?: string }

export interface ScriptFacts {
  script: string
  reason: string
  exit_code: number
  signal: string
  stdout: Captured
  stderr: Captured
  wall_ms: number
  cpu_ms: number
  max_rss_bytes: number
  sandbox: string
  /** what it asked of the task's services, as JSON (`serviceFacts`); '' where it had none */
  services: string
  /** what the scan could not keep */
  dropped: string[]
}
export interface Captured { text: TextRef | null; total_bytes: number; truncated: boolean }

/** An inner action of a composite: 5.1 is the first of step 5. */
export interface Primitive { index: number; name: string; arguments: TextRef | null; ok: boolean; code: string; observation: TextRef | null; /** its end is recorded */ done: boolean }

export interface TraceStep {
  step: number
  call: number
  action: string
  arguments: TextRef | null
  thought: TextRef | null
  observation: TextRef | null
  /** what the agent was told is so: false also for what was refused */
  ok: boolean
  code: string
  accepted: boolean
  /** the step has its observation, or was the last one */
  done: boolean
  tree_before: string
  tree_after: string
  /** milliseconds since 1970, by the journal's clock */
  started_at: number
  ended_at: number
  duration_ms: number
  attempts: Attempt[]
  script: ScriptFacts | null
  primitives: Primitive[]
  /** what the agent asked models for before it chose the action, then what the action asked them for */
  completions: CompletionFacts[]
  tools: ToolFacts[]
  /** first and last seq of the step */
  seqs: [number, number]
}

interface State {
  steps: TraceStep[]
  tree: string
  /** action.requested events by id, until their step begins */
  asked: Map<string, { seq: number; at: number; arguments: TextRef | null; thought: TextRef | null }>
  /** executor instance -> step */
  executors: Map<string, number>
  /** effect id -> step and what it runs */
  effects: Map<string, { step: number; script: string }>
  /** completions and tools under way, and those that belong to the step that the agent is about to ask for */
  open: ReturnType<typeof nothingOpen>
  next: ModelWork
}

const captured = (value: OutputCapture | undefined): Captured => ({ text: refOf(value?.text), total_bytes: value?.total_bytes ?? 0, truncated: value?.truncated ?? false })

/** What happened at each step. Texts are named by their blobs; `traceOf` reads them. */
export const traceProjection: Projection<State, TraceStep[]> = {
  name: 'trace',
  version: 2,
  initial: () => ({ steps: [], tree: '', asked: new Map(), executors: new Map(), effects: new Map(), open: nothingOpen(), next: noWork() }),
  apply: (state, event) => {
    apply(state, event)
    return state
  },
  result: ({ steps }) => steps.map((step) => ({
    ...step, attempts: copied(step.attempts), primitives: copied(step.primitives), completions: copied(step.completions), tools: copied(step.tools), seqs: [...step.seqs],
  })),
}

const copied = <Item extends object>(items: readonly Item[]): Item[] => items.map((item) => ({ ...item }))

function apply(state: State, event: AnyEvent): void {
  const { steps, effects } = state
  /** Steps are numbered from 1 and never left out. */
  const at = (number: number): TraceStep | undefined => steps[number - 1]
  noteModelCall(state.open, event, (step) => (step === undefined ? state.next : at(step)))
  switch (event.type) {
    case 'run.started':
      state.tree = event.payload.tree
      return
    case 'action.requested':
      state.asked.set(event.id, { seq: event.seq, at: event.at, arguments: refOf(event.payload.arguments), thought: refOf(event.payload.thought) })
      return
    case 'step.begun': {
      const { step, call, name, accepted, reason } = event.payload
      const asked = state.asked.get(event.causeId) ?? { seq: event.seq, at: event.at, arguments: null, thought: null }
      state.asked.delete(event.causeId)
      // An action that came when the run was ending has no step of its own.
      if (step !== steps.length + 1) return
      const final = accepted && name === 'Final Answer'
      steps.push({
        step, call, action: name, arguments: refOf(event.payload.arguments) ?? asked.arguments, thought: refOf(event.payload.thought) ?? asked.thought, observation: null, ok: accepted, code: reason, accepted, done: final,
        tree_before: state.tree, tree_after: state.tree, started_at: asked.at, ended_at: event.at, duration_ms: event.at - asked.at, attempts: [], script: null, primitives: [], ...state.next,
        seqs: [asked.seq, event.seq],
      })
      state.next = noWork()
      return
    }
    case 'workspace.changed': {
      state.tree = event.payload.after
      const step = at(event.payload.step)
      if (step === undefined) return
      step.tree_after = event.payload.after
      // The step began from an earlier place: what it did is told from there.
      if (event.payload.by === 'branch' && step.primitives.length === 0 && step.attempts.length === 0) step.tree_before = event.payload.after
      return
    }
    case 'primitive.begun': {
      const { step, index, name, arguments: args } = event.payload
      at(step)?.primitives.push({ index, name, arguments: refOf(args), ok: false, code: '', observation: null, done: false })
      return
    }
    case 'primitive.finished': {
      const { step, index, ok, code, observation } = event.payload
      const primitive = at(step)?.primitives.find((one) => one.index === index)
      if (primitive !== undefined) Object.assign(primitive, { ok, code, observation: refOf(observation), done: true })
      return
    }
    case 'observation.delivered': {
      const step = at(event.payload.step)
      if (step === undefined) return
      const { observation, tree, ok, code } = event.payload
      Object.assign(step, { observation: refOf(observation), tree_after: tree, ok, code, done: true })
      end(step, event)
      return
    }
    case 'execution.requested':
      state.executors.set(event.to, event.payload.call)
      return
    case 'effect.requested': {
      const { file, execution, human, call } = event.payload
      const step = file !== undefined ? file.step : execution !== undefined ? state.executors.get(event.from) : human !== undefined && event.from === 'environment' ? call : undefined
      if (step !== undefined) effects.set(event.id, { step, script: execution?.mode === 'repl' ? 'Python REPL' : (execution?.script ?? '') })
      return
    }
    case 'effect.started': {
      const step = at(effects.get(event.payload.effect)?.step ?? 0)
      step?.attempts.push({ attempt: event.attempt, kind: event.payload.kind, seq: event.seq, at: event.at })
      return
    }
    case 'effect.lost': {
      const attempt = at(effects.get(event.payload.effect)?.step ?? 0)?.attempts.findLast((one) => one.attempt === event.attempt)
      if (attempt !== undefined) attempt.lost = event.payload.reason
      return
    }
    case 'effect.succeeded':
    case 'effect.failed': {
      const known = effects.get(event.payload.effect)
      effects.delete(event.payload.effect)
      const step = at(known?.step ?? 0)
      if (step === undefined) return
      end(step, event)
      const execution = event.type === 'effect.succeeded' ? event.payload.execution : undefined
      if (execution === undefined) return
      const { reason, exit_code, signal, stdout, stderr, dropped } = execution
      const { wall_ms = 0, cpu_ms = 0, max_rss_bytes = 0, sandbox = '', services = '' } = event.payload.clock ?? {}
      step.script = { script: known?.script ?? '', reason, exit_code, signal, stdout: captured(stdout), stderr: captured(stderr), wall_ms, cpu_ms, max_rss_bytes, sandbox, services, dropped }
      return
    }
    default:
  }
}

function end(step: TraceStep, event: AnyEvent): void {
  step.ended_at = event.at
  step.duration_ms = event.at - step.started_at
  step.seqs[1] = Math.max(step.seqs[1], event.seq)
}
