import { text } from '../../actors/protocol.ts'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { formatTree, parseTree } from '../../schemas/tree.ts'
import { runFileActionWith } from '../../src/workspace/index.ts'
import { only, stage } from '../host/stage.ts'
import type { Sent, Stage } from '../host/stage.ts'

export const ALL_ACTIONS = [
  'List Files', 'Read File', 'Write File', 'Append File', 'Copy File', 'Undo Edit Script', 'Execute Script', 'Python REPL', 'Request Help', 'Final Answer', 'Understand File', 'Inspect Script Lines', 'Edit Script (AI)',
  'Edit Script Segment (AI)', 'Reflection', 'Retrieval from Research Log', 'Append Summary to Research Log',
]

/** What a tool is asked, with its texts readable. */
export interface Asked { tool: string; args: Record<string, unknown>; document: string; log: string[]; nth: number | undefined }
export type ToolAnswer = string | { error: { source: string; code: string; message: string } }

export interface Bench {
  environment: Stage
  /** everything that the environment sent, oldest first */
  sent: Sent[]
  asked: Asked[]
  /** answers of tools, executors and people */
  tools: (asked: Asked) => ToolAnswer
  executes: (asked: EventPayloads['execution.requested']) => Partial<EventPayloads['execution.finished']>
  person: (prompt: string) => string | undefined
  /** Plays one action to its end: carries out file effects as they are, and answers the rest. Gives its observation. */
  act: (name: string, args: string | object, more?: Partial<EventPayloads['action.requested']>) => Promise<EventPayloads['observation.delivered']>
  /** Sends an action and nothing else. */
  ask: (name: string, args: string | object, more?: Partial<EventPayloads['action.requested']>) => Promise<Sent[]>
  /** Answers what a message asks for. */
  answer: (message: Sent) => Promise<Sent[]>
  files: () => Promise<Record<string, string>>
  tree: () => string
}

export async function openBench(files: Readonly<Record<string, string | Uint8Array | { content: string; mode: number }>> = {}, changes: Partial<EventPayloads['run.started']> = {}, more: Readonly<Record<string, Uint8Array>> = {}): Promise<Bench> {
  const environment = stage('environment')
  const { blobs } = environment
  for (const [hash, bytes] of Object.entries(more)) blobs.contents.set(hash, bytes)
  const entries = await Promise.all(Object.entries(files).map(async ([path, value]) => {
    const { content, mode } = typeof value === 'object' && 'mode' in value ? value : { content: value, mode: 0o644 }
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    return { path, kind: 'file' as const, mode, sha256: await blobs.put(bytes), size: bytes.length }
  }))
  let call = 0
  const bench: Bench = {
    environment, sent: [], asked: [],
    tools: ({ tool }) => `the answer of ${tool}`,
    executes: ({ tree, script }) => ({ reason: 'exited', exit_code: 0, tree, observation: text(`ran ${script}`), ok: true }),
    person: () => 'the answer of a person',
    ask: async (name, args, more = {}) => {
      const sent = await environment.receive('action.requested', { call: ++call, name, arguments: text(typeof args === 'string' ? args : JSON.stringify(args)), base: '', ...more }, { from: 'agent' })
      bench.sent.push(...sent)
      return sent
    },
    answer: async (message) => {
      const sent = await answered(bench, message)
      bench.sent.push(...sent)
      return sent
    },
    act: async (name, args, more) => {
      let sent = await bench.ask(name, args, more)
      for (;;) {
        const observed = sent.filter(({ type }) => type === 'observation.delivered')
        if (observed.length > 0) return only(sent, 'observation.delivered')
        const waiting = sent.find(({ type }) => type === 'effect.requested' || type === 'execution.requested' || type === 'tool.requested')
        if (waiting === undefined) throw new Error(`nothing to answer in ${sent.map(({ type }) => type).join(', ')}`)
        sent = await bench.answer(waiting)
      }
    },
    tree: () => String(environment.context['head']),
    files: async () => Object.fromEntries(await Promise.all([...parseTree(await read(environment, bench.tree())).values()].map(async ({ path, sha256 }) => [path, await read(environment, sha256)] as const))),
  }
  await environment.receive('run.started', {
    task: 'arithmetic', profile: 'small', agent: 'scripted', agent_config: '{}', tree: entries.length === 0 ? '' : await blobs.put(Buffer.from(formatTree(entries))), layers: [], read_only: ['locked/*'], seed: 7, entry: 'train.py', script_limits: '{"limits":{}}',
    llm: '{"model":{}}', actions: ALL_ACTIONS, python_key: '{}', interactive: true, limits: { max_steps: 0, max_time_ms: 0, max_tokens: 0, max_cost_usd: 0 }, problem: text('Do it well.'),
    grading: { metric: 'accuracy', higher_is_better: true, success_improvement: 0.1, at_every_step: false, evaluator: 'evaluate.py' }, ...changes,
  })
  return bench
}

