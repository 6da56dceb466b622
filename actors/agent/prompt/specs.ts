/** An action as an agent is told of it in `agent.briefed.specs`: all that prompts and tool definitions are made of. */
export interface ActionSpecText {
  name: string
  description: string
  /** what each argument means, by name */
  arguments: Readonly<Record<string, string>>
  returns: string
  primitive: boolean
  /** JSON schema of the arguments */
  schema: Readonly<Record<string, unknown>>
}

/** The actions of a briefing. A run of the first version has none. */
export const readSpecs = (specs: string): ActionSpecText[] => (specs === '' ? [] : (JSON.parse(specs) as ActionSpecText[]))
