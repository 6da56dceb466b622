import type { ModelRequest, Reply } from '../model-server/index.ts'
import { inOrder } from '../model-server/index.ts'

/** What each agent's model does in these tests: looks, edits by AI, runs, submits. The same five actions in each agent's own format. */
interface Act { name: string; args: Record<string, unknown> }

const ACTS: readonly Act[] = [
  { name: 'List Files', args: { dir_path: '.' } },
  { name: 'Inspect Script Lines', args: { script_name: 'train.py', start_line_number: 1, end_line_number: 6 } },
  { name: 'Edit Script (AI)', args: { script_name: 'train.py', edit_instruction: 'Use slope 3 and offset 1.', save_name: 'train.py' } },
  { name: 'Execute Script', args: { script_name: 'train.py' } },
  { name: 'Final Answer', args: { final_answer: 'The line has slope 3 and offset 1.' } },
]

export const SOLUTION = `SLOPE = 3
OFFSET = 1


def main():
    with open('inputs.csv') as file:
        rows = [line.strip().split(',') for line in file][1:]
    with open('submission.csv', 'w') as file:
        file.write('id,y\\n')
        for name, x in rows:
            file.write(f'{name},{SLOPE * int(x) + OFFSET}\\n')
    print(f'{len(rows)} predictions written')


if __name__ == '__main__':
    main()
`
const fenced = (code: string): string => `\`\`\`python\n${code}\`\`\``
const tool = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_|_$/g, '')

const FORMATS: Readonly<Record<string, (act: Act, index: number) => Reply>> = {
  research: ({ name, args }, index) => ({
    text: `Reflection: Step ${index + 1}, all as expected.\nResearch Plan and Status: 1. Look. 2. Edit. 3. Run. Step ${index + 1} is under way.\nFact Check: Nothing is confirmed yet.\nThought: ${name} comes next.\nAction: ${name}\nAction Input: ${JSON.stringify(args)}`,
  }),
  react: ({ name, args }) => ({ text: `Thought: ${name} comes next.\nAction: ${name}\nAction Input: ${JSON.stringify(args)}` }),
  'action-only': ({ name, args }) => ({ text: `Action: ${name}\nAction Input: ${JSON.stringify(args)}` }),
  'tool-calling': ({ name, args }) => ({ text: `${name} comes next.`, toolCalls: [{ name: tool(name), arguments: args }] }),
  'langchain-react': ({ name, args }) =>
    ({ text: name === 'Final Answer' ? `Thought: I now know the final answer\nFinal Answer: ${String(args['final_answer'])}` : `Thought: ${name} comes next.\nAction: ${name}\nAction Input: ${JSON.stringify(args)}` }),
  autogpt: ({ name, args }) => ({ text: JSON.stringify({ thoughts: { text: `${name} comes next.`, reasoning: 'It is the next step.', plan: '- look\n- edit\n- run', criticism: 'None so far.' }, command: { name, args } }) }),
}

/** Agents whose model these replies play. */
export const PLAYED = [...Object.keys(FORMATS), 'tree-search']

/** Replies for a whole run of an agent: the agent's own model in order, the fast and the edit model by what they are asked. */
export function brain(agent: string): (request: ModelRequest) => Reply {
  const format = FORMATS[agent]
  const own = inOrder(format === undefined ? Array.from({ length: 8 }, () => ({ text: `The line is steeper and has an offset.\n${fenced(SOLUTION)}` })) : ACTS.map(format), { sameAgain: true })
  return (request) => {
    if (request.model === 'edit-model') return { text: fenced(SOLUTION) }
    if (request.model === 'fast-model') return { text: agent === 'tree-search' ? '{"worked": true, "metric": 0.0, "higher_is_better": false, "summary": "a line was fitted"}' : 'The script predicts y from x.' }
    return own(request)
  }
}
