import { exampleInput, opening, readSpecs, segment } from '../prompt/index.ts'
import type { ActionSpecText, Segment } from '../prompt/index.ts'
import type { ListValue, TextValue } from '../../protocol.ts'

/** Where the format ends a reply; a line break before it, so that a text within the input does not. */
export const STOP = ['\nObservation:']
/** How every request ends: the model goes on from here. */
export const CUE = 'Thought:'

const tool = ({ name, description, arguments: args, returns }: ActionSpecText): string => `${name}: ${description} Its one input is a JSON object: ${exampleInput(args)}. It answers with ${returns}.`

/** Tools, format and problem: the beginning of the scratchpad. Handing in is no tool here but a line of its own. */
export function beginning(specs: string, problem: TextValue): ListValue {
  const tools = readSpecs(specs).filter(({ name }) => name !== 'Final Answer')
  return opening(`Solve the problem below as well as you can. These tools are at your disposal:

${tools.map(tool).join('\n')}

Work in rounds of this form:

Thought: what you make of things so far and what to do next
Action: the tool to use, one of: ${tools.map(({ name }) => name).join(', ')}
Action Input: the input of the tool, a single JSON object
Observation: the tool's answer, which is written for you

There may be as many rounds as it takes. A reply of yours ends with its Action Input. When you are through, reply in this form instead:

Thought: why the work is finished
Final Answer: what you did and what came of it

The Final Answer hands in the files as they are then, and ends the work.`, problem, 'The problem:')
}

/** A round in the scratchpad: the reply as far as it counted, and what was observed. */
export const round = (reply: TextValue, observation: TextValue): Segment[] => [segment('assistant', reply), segment('user', observation, { lead: 'Observation:' })]

/** What the model observes when its reply could not be read. */
export const unreadable = (sentence: string): string => `The reply could not be read, and no tool was used: ${sentence.replace(/\.$/, '')}. Keep to the form: "Thought:", then either "Action:" and "Action Input:", or "Final Answer:".`
