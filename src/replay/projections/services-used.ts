import { serviceFacts } from '../../../schemas/services.ts'

/** What programs asked of their task's services, summed. `models`: who answered. Their model calls are no part of the run's usage by roles. */
export interface ServicesUsed { searches: number; questions: number; refused: number; failed: number; input_tokens: number; output_tokens: number; cost_usd: number; models: string[] }

export const noServices = (): ServicesUsed => ({ searches: 0, questions: 0, refused: 0, failed: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0, models: [] })

/** Adds what the facts of one script or grading say; nothing where it had no services. */
export function addServices(sum: ServicesUsed, recorded: string): void {
  const { literature, model } = factsIn(recorded) ?? {}
  sum.searches += literature?.calls ?? 0
  sum.refused += (literature?.refused ?? 0) + (model?.refused ?? 0)
  if (model === undefined) return
  sum.questions += model.calls
  sum.failed += model.failed
  sum.input_tokens += model.input_tokens
  sum.output_tokens += model.output_tokens
  sum.cost_usd += model.cost_usd
  if (model.calls > 0 && !sum.models.includes(model.name)) sum.models.push(model.name)
}

function factsIn(recorded: string): ReturnType<typeof serviceFacts.parse> | undefined {
  try {
    return serviceFacts.safeParse(JSON.parse(recorded)).data
  } catch {
    return undefined
  }
}
