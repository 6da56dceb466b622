import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { AGENTS } from '../../../actors/index.ts'
import type { AgentEntry } from '../../../actors/index.ts'
import { text } from '../../../actors/protocol.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { EventPayloads } from '../../../schemas/generated/events.ts'
import { parseTree } from '../../../schemas/tree.ts'
import { playInMemory } from '../../host/in-memory-run.ts'
import type { InMemoryOptions, InMemoryRun, Outcome, Requested } from '../../host/in-memory-run.ts'
import { deepFreeze, inTrap } from '../../host/traps.ts'
import { LLM, SPECS, config } from './briefing.ts'

/** What a model says when it is asked for the n-th time. */
export interface Said { reply: string; calls?: readonly object[]; stop?: string; fails?: string }

/**
 * An agent whose briefing carries a model and the descriptions of the actions, which a run of the first version does not have: its machine is the real one,
 * only what it is briefed with is fuller. `trapped`: it steps on frozen values, without clock, chance or process.
 */
function briefedFully(agent: string, settings: object, trapped: boolean): AgentEntry {
  const entry = AGENTS[agent]
  if (entry === undefined) throw new Error(`no agent ${agent}`)
  const { machine: logic, needs } = entry.logic
  const machine = logic as AnyStateMachine
  const guard = <T>(held: readonly unknown[], work: () => T): T => {
    if (!trapped) return work()
    for (const value of held) deepFreeze(value)
    return inTrap(work)
  }
  const fuller: AnyStateMachine = Object.assign(Object.create(machine) as AnyStateMachine, {
    transition: (snapshot: AnyMachineSnapshot, event: { type: string; data: object }, scope: never) => {
      const full = event.type === 'agent.briefed' ? { ...event, data: { ...event.data, specs: text(canonicalJson(SPECS)), llm: LLM, config: config(agent, settings) } } : event
      return guard([snapshot.context, full], () => machine.transition(snapshot, full, scope))
    },
  })
  return { ...entry, logic: { ...entry.logic, machine: fuller, ...(needs === undefined ? {} : { needs: (context, event) => guard([context], () => needs(context, event)) }) } }
}

/** A run of an agent with a model that says what `model` says: to the agent by number, to tools by role. */
export async function playAgent(agent: string, model: (nth: number, role: string, request: Requested) => Said, options: InMemoryOptions & { settings?: object; steps?: number; trapped?: boolean } = {}): Promise<InMemoryRun & { agents: Record<string, AgentEntry> }> {
  const agents = { ...AGENTS, [agent]: briefedFully(agent, options.settings ?? {}, options.trapped ?? false) }
  let asked = 0
  const run = await playInMemory({
    agent, agents, limits: { max_steps: options.steps ?? 20 },
    ...options,
    effects: async (request, blobs): Promise<Outcome | undefined> => {
      if (request.payload.kind !== 'completion') return options.effects?.(request, blobs)
      const { role = '' } = request.payload.completion ?? {}
      const { reply, calls, stop, fails } = model(role === 'model' ? asked++ : 0, role, request)
      if (fails !== undefined) return { ok: false, error: { source: 'provider', code: fails, message: fails } }
      const keep = async (words: string) => ({ ref: await blobs.put(Buffer.from(words)), bytes: Buffer.byteLength(words) })
      const raw = JSON.stringify({ id: `msg_${asked}_${'x'.repeat(20)}`, model: 'large', content: reply, tool_calls: calls, usage: { input_tokens: 3000, output_tokens: 300 } })
      return {
        ok: true,
        outcome: {
          completion: {
            reply: await keep(reply), raw: await keep(raw), stop_reason: stop ?? (calls === undefined ? 'stop' : 'tool_calls'), served_model: 'large-2026', input_tokens: 3000, output_tokens: 300, cost_usd: 0.01, source: 'live',
            cached_tokens: 1000, request: 'f'.repeat(64), ...(calls === undefined ? {} : { tool_calls: await keep(canonicalJson(calls)) }),
          },
        },
      }
    },
  })
  return { ...run, agents }
}

/** Of every step: what it added to log and blob store, what of this the agent itself wrote, and what is new (replies, observations, changed files). */
export function bytesOf({ events, blobs }: InMemoryRun): { logical: number[]; own: number[]; fresh: number[] } {
  const seen = new Set<string>()
  const logical: number[] = []
  const own: number[] = []
  const fresh: number[] = []
  let bytes = 0
  let news = 0
  let ours = 0
  const sizeOf = (hash: string): number => blobs.contents.get(hash)?.length ?? 0
  const add = (hash: string, size: number): number => {
    if (seen.has(hash)) return 0
    seen.add(hash)
    bytes += size
    return size
  }
  for (const event of events) {
    const before = bytes
    bytes += event.size
    if (event.type === 'effect.succeeded' && event.payload.kind === 'completion') news += sizeOf(event.payload.completion?.reply?.ref ?? '') + sizeOf(event.payload.completion?.tool_calls?.ref ?? '')
    for (const { hash, kind } of event.blobs) {
      add(hash, sizeOf(hash))
      if (kind === 'tree') for (const entry of parseTree(Buffer.from(blobs.contents.get(hash) ?? '').toString()).values()) if (entry.sha256 !== '') news += add(entry.sha256, entry.size)
    }
    if (event.from === 'agent') ours += bytes - before
    if (event.type === 'observation.delivered') {
      news += sizeOf(event.payload.observation?.ref ?? '')
      logical.push(bytes)
      fresh.push(news)
      own.push(ours)
      bytes = 0
      ours = 0
      news = 0
    }
  }
  return { logical, own, fresh }
}

export const last = (run: InMemoryRun): EventPayloads['run.finished'] => run.events.at(-1)?.payload as EventPayloads['run.finished']
