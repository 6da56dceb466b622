import { text } from '../../../actors/protocol.ts'
import type { ListValue } from '../../../actors/protocol.ts'
import { AGENTS } from '../../../actors/index.ts'
import type { ActionSpecText } from '../../../actors/agent/prompt/index.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { EventPayloads } from '../../../schemas/generated/events.ts'
import { only, stage } from '../../host/stage.ts'
import type { Sent, Stage } from '../../host/stage.ts'

const spec = (name: string, args: Record<string, string>): ActionSpecText => ({
  name, description: `Does ${name}.`, arguments: args, returns: `what ${name} gives`, primitive: !name.includes('(AI)'),
  schema: { type: 'object', properties: Object.fromEntries(Object.keys(args).map((key) => [key, { type: 'string' }])), required: Object.keys(args), additionalProperties: false },
})

/** Some of the actions that agents are briefed on. */
export const SPECS: readonly ActionSpecText[] = [
  spec('List Files', { dir_path: 'the folder' }), spec('Read File', { file_name: 'the file' }), spec('Write File', { file_name: 'the file', content: 'all of it' }), spec('Execute Script', { script_name: 'the script' }),
  spec('Edit Script (AI)', { script_name: 'the script', edit_instruction: 'what to change', save_name: 'where to' }), spec('Final Answer', { final_answer: 'what was achieved' }),
]

const role = (model: string) => ({ provider: 'scripted', model, max_tokens: 4000, replies: 'd'.repeat(64) })
export const LLM = canonicalJson({ model: role('large'), fast: role('small'), edit: role('large') })

export const config = (agent: string, settings: object = {}): string => canonicalJson(AGENTS[agent]?.config?.parse(settings) ?? {})

/** An agent on a stage, briefed: what it sent first, and how to go on with it. */
export async function brief(agent: string, settings: object = {}, briefing: Partial<EventPayloads['agent.briefed']> = {}) {
  const actor = stage('agent', agent)
  const first = await actor.receive('agent.briefed', {
    problem: text('Make the classifier better.'), agent, config: config(agent, settings), actions: SPECS.map(({ name }) => name), entry: 'train.py', seed: 1, specs: text(canonicalJson(SPECS)), llm: LLM,
    limits: { max_steps: 50, max_time_ms: 0, max_tokens: 0, max_cost_usd: 0 }, ...briefing,
  }, { from: 'environment' })
  let call = 0
  let step = 0
  const note = (sent: readonly Sent[]): readonly Sent[] => {
    for (const { data } of sent) if ('call' in data) call = data.call
    return sent
  }
  note(first)
  return {
    actor, first,
    say: async (reply: string, more: Partial<EventPayloads['completion.delivered']> = {}) => note(await actor.receive('completion.delivered', { call, ok: true, reply: text(reply), stop_reason: 'stop', ...more }, { from: 'llm-tool/1' })),
    fail: async (code: string) => note(await actor.receive('completion.delivered', { call, ok: false, stop_reason: 'error', error: { source: 'provider', code, message: `it was ${code}` } }, { from: 'llm-tool/1' })),
    observe: async (observation: string, more: Partial<EventPayloads['observation.delivered']> = {}) => note(await actor.receive('observation.delivered', { call, step: ++step, observation: text(observation), tree: '', ok: true, final: false, code: '', ...more }, { from: 'environment' })),
    answer: async (answer: string, more: Partial<EventPayloads['tool.answered']> = {}) => note(await actor.receive('tool.answered', { call, ok: true, answer: text(answer), ...more }, { from: 'llm-tool/1' })),
  }
}

export interface ReadSegment { role: string; text: string; keep?: true; breakpoint?: true; tool_calls?: unknown; tool_call_id?: string }

/** The segments of a prompt as a provider will see them, oldest first, `appended` last. */
export async function promptOf({ blobs }: Stage, sent: readonly Sent[]): Promise<ReadSegment[]> {
  const { base, appended } = only(sent, 'completion.requested')
  const read = async (hash: string): Promise<string> => Buffer.from(await blobs.get(hash)).toString()
  const out: ReadSegment[] = []
  let node: ListValue | null = base ?? null
  while (node !== null) {
    const { prev, items }: { prev: ListValue | null; items: Array<Record<string, unknown> & { text: { ref: string }; tool_calls?: { ref: string } }> } = JSON.parse(await read(node.ref ?? ''))
    const segments: ReadSegment[] = []
    for (const { lead, ...item } of items) segments.push(...(lead === undefined ? [] : [{ role: item['role'], text: lead } as unknown as ReadSegment]), { ...item, text: await read(item.text.ref), ...(item.tool_calls === undefined ? {} : { tool_calls: JSON.parse(await read(item.tool_calls.ref)) }) } as unknown as ReadSegment)
    out.unshift(...segments)
    node = prev
  }
  return appended === undefined ? out : [...out, { role: 'user', text: appended.text ?? '' }]
}

/** The same, joined as text. */
export const promptText = async (actor: Stage, sent: readonly Sent[]): Promise<string> => (await promptOf(actor, sent)).map(({ role, text: words }) => `<${role}> ${words}`).join('\n')

export const actionOf = (sent: readonly Sent[]): [string, unknown] => {
  const { name, arguments: args } = only(sent, 'action.requested')
  return [name, name === '' ? args?.text : JSON.parse(args?.text ?? '')]
}
