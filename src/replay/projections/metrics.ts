import { chanceBound } from '../../../actors/index.ts'
import type { CompletionOutcome, Failure, Score } from '../../../schemas/generated/events.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import { stepOfCall } from './model-calls.ts'
import type { Projection } from './projection.ts'
import { addServices, noServices } from './services-used.ts'
import type { ServicesUsed } from './services-used.ts'

export interface ActionCount { count: number; ok: number; refused: number; failed: number; /** codes of what did not go well */ codes: Record<string, number> }
/** input_tokens: all of them, those that the provider had cached included. tries: requests sent, failed ones too. answered_from_cache: by Kymo's own. */
export interface RoleUsage { calls: number; tries: number; input_tokens: number; output_tokens: number; cached_tokens: number; cost_usd: number; answered_from_cache: number; /** answers of a provider whose price nobody knew */ unpriced: number }
/** What a step cost: the agent's thinking before it, and its own. */
export interface StepUsage extends RoleUsage { step: number }
export interface RecordedScore { step: number; tree: string; score: RunScore | null; error: Failure | null; seq: number }
export type RunScore = Omit<Score, 'details'> & {
  details: unknown
  /** the score that the starter itself reaches by chance in one of twenty runs; null where its spread is not known. Absent in runs of the first version */
  chance_bound?: number | null
  /** better than the baseline by more than the task asks for, chance left aside: the paper's rule alone */
  above_threshold?: boolean
}

/** The summary of a run that `run --json`, `list --json` and `kymo metrics` give. Times are by the journal's clock. */
export interface RunMetrics {
  run_id: string
  /** finished | failed | cancelled | limit-reached, and while there is no end yet interrupted | running */
  status: string
  task: string
  profile: string
  agent: string
  seed: number
  steps: number
  events: number
  head_seq: number
  head_hash: string
  score: RunScore | null
  /** scores of trees on the way, where the task asks for them */
  intermediate: RecordedScore[]
  usage: RoleUsage & { roles: Record<string, RoleUsage>; steps: StepUsage[] }
  /** what the agent's scripts and what was graded asked of the task's services */
  services: { scripts: ServicesUsed; gradings: ServicesUsed }
  started_at: number
  ended_at: number
  /** spans in which the run was served; downtime is left out */
  run_time_ms: number
  downtime_ms: number
  resumed: number
  actions: Record<string, ActionCount>
  /** attempts at effects that started */
  attempts: number
  lost: number
  refused: number
  script_ms: number
  tree: string
  error: Failure | null
}

interface State {
  metrics: RunMetrics
  first: number
  names: Map<number, string>
  /** the improvement that the task asks for */
  threshold: number
  /** open completions: effect id -> whose account they go to */
  roles: Map<string, { role: string; step: number }>
}

const noUsage = (): RoleUsage => ({ calls: 0, tries: 0, input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, answered_from_cache: 0, unpriced: 0 })

export const metricsProjection: Projection<State, RunMetrics> = {
  name: 'metrics',
  version: 4,
  initial: () => ({
    first: 0, names: new Map(), threshold: 0, roles: new Map(),
    metrics: {
      run_id: '', status: 'interrupted', task: '', profile: '', agent: '', seed: 0, steps: 0, events: 0, head_seq: -1, head_hash: '', score: null, intermediate: [], usage: { ...noUsage(), roles: {}, steps: [] }, services: { scripts: noServices(), gradings: noServices() },
      started_at: 0, ended_at: 0, run_time_ms: 0, downtime_ms: 0, resumed: 0, actions: {}, attempts: 0, lost: 0, refused: 0, script_ms: 0, tree: '', error: null,
    },
  }),
  apply: (state, event) => {
    const { metrics } = state
    if (event.seq === 0) state.first = event.at
    metrics.run_id = event.runId
    metrics.events++
    metrics.head_seq = event.seq
    metrics.head_hash = event.hash
    metrics.started_at = state.first
    metrics.ended_at = event.at
    apply(state, event)
    metrics.run_time_ms = Math.max(0, event.at - state.first - metrics.downtime_ms)
    return state
  },
  result: ({ metrics }) => structuredClone(metrics),
}

