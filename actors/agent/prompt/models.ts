import { llmSettings } from '../../../schemas/completion.ts'

/** True when a briefing's `llm` names the models of the run; '{}' and nothing at all do not. */
export function hasModel(llm: string | undefined): boolean {
  try {
    return llmSettings.safeParse(JSON.parse(llm ?? '{}')).success
  } catch {
    return false
  }
}
