import type { LlmSettings } from '../../../schemas/completion.ts'
import type { ServiceSettings } from '../../../schemas/services.ts'
import type { ProfileName } from '../../../schemas/task.ts'
import type { Task } from '../tasks/index.ts'

const REAL: readonly string[] = ['openai', 'anthropic', 'openai-compatible']

/**
 * The services of a task as a run records them: the model of role `fast` answers scripts when it is a real one, else the task's own does.
 * Undefined when the task offers none.
 */
export function servicesOf({ name, manifest }: Task, profile: ProfileName, llm?: LlmSettings): ServiceSettings | undefined {
  const { services } = manifest
  if (services === undefined) return undefined
  const { literature, model } = services
  const fast = llm?.fast
  const real = fast !== undefined && REAL.includes(fast.provider)
  return {
    task: name, profile, ...(literature === undefined ? {} : { literature }),
    ...(model === undefined ? {} : { model: { ...model, ...(real ? { settings: fast } : {}) } }),
  }
}
