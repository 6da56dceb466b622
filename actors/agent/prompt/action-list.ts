import type { ActionSpecText } from './specs.ts'

/** The actions as a model reads them in a prompt, each with an example of its input. */
export const actionList = (specs: readonly ActionSpecText[]): string => specs.map(describe).join('\n\n')

const describe = ({ name, description, arguments: args, returns }: ActionSpecText): string =>
  [`### ${name}`, description, `Action Input: ${exampleInput(args)}`, `You will observe: ${returns}`].join('\n')

/** What an action's input looks like: each argument with what it means in its place. */
export const exampleInput = (args: Readonly<Record<string, string>>): string =>
  `{${Object.entries(args).map(([field, meaning]) => `${JSON.stringify(field)}: ${JSON.stringify(`[${meaning}]`)}`).join(', ')}}`
