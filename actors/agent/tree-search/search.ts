import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { isFatal as isFatalCode, settingsFor } from '../../../schemas/completion.ts'
import type { Role } from '../../../schemas/completion.ts'
import { instanceOf, listAfter, text, textOf } from '../../protocol.ts'
import type { ListValue, Message, Received, TextValue } from '../../protocol.ts'
import { treeSearchConfig } from './config.ts'
import type { TreeSearchConfig } from './config.ts'
import { bestOf, chanceAt, choose, remember } from './nodes.ts'
import type { Kind, Node } from './nodes.ts'
import { opening, proposal, review, reviewing, triedLine } from './prompts.ts'
import type { Segment } from './prompts.ts'
import { readReview, readSolution } from './replies.ts'
import type { Solution } from './replies.ts'

/** The solution that is being tried. */
interface Trial { kind: Kind; parent: number; plan: TextValue; code: TextValue; tree: string; output: TextValue; failed: boolean }

export interface Context {
  config: TreeSearchConfig
  llm: string
  seed: number
  script: string
  problem: TextValue
  files: TextValue
  /** opening of every proposal, and a line for each solution tried: a list that grows in the log only */
  tried: ListValue | null
  /** beginning of every question about an output */
  reviewing: ListValue | null
  /** hash of the workspace before anything was done */
  root: string
  call: number
  asks: number
  /** actions that are left; null: no limit */
  left: number | null
  nodes: Node[]
  made: number
  drafted: number
  higherIsBetter: boolean | null
  choice: { kind: Kind; parent: number } | null
  trial: Trial | null
  retries: number
  again: string
  /** choices in a row without any usable reply */
  barren: number
}

/** A solution takes two actions, and one is kept for handing in. */
const ACTIONS_PER_NODE = 2

export const initialContext = (): Context => ({
  config: treeSearchConfig.parse({}), llm: '{}', seed: 0, script: '', problem: {}, files: {}, tried: null, reviewing: null, root: '', call: 0, asks: 0, left: null, nodes: [], made: 0, drafted: 0, higherIsBetter: null, choice: null, trial: null,
  retries: 0, again: '', barren: 0,
})

const stored = ({ ref, bytes, text: words }: TextValue): TextValue => (ref === undefined ? { text: words ?? '' } : { ref, bytes: bytes ?? 0 })

export function begin(event: Received): Context {
  if (event.type !== 'agent.briefed') return initialContext()
  const { config, llm = '{}', seed, entry, problem, limits } = event.data
  const parsed = treeSearchConfig.parse(JSON.parse(config))
  const steps = limits?.max_steps ?? 0
  return { ...initialContext(), config: parsed, llm, seed, script: parsed.script === '' ? entry : parsed.script, problem: stored(problem ?? {}), call: 1, left: steps === 0 ? null : steps }
}

const action = (context: Context, name: string, args: Record<string, unknown>, more: { base?: string; thought?: TextValue } = {}): Message => ({
  type: 'action.requested', to: 'environment',
  data: { call: context.call, name, arguments: text(canonicalJson(args)), base: more.base ?? '', ...(more.thought === undefined ? {} : { thought: more.thought }) },
})

const complete = (context: Context, role: Role, base: ListValue | null, segments: readonly Segment[]): Message => ({
  type: 'completion.requested', to: instanceOf('llm-tool', 'agent', context.call),
  data: { call: context.call, role, base: listAfter(base, ...segments), ...settingsFor(context.llm, role), nth: context.asks - 1 },
})

/** A step was taken: one number for the next call, one action less. */
const stepped = (context: Context): Pick<Context, 'call' | 'left'> => ({ call: context.call + 1, left: context.left === null ? null : context.left - 1 })
const observation = (event: Received): TextValue => (event.type === 'observation.delivered' ? stored(event.data.observation ?? {}) : {})
const treeOf = (event: Received): string => (event.type === 'observation.delivered' ? event.data.tree : '')

export const listFiles = (context: Context): Message => action(context, 'List Files', { dir_path: '.' })
export const noteFiles = (context: Context, event: Received): Context => ({ ...context, ...stepped(context), files: observation(event), root: treeOf(event) })
export const readStarter = (context: Context): Message => action(context, 'Read File', { file_name: context.script })
export const noteStarter = (context: Context, event: Received): Context => ({
  ...context, ...stepped(context),
  tried: listAfter(null, ...opening({ problem: context.problem, files: context.files, starter: observation(event), script: context.script })),
  reviewing: listAfter(null, ...reviewing(context.problem)),
})

/** Room for one more solution and for handing in. */
export const enoughRoom = ({ left, made, config, barren }: Context): boolean => (left === null || left > ACTIONS_PER_NODE) && made < config.max_nodes && barren < 4

/** Chooses what to try next. */
export function startOver(context: Context): Context {
  const { nodes, drafted, higherIsBetter, config, seed, asks } = context
  const { kind, parent } = choose(nodes, drafted, higherIsBetter ?? true, config, [chanceAt(seed, asks * 2), chanceAt(seed, asks * 2 + 1)])
  return { ...context, choice: { kind, parent: parent?.id ?? 0 }, retries: 0, again: '', asks: asks + 1 }
}

const nodeOf = ({ nodes }: Context, id: number): Node | undefined => nodes.find((node) => node.id === id)