const read = async ({ blobs }: Stage, hash: string): Promise<string> => (hash === '' ? '' : Buffer.from(await blobs.get(hash)).toString())

async function answered(bench: Bench, message: Sent): Promise<Sent[]> {
  const { environment } = bench
  if (message.type === 'tool.requested') {
    const { call, tool, arguments: args, document, log, nth } = message.data
    const asked = { tool, args: JSON.parse(args?.text ?? '{}') as Record<string, unknown>, document: document?.text ?? '', log: await notes(environment, log?.ref), nth }
    bench.asked.push(asked)
    const answer = bench.tools(asked)
    return environment.receive('tool.answered', typeof answer === 'string' ? { call, ok: true, answer: text(answer) } : { call, ok: false, ...answer }, { from: message.to })
  }
  if (message.type === 'execution.requested') {
    const { call, tree } = message.data
    return environment.receive('execution.finished', { call, reason: 'exited', exit_code: 0, tree, observation: text('ran'), ok: true, ...bench.executes(message.data) }, { from: message.to })
  }
  if (message.type !== 'effect.requested') throw new Error(`${message.type} asks for nothing`)
  const { kind, call, file, human } = message.data
  if (human !== undefined) {
    const answer = bench.person(human.prompt?.text ?? '')
    if (answer === undefined) return environment.receive('effect.failed', { effect: '', kind, call, error: { source: 'user', code: 'nobody_there', message: 'nobody is there to answer' }, retryable: false }, { from: 'runner' })
    return environment.receive('effect.succeeded', { effect: '', kind, call, human: { answer: text(answer) } }, { from: 'runner' })
  }
  if (file === undefined) throw new Error(`a ${kind} effect`)
  const { result, named } = await runFileActionWith(environment.blobs, {
    action: file.action, args: JSON.parse(await read(environment, file.arguments?.ref ?? '')) as Record<string, unknown>, tree: file.tree, layers: file.layers, edits: file.edits?.ref ?? '', readOnly: file.read_only, step: file.step,
  })
  const bytes = named.find(({ hash }) => hash === result.edits)?.bytes ?? file.edits?.bytes ?? 0
  return environment.receive('effect.succeeded', {
    effect: '', kind, call, file: { ok: result.ok, code: result.code, observation: text(result.observation), tree: result.tree, changed: result.changed, ...(result.edits === '' ? {} : { edits: { ref: result.edits, bytes } }) },
  }, { from: 'runner' })
}

/** The notes of a research log, oldest first. */
async function notes(environment: Stage, ref: string | undefined): Promise<string[]> {
  if (ref === undefined) return []
  const { prev, items } = JSON.parse(await read(environment, ref)) as { prev: { ref: string } | null; items: { step: number; note: { ref: string } }[] }
  return [...(await notes(environment, prev?.ref)), ...(await Promise.all(items.map(async ({ step, note }) => `${step}: ${await read(environment, note.ref)}`)))]
}
