import { exampleInput, opening, readSpecs, segment } from '../prompt/index.ts'
import type { ActionSpecText, Segment } from '../prompt/index.ts'
import type { ListValue, TextValue } from '../../protocol.ts'

const command = ({ name, description, arguments: args, returns }: ActionSpecText, index: number): string => `${index + 1}. "${name}": ${description} args: ${exampleInput(args)}. Result: ${returns}.`

const FORMAT = `{
  "thoughts": {
    "text": "what you think now",
    "reasoning": "why",
    "plan": "the next steps, as a short list",
    "criticism": "what is weak in your work or in this plan, and how you will do better"
  },
  "command": {
    "name": "the name of the command",
    "args": {"the name of an argument": "its value"}
  }
}`

/** The part of the prompt that never changes: role, goals, rules, commands, form of a reply, then the problem. */
export function beginning(specs: string, problem: TextValue, goals: readonly string[]): ListValue {
  return opening(`You are an autonomous research agent. You decide by yourself and work towards your goals one command at a time; nobody will help you or answer questions.

GOALS
${(goals.length === 0 ? ['Solve the research problem below as well as you can, and hand the result in.'] : goals).map((goal, index) => `${index + 1}. ${goal}`).join('\n')}

CONSTRAINTS
1. You see your latest steps only. What came before is kept in a short running summary, so put down what matters in files or in your thoughts.
2. Only the commands listed here exist. One command in each reply, with all its arguments.
3. Every command costs one of your steps: reach the goals with few of them.

COMMANDS
${readSpecs(specs).map(command).join('\n')}

SELF-CRITICISM
1. After each result, ask whether it brought you closer to a goal, and say so in "criticism".
2. Look back at earlier decisions and change course where they did not work; do not repeat a command that failed in the same way.
3. Claim only what a result has shown.

REPLY
With a single JSON object of this form, and nothing before or after it:
${FORMAT}`, problem)
}

/** What is remembered of the steps that are out of sight. */
export const memory = (summary: TextValue): Segment[] => [segment('user', summary, { keep: true, lead: 'Your work before the steps below, in short:' })]

/** A step in sight. */
export const past = (reply: TextValue, action: string, result: TextValue): Segment[] => [
  segment('assistant', reply), segment('user', result, { lead: action === '' ? 'No command was carried out:' : `Result of the command "${action}":` }),
]

/** From here on the question counts the steps; before, the same words cost nothing. */
const FEW = 5

export function question(left: number | null): string {
  const count = left === null ? '' : left <= 1 ? ' This is your last step: hand in with "Final Answer".' : left > FEW ? '' : ` You have ${left} steps left.`
  return `Choose the next command and reply in the form given above, as one JSON object.${count}`
}

export const correction = (sentence: string): string => `This reply could not be used, and no command was carried out: ${sentence.replace(/\.$/, '')}. Reply again, with a single JSON object that has "thoughts" and "command".`

/** What the tool that summarises is told about its document. */
export const SUMMARISED = 'the record of an autonomous agent\'s work: a summary of the earlier steps, if there are any, then the steps that follow it. Write the summary that takes the place of both, at most 400 words: what was done and in which files, results with their numbers, what failed and how, and what the agent found wrong with its own work'
