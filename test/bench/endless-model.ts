/** A model without end for the rows on agents: another copy of a file at every step, in the format that KYMO_BENCH_AGENT speaks. */

interface Question { role: string; nth: number }

const THOUGHT = 'The loss went down again, so the next thing to try is a smaller learning rate with more epochs. '.repeat(6)
const pad = (n: number): string => String(n).padStart(6, '0')

const FORMATS: Readonly<Record<string, (name: string, args: object, n: number) => unknown>> = {
  research: (name, args, n) => `Reflection: step ${n}. ${THOUGHT}\nResearch Plan and Status: go on.\nFact Check: nothing new.\nThought: ${name} comes next.\nAction: ${name}\nAction Input: ${JSON.stringify(args)}`,
  react: (name, args, n) => `Thought: step ${n}. ${THOUGHT}\nAction: ${name}\nAction Input: ${JSON.stringify(args)}`,
  'action-only': (name, args) => `Action: ${name}\nAction Input: ${JSON.stringify(args)}`,
  'tool-calling': (name, args, n) => ({ text: `Step ${n}. ${THOUGHT}`, tool_calls: [{ id: `call_${n}`, name: name.toLowerCase().replaceAll(' ', '_'), arguments: args }] }),
  'langchain-react': (name, args, n) => `Thought: step ${n}. ${THOUGHT}\nAction: ${name}\nAction Input: ${JSON.stringify(args)}`,
  autogpt: (name, args, n) => JSON.stringify({ thoughts: { text: `step ${n}`, reasoning: THOUGHT, plan: '- go on', criticism: 'none' }, command: { name, args } }),
}

export function reply({ role, nth }: Question): unknown {
  const agent = process.env['KYMO_BENCH_AGENT'] ?? 'react'
  if (agent === 'tree-search') return role === 'fast' ? `{"worked": true, "metric": ${nth}, "higher_is_better": true, "summary": "number ${nth}"}` : `${THOUGHT}\n\`\`\`python\n# ${pad(nth)}\nprint(${nth})\n\`\`\``
  if (role !== 'model') return 'The agent copied a file once more.'
  return FORMATS[agent]?.('Copy File', { source: 'train.py', destination: `copy${nth % 7}.py` }, nth)
}
