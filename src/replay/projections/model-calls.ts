import type { AnyEvent } from '../../../schemas/record.ts'
import { refOf } from './text-ref.ts'
import type { TextRef } from './text-ref.ts'

/** One completion: all its tries together. */
export interface CompletionFacts {
  /** instance that owned it, llm-tool/9 or llm-tool/9/2 */
  actor: string
  /** the tool it was made for, '' for the agent's own */
  tool: string
  role: string
  provider: string
  /** the model that answered, or the one that was asked */
  model: string
  /** of all tries, as far as they were told; input includes what the provider had cached */
  input_tokens: number
  output_tokens: number
  cached_tokens: number
  cost_usd: number
  /** live | cache | recorded | scripted; '' while there is no answer */
  source: string
  tries: number
  /** how far the request was cut because it was too long */
  shortened: number
  ok: boolean
  code: string
  done: boolean
  started_at: number
  /** from the request to what the caller was told: pauses and waiting included */
  latency_ms: number
}

/** One call of a tool made of completions. */
export interface ToolFacts {
  actor: string
  tool: string
  arguments: TextRef | null
  answer: TextRef | null
  ok: boolean
  code: string
  done: boolean
  completions: number
  started_at: number
  latency_ms: number
}

/** What models did on the way to a step's observation, or for the action that began it. */
export interface ModelWork { completions: CompletionFacts[]; tools: ToolFacts[] }
export const noWork = (): ModelWork => ({ completions: [], tools: [] })

interface Open { completions: Map<string, CompletionFacts>; tools: Map<string, ToolFacts>; /** effect id -> completion */ effects: Map<string, CompletionFacts> }
export const nothingOpen = (): Open => ({ completions: new Map(), tools: new Map(), effects: new Map() })

/** Number in an instance's name; callers share them: the environment's calls are even, twice its step, the agent's are odd. */
const numberOf = (actor: string): number => Number(actor.split('/')[1] ?? 0)

/** The step that an instance of the llm-tool works for: `undefined` is the one that the agent is about to ask for. */
export const stepOfCall = (actor: string): number | undefined => (numberOf(actor) % 2 === 1 ? undefined : numberOf(actor) / 2)

/** Notes what an event says of completions and tools. `work` is asked where a new one belongs. */
export function noteModelCall(open: Open, event: AnyEvent, work: (step: number | undefined) => ModelWork | undefined): void {
  switch (event.type) {
    case 'tool.requested': {
      const { tool, arguments: args } = event.payload
      const facts: ToolFacts = { actor: event.to, tool, arguments: refOf(args), answer: null, ok: false, code: '', done: false, completions: 0, started_at: event.at, latency_ms: 0 }
      open.tools.set(event.to, facts)
      work(stepOfCall(event.to))?.tools.push(facts)
      return
    }
    case 'tool.answered': {
      const facts = open.tools.get(event.from)
      open.tools.delete(event.from)
      const { ok, answer, error } = event.payload
      if (facts !== undefined) Object.assign(facts, { ok, code: error?.code ?? '', answer: refOf(answer), done: true, latency_ms: event.at - facts.started_at })
      return
    }
    case 'completion.requested': {
      const tool = open.tools.get(event.from)
      if (tool !== undefined) tool.completions++
      const facts: CompletionFacts = {
        actor: event.to, tool: tool?.tool ?? '', role: event.payload.role, provider: '', model: '', input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, source: '', tries: 0, shortened: 0, ok: false, code: '', done: false,
        started_at: event.at, latency_ms: 0,
      }
      open.completions.set(event.to, facts)
      work(stepOfCall(event.to))?.completions.push(facts)
      return
    }
    case 'effect.requested': {
      const spec = event.payload.completion
      const facts = open.completions.get(event.from)
      if (spec === undefined || facts === undefined) return
      facts.tries++
      facts.provider = spec.provider
      if (facts.model === '') facts.model = spec.model
      open.effects.set(event.id, facts)
      return
    }
    case 'effect.succeeded':
    case 'effect.failed': {
      const facts = open.effects.get(event.payload.effect)
      open.effects.delete(event.payload.effect)
      const outcome = event.type === 'effect.succeeded' ? event.payload.completion : undefined
      if (facts === undefined || outcome === undefined) return
      facts.input_tokens += outcome.input_tokens
      facts.output_tokens += outcome.output_tokens
      facts.cached_tokens += outcome.cached_tokens ?? 0
      facts.cost_usd += outcome.cost_usd
      facts.source = outcome.source
      if (outcome.served_model !== '') facts.model = outcome.served_model
      return
    }
    case 'completion.delivered': {
      const facts = open.completions.get(event.from)
      open.completions.delete(event.from)
      const { ok, error, shortened } = event.payload
      if (facts !== undefined) Object.assign(facts, { ok, code: error?.code ?? '', shortened: shortened ?? 0, done: true, latency_ms: event.at - facts.started_at })
      return
    }
    default:
  }
}
