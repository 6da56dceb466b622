/** A part of a reply that a model is asked for: its name, and what to write there. */
export interface Entry { name: string; guide: string }

export const ACTION_ENTRY: Entry = { name: 'Action', guide: 'the name of one of the actions above, exactly as it is written there, and nothing else' }
export const INPUT_ENTRY: Entry = { name: 'Action Input', guide: 'the input of that action, as one valid JSON object on the lines below or beside it' }
export const THOUGHT_ENTRY: Entry = { name: 'Thought', guide: 'what you are about to do now, why this and not something else, and what result you expect' }

/** How a reply has to look, with its entries in their order. */
export const responseFormat = (entries: readonly Entry[]): string => [
  'Every reply of yours has exactly these parts, in this order, each begun by its name at the beginning of a line:',
  entries.map(({ name, guide }) => `${name}: [${guide}]`).join('\n'),
  'Stop after the Action Input. The action is then carried out for you, and you get its result under "Observation:". Never write an Observation yourself, and ask for one action only: whatever follows the first one is thrown away.',
  'In the Action Input, strings stand in double quotes; a quotation mark within a string is written \\" and a line break \\n.',
].join('\n\n')

/** Asks again after a reply that could not be used. */
export const correction = (problem: string, entries: readonly string[]): string =>
  `Your last reply could not be used: ${problem.replace(/\.$/, '')}. Nothing was carried out. Please reply again with the parts ${entries.map((name) => `"${name}:"`).join(', ')}, in this order and complete.`

/** Tells a model what was mended in its reply, so that its next one needs no mending. Empty when nothing was. */
export const mended = (repairs: readonly string[]): string => (repairs.length === 0 ? '' : `Note on the form of your last reply: ${repairs.join('; ')}.`)

/** What the opening of a prompt says of a limit of steps. */
export const atMostSteps = (steps: number): string => `You have at most ${steps} steps; every action is one, also one that is refused.`

/** From here on a model is told how many steps are left: before, the number would only make every prompt another. */
const FEW = 5

/** What a prompt says when the steps are running out; empty before, and where there is no limit (0). */
export function fewStepsLeft(maxSteps: number, steps: number): string {
  const left = maxSteps - steps
  if (maxSteps === 0 || left > FEW) return ''
  return left === 1 ? 'This is your last step.' : `You have ${left} steps left.`
}
