import { AGENTS } from '../../actors/index.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import type { MemoryBlobs } from '../../src/blobs/index.ts'
import type { InMemoryOptions, Outcome, Requested } from './in-memory-run.ts'
import { EVERYTHING, answers } from './begun-with.ts'

interface Act { name: string; args: Record<string, unknown> }
interface Reply { text: string; calls?: Act[] }

/** Looks at much, writes, runs, submits. */
const ACTS: readonly Act[] = [
  { name: 'Understand File', args: { file_name: 'train.py', things_to_look_for: 'all' } }, { name: 'Inspect Script Lines', args: { script_name: 'long.py', start_line_number: 1, end_line_number: 90 } }, { name: 'List Files', args: { dir_path: '.' } },
  { name: 'Execute Script', args: { script_name: 'train.py' } }, { name: 'Inspect Script Lines', args: { script_name: 'long.py', start_line_number: 2, end_line_number: 91 } }, { name: 'Final Answer', args: { final_answer: 'done' } },
]
const toolName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_|_$/g, '')
const actionLines = ({ name, args }: Act): string => `Action: ${name}\nAction Input: ${JSON.stringify(args)}`

/** The acts in the words of each agent's format. */
const FORMATS: Readonly<Record<string, (act: Act) => Reply>> = {
  'action-only': (act) => ({ text: actionLines(act) }),
  react: (act) => ({ text: `Thought: next.\n${actionLines(act)}` }),
  research: (act) => ({ text: `Reflection: fine.\nResearch Plan and Status: go on.\nFact Check: nothing yet.\nThought: next.\n${actionLines(act)}` }),
  'langchain-react': (act) => ({ text: act.name === 'Final Answer' ? 'Thought: I now know the final answer\nFinal Answer: done' : `Thought: next.\n${actionLines(act)}` }),
  autogpt: ({ name, args }) => ({ text: JSON.stringify({ thoughts: { text: 'next', reasoning: 'so', plan: '- go on', criticism: 'none' }, command: { name, args } }) }),
  'tool-calling': (act) => ({ text: 'next', calls: [act] }),
}

const completion = async (blobs: MemoryBlobs, { text, calls }: Reply): Promise<Outcome> => {
  const kept = async (value: string) => ({ ref: await blobs.put(Buffer.from(value)), bytes: Buffer.byteLength(value) })
  const tool_calls = calls === undefined ? {} : { tool_calls: await kept(canonicalJson(calls.map(({ name, args }, index) => ({ id: `call-${index}`, name: toolName(name), arguments: args })))) }
  return { ok: true, outcome: { completion: { reply: await kept(text), raw: await kept(text), stop_reason: calls === undefined ? 'stop' : 'tool_calls', served_model: 'm', input_tokens: 3, output_tokens: 4, cost_usd: 0, source: 'live', ...tool_calls } } }
}

/** A run of an agent whose model says `reply(nth)`, and whose people say `says`. */
function runOf(agent: string, reply: (nth: number) => Reply, config: object = {}, says: readonly string[] = []): InMemoryOptions {
  const entry = AGENTS[agent]
  let asked = 0
  return {
    agent, files: { 'train.py': 'print(1)\n', 'long.py': 'x = "a line of a long script"\n'.repeat(100) },
    started: { ...EVERYTHING, agent_config: canonicalJson(entry?.config?.parse(config) ?? {}), actions: [...new Set([...(entry?.actions ?? EVERYTHING.actions), ...ACTS.map(({ name }) => name)])] },
    effects: async (request: Requested, blobs) => {
      const { completion: spec, human } = request.payload
      if (human?.what === 'action') {
        const said = Buffer.from(says[asked++] ?? 'no')
        return { ok: true, outcome: { human: { answer: { ref: await blobs.put(said), bytes: said.length } } } }
      }
      if (spec?.role === 'model') return completion(blobs, reply(spec.nth ?? 0))
      if (spec?.role === 'fast' && agent === 'tree-search') return completion(blobs, { text: '{"worked": true, "metric": 0.5, "higher_is_better": true, "summary": "it ran"}' })
      return answers(request, blobs)
    },
  }
}

const inOrder = (format: (act: Act) => Reply) => (nth: number): Reply => format(ACTS[Math.min(nth, ACTS.length - 1)] as Act)
const NARROW: Readonly<Record<string, object>> = { research: { retrieval: true, observation_limit: 500, max_steps_in_context: 1 }, autogpt: { steps_in_context: 1 }, react: { observation_limit: 500 }, 'action-only': { observation_limit: 500 } }

/** Runs that take every agent through every state it has. */
export const AGENT_RUNS: Readonly<Record<string, InMemoryOptions>> = {
  ...Object.fromEntries(Object.entries(FORMATS).map(([agent, format]) => [`the agent ${agent}`, runOf(agent, inOrder(format), NARROW[agent])])),
  ...Object.fromEntries(Object.keys(FORMATS).map((agent) => [`the agent ${agent} whose model says nothing of use`, runOf(agent, () => ({ text: 'hm' }))])),
  'the agent tree-search': runOf('tree-search', () => ({ text: 'An idea.\n```python\nprint(2)\n```' }), {}),
  'the agent tree-search whose key is refused': {
    ...runOf('tree-search', () => ({ text: '' })), effects: ({ payload }) => (payload.kind === 'completion' ? { ok: false, error: { source: 'provider', code: 'authentication', message: 'the key is wrong' } } : undefined),
  },
  'a person at work': runOf('human', () => ({ text: '' }), {}, ['what?', '{"name": "List Files", "arguments": {"dir_path": "."}}', '{"name": "Final Answer", "arguments": {"final_answer": "done"}}']),
  'a person who left': runOf('human', () => ({ text: '' })),
}
