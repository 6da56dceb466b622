import type { TextValue } from '../../protocol.ts'
import type { Kind, Node } from './nodes.ts'

/** One segment of a prompt (schemas/completion.ts): its text travels by hash. */
export interface Segment { role: 'system' | 'user'; lead?: string; text: TextValue; keep?: true; breakpoint?: true }

const system = (text: string, more: Partial<Segment> = {}): Segment => ({ role: 'system', text: { text }, keep: true, ...more })
const user = (text: TextValue | string, more: Partial<Segment> = {}): Segment => ({ role: 'user', text: typeof text === 'string' ? { text } : text, ...more })

export interface Brief { problem: TextValue; files: TextValue; starter: TextValue; script: string }

const RULES = (script: string): string => `You solve a machine-learning task by writing one whole Python script, ${script}. It replaces the file of that name and is run as it is, without arguments, in the task's folder.

- The script does everything itself: it loads the data, trains, measures, and writes every file that the task wants handed in.
- It measures on data that it did not train on, and prints the figure that the task is judged by on a line of its own, like "metric: 0.8123", as the last thing it prints.
- It ends within the task's time limit, needs no package that is not installed, no network and no input, and never touches the files that the task says are read-only.
- It is honest: no answers looked up, no figures written by hand.

Reply with a short plan in a few sentences (what you do and why it should help), and then the script, whole, in one block fenced by \`\`\`python and \`\`\`. Nothing after the block.`

/** The part of every proposal that stays: it is stored once, and what was tried is added to it. */
export const opening = ({ problem, files, starter, script }: Brief): Segment[] => [
  system(RULES(script)),
  user(problem, { keep: true, lead: 'The task:' }),
  user(files, { lead: 'The files at the start:' }),
  user(starter, { breakpoint: true, lead: `${script} as it is at the start:` }),
]

const WISH: Readonly<Record<Kind, string>> = {
  draft: 'Write a first solution of your own. Keep it simple enough to work at once, and choose another approach than those tried so far.',
  improve: 'Improve this solution by one change that you expect to matter most. Change one thing only, so that the next figure tells whether it helped, and do not repeat what was tried before.',
  debug: 'This solution failed. Find the cause in its output, correct it, and keep the idea. Reply with the whole corrected script.',
}

/** A line about a solution that was tried. */
export const triedLine = ({ id, metric, worked }: Pick<Node, 'id' | 'metric' | 'worked'>, summary: string): Segment =>
  user(`Tried, number ${id} (${worked && metric !== null ? `metric ${metric}` : 'failed'}): ${summary}`)

/** What the model is asked for a next solution, after the opening and the lines of what was tried. */
export function proposal(kind: Kind, parent: Node | undefined, again: string): Segment[] {
  const begin = parent === undefined ? [] : [user(parent.code, { keep: true, lead: `The solution to begin from, number ${parent.id}:` }), user(parent.output, { lead: 'What it printed:' })]
  return [...begin, user(again === '' ? WISH[kind] : `${WISH[kind]}\n\nYour last reply could not be used: ${again}. Reply with a short plan and then the whole script in one \`\`\`python block.`, { keep: true })]
}

const REVIEW = `You read what a script for a machine-learning task printed and say what came of it, from the output alone. Answer with one JSON object and nothing else:
{"worked": true or false, "metric": number or null, "higher_is_better": true or false, "summary": "one or two sentences: what was tried and what came of it"}
"worked" is false when the script failed, was stopped, or did not do what the task wants. "metric" is the figure on data that was not trained on, as printed; null when none was printed. Never make a figure up.`

/** The part of every question about a script's output that stays. */
export const reviewing = (problem: TextValue): Segment[] => [system(REVIEW), user(problem, { breakpoint: true, lead: 'The task:' })]

/** What the fast model is asked about a script's output, after that. */
export const review = (plan: TextValue, output: TextValue): Segment[] => [user(plan, { lead: 'The plan of the solution:' }), user(output, { keep: true, lead: 'What happened when the script was run:' })]
