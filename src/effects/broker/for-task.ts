import { join } from 'node:path'
import { roleSettings } from '../../../schemas/completion.ts'
import type { LlmSettings, RoleSettings } from '../../../schemas/completion.ts'
import { KymoError } from '../../../schemas/errors.ts'
import type { ServiceSettings } from '../../../schemas/services.ts'
import type { ProfileName } from '../../../schemas/task.ts'
import type { BlobStore } from '../../blobs/index.ts'
import { createAsker, localRespond } from '../completion/index.ts'
import type { AskModel, Respond } from '../completion/index.ts'
import { layerFolder, loadTask } from '../tasks/index.ts'
import type { Task } from '../tasks/index.ts'
import { openBroker } from './broker.ts'
import type { Broker, BrokerOptions } from './broker.ts'

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

/** Opens the broker that a run's record asks for. `respond` carries a real model's questions; without it, the task's own model answers. */
export async function brokerFor(services: ServiceSettings, { blobs, respond, ...options }: Omit<BrokerOptions, 'services' | 'ask'> & { blobs: BlobStore; respond?: Respond | undefined }): Promise<Broker> {
  return openBroker({ ...options, services, ask: await askerOf(services, blobs, respond) })
}

/** Where the data lies that a run's scripts see, which holds what its services serve. Throws KYMO_TASK_NOT_PREPARED. */
export function servedFolder(layers: readonly { tree: string }[]): string {
  const folder = layers.map(({ tree }) => layerFolder(tree)).find((one) => one !== undefined)
  if (folder === undefined) throw new KymoError('KYMO_TASK_NOT_PREPARED', 'the data that the services of this task serve is not on this machine. Type here: kymo task prepare TASK --profile PROFILE, as the run has them')
  return folder
}

async function askerOf({ task, model }: ServiceSettings, blobs: BlobStore, respond: Respond | undefined): Promise<AskModel | undefined> {
  if (model === undefined) return undefined
  if (model.settings !== undefined && respond !== undefined) return createAsker(model.settings, respond)
  const { folder } = await loadTask(task)
  const local: RoleSettings = roleSettings.parse({ provider: 'scripted', model: 'local', module: join(folder, model.local), max_tokens: model.answer_tokens })
  return createAsker(local, localRespond(blobs))
}