export function askForSolution(context: Context): Message {
  const { kind, parent } = context.choice ?? { kind: 'draft' as const, parent: 0 }
  return complete(context, 'model', context.tried, proposal(kind, nodeOf(context, parent), context.again))
}

export const isFatal = (event: Received): boolean => event.type === 'completion.delivered' && !event.data.ok && isFatalCode(event.data.error?.code ?? '')

export function solutionOf(event: Received): Solution {
  if (event.type !== 'completion.delivered') return { ok: false, why: 'there is none' }
  return event.data.ok ? readSolution(textOf(event.data.reply), event.data.stop_reason === 'length') : { ok: false, why: event.data.error?.message ?? 'the model gave no answer' }
}

export function retried(context: Context, event: Received): Context {
  const solution = solutionOf(event)
  return { ...context, call: context.call + 1, asks: context.asks + 1, retries: context.retries + 1, again: solution.ok ? '' : solution.why.slice(0, 300) }
}

export function takeSolution(context: Context, event: Received): Context {
  const solution = solutionOf(event)
  if (!solution.ok) return context
  const { kind, parent } = context.choice ?? { kind: 'draft' as const, parent: 0 }
  return { ...context, call: context.call + 1, barren: 0, trial: { kind, parent, plan: text(solution.plan), code: text(solution.code), tree: '', output: {}, failed: false } }
}

/** Written on the tree of the solution it begins from; a draft begins from the task's own files. */
export function writeScript(context: Context, event: Received): Message {
  const solution = solutionOf(event)
  const base = nodeOf(context, context.trial?.parent ?? 0)?.tree ?? context.root
  return action(context, 'Write File', { file_name: context.script, content: solution.ok ? solution.code : '' }, { base, thought: text(solution.ok ? solution.plan : '') })
}

export function noteWritten(context: Context, event: Received): Context {
  const { trial } = context
  if (trial === null || event.type !== 'observation.delivered') return context
  return { ...context, ...stepped(context), trial: { ...trial, tree: treeOf(event), output: observation(event), failed: !event.data.ok } }
}

export const runScript = (context: Context): Message => action(context, 'Execute Script', { script_name: context.script })

export const askForReview = (context: Context): Message => complete({ ...context, asks: context.asks + 1 }, 'fast', context.reviewing, review(context.trial?.plan ?? {}, context.trial?.output ?? {}))

/** What came of a solution, by the judgement of its output; a script that failed has failed whatever the judge says. */
export function recordNode(context: Context, event: Received): Context {
  const judged = event.type === 'completion.delivered' && event.data.ok ? readReview(textOf(event.data.reply)) : undefined
  const failed = context.trial?.failed ?? true
  const worked = !failed && judged?.worked === true && judged.metric !== null
  return recorded({ ...context, call: context.call + 1, asks: context.asks + 1 }, {
    worked, metric: judged?.metric ?? null, higher: judged?.higherIsBetter ?? true, summary: judged?.summary ?? (failed ? 'the script failed' : 'what came of it could not be judged'),
  })
}

export function recordFailure(context: Context, event: Received): Context {
  const noted = noteWritten(context, event)
  return recorded(noted, { worked: false, metric: null, higher: true, summary: 'the script could not be written' })
}

function recorded(context: Context, { worked, metric, higher, summary }: { worked: boolean; metric: number | null; higher: boolean; summary: string }): Context {
  const { trial } = context
  if (trial === null) return context
  const parent = nodeOf(context, trial.parent)
  const node: Node = {
    id: context.made + 1, parent: trial.parent, kind: trial.kind, tree: trial.tree, code: trial.code, output: trial.output, summary: text(summary), metric, worked,
    repairs: trial.kind === 'debug' ? (parent?.repairs ?? 0) + 1 : 0, children: 0,
  }
  // The first solution that worked says which way is better: a judge that changes its mind must not turn the search round.
  const higherIsBetter = context.higherIsBetter ?? (worked ? higher : null)
  return {
    ...context, higherIsBetter, made: node.id, drafted: context.drafted + (trial.kind === 'draft' ? 1 : 0), nodes: remember(context.nodes, node, higherIsBetter ?? true, context.config), trial: null, choice: null,
    tried: listAfter(context.tried, triedLine(node, summary)),
  }
}

/** Hands the best solution in: the tree that its script left. */
export function submit(context: Context): Message {
  const best = bestOf(context.nodes, context.higherIsBetter ?? true)
  const final_answer = best === undefined
    ? `None of ${context.made} solutions worked; the task's own files are handed in.`
    : `Solution ${best.id} of ${context.made} is handed in. Its script measured ${best.metric ?? 'nothing'} on data held out by itself; the task's own evaluation decides.`
  return action(context, 'Final Answer', { final_answer }, { base: best?.tree ?? context.root })
}

export const done = (context: Context): Context => ({ ...context, call: context.call + 1 })

const surrender = (source: string, code: string, message: string): Message => ({ type: 'agent.gave_up', to: 'environment', data: { error: { source, code, message } } })
export const gaveUp = (_context: Context, event: Received): Message =>
  event.type === 'completion.delivered' && event.data.error !== undefined ? { type: 'agent.gave_up', to: 'environment', data: { error: event.data.error } } : surrender('provider', 'unknown', 'the model gave no answer')
export const gaveUpUnreadable = (): Message => surrender('agent', 'no_valid_reply', 'the model did not write a whole script, however often it was asked')