function apply(state: State, event: AnyEvent): void {
  const { metrics, names, roles } = state
  switch (event.type) {
    case 'run.started': {
      const { task, profile, agent, seed, tree } = event.payload
      Object.assign(metrics, { task, profile, agent, seed, tree })
      state.threshold = event.payload.grading?.success_improvement ?? 0
      return
    }
    case 'run.resumed':
      metrics.downtime_ms += event.payload.gap_ms
      metrics.resumed++
      return
    case 'step.begun': {
      const { step, name, accepted, reason } = event.payload
      if (step !== metrics.steps + 1) return
      metrics.steps = step
      names.set(step, name)
      const action = (metrics.actions[name] ??= { count: 0, ok: 0, refused: 0, failed: 0, codes: {} })
      action.count++
      if (accepted && name === 'Final Answer') action.ok++
      if (accepted) return
      action.refused++
      metrics.refused++
      count(action.codes, reason)
      return
    }
    case 'observation.delivered': {
      const { step, ok, code } = event.payload
      const action = metrics.actions[names.get(step) ?? '']
      names.delete(step)
      if (action === undefined) return
      if (ok) action.ok++
      else if (action.refused + action.ok + action.failed < action.count) {
        action.failed++
        count(action.codes, code)
      }
      return
    }
    case 'workspace.changed':
      metrics.tree = event.payload.after
      return
    case 'effect.requested':
      if (event.payload.completion !== undefined) {
        const account = { role: event.payload.completion.role, step: stepOfCall(event.from) ?? metrics.steps + 1 }
        roles.set(event.id, account)
        for (const sum of accountsOf(metrics, account)) sum.tries++
      }
      return
    case 'effect.started':
      metrics.attempts++
      return
    case 'effect.lost':
      metrics.lost++
      return
    case 'effect.succeeded':
      if (event.payload.execution !== undefined) addServices(metrics.services.scripts, event.payload.clock?.services ?? '')
      if (event.payload.grading !== undefined) addServices(metrics.services.gradings, event.payload.clock?.services ?? '')
      if (event.payload.execution !== undefined) metrics.script_ms += event.payload.clock?.wall_ms ?? 0
      if (event.payload.completion !== undefined) use(metrics, roles.get(event.payload.effect) ?? { role: '', step: 0 }, event.payload.completion)
      roles.delete(event.payload.effect)
      return
    case 'effect.failed':
      roles.delete(event.payload.effect)
      return
    case 'score.recorded': {
      const { step, final, score, error } = event.payload
      const recorded: RecordedScore = { step, tree: score?.tree ?? '', score: score === undefined ? null : withChance(score, state.threshold), error: error ?? null, seq: event.seq }
      if (!final) metrics.intermediate.push(recorded)
      else {
        metrics.score = recorded.score
        metrics.error ??= recorded.error
      }
      return
    }
    case 'run.finished': {
      const { status, steps, error } = event.payload
      metrics.status = status
      metrics.steps = Math.max(steps, metrics.steps)
      metrics.error = error ?? metrics.error
      return
    }
    default:
  }
}

function use(metrics: RunMetrics, account: { role: string; step: number }, { input_tokens, output_tokens, cost_usd, cached_tokens = 0, source }: CompletionOutcome): void {
  for (const sum of accountsOf(metrics, account)) {
    sum.calls++
    sum.input_tokens += input_tokens
    sum.output_tokens += output_tokens
    sum.cached_tokens += cached_tokens
    sum.cost_usd += cost_usd
    if (source === 'live' && cost_usd === 0 && input_tokens + output_tokens > 0) sum.unpriced++
    if (source === 'cache') sum.answered_from_cache++
  }
}

/** The run's account, the role's and the step's. Steps come in order, so the one that is wanted is the last or one of the last. */
function accountsOf({ usage }: RunMetrics, { role, step }: { role: string; step: number }): RoleUsage[] {
  const known = usage.steps.findLast((one) => one.step === step)
  const own = known ?? { step, ...noUsage() }
  if (known === undefined) usage.steps.push(own)
  return [usage, (usage.roles[role] ??= noUsage()), own]
}

/** Scores of the first version know nothing of their baseline's spread and stay as they were. */
function withChance(score: Score, threshold: number): RunScore {
  const plain = { ...score, details: parse(score.details) }
  if (score.baseline_runs === undefined) return plain
  return { ...plain, chance_bound: chanceBound(score, score.higher_is_better) ?? null, above_threshold: score.baseline_runs > 0 && score.improvement > threshold }
}

const count = (codes: Record<string, number>, code: string): void => { codes[code || 'unknown'] = (codes[code || 'unknown'] ?? 0) + 1 }

/** Details come from a task's evaluator; what is no JSON is shown as it is. */
const parse = (details: string): unknown => {
  try {
    return JSON.parse(details)
  } catch {
    return details
  }
}
