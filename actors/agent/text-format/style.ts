import { ACTION_ENTRY, INPUT_ENTRY, actionList, atMostSteps, responseFormat } from '../prompt/index.ts'
import type { ActionSpecText, Entry } from '../prompt/index.ts'

/** What tells one text-format agent from another. */
export interface Style {
  id: string
  /** who the model is to be */
  introduction: string
  /** how it is to work; none for agents that are only told the format */
  rules: readonly string[]
  /** entries before Action and Action Input when the config names none */
  entries: readonly Entry[]
  /** the entry that is carried forward when it leaves the window */
  plan?: string
  /** the first question */
  beginning: string
}

/** The system text: who, what may be done, how to work, how to reply, for how long (`steps`; 0: not told). */
export const systemText = (style: Style, specs: readonly ActionSpecText[], entries: readonly Entry[], steps: number): string => [
  style.introduction,
  `The actions you can take:\n\n${actionList(specs)}`,
  ...(style.rules.length === 0 ? [] : [`How to work:\n${style.rules.map((rule, index) => `${index + 1}. ${rule}`).join('\n')}`]),
  responseFormat([...entries, ACTION_ENTRY, INPUT_ENTRY]),
  ...(steps > 0 ? [atMostSteps(steps)] : []),
].join('\n\n')
