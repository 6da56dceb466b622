import { join } from 'node:path'
import { roleSettings } from '../../../schemas/completion.ts'
import type { RoleSettings } from '../../../schemas/completion.ts'
import { KymoError } from '../../../schemas/errors.ts'
import type { ServiceSettings } from '../../../schemas/services.ts'
import type { BlobStore } from '../../blobs/index.ts'
import { createAsker, localRespond } from '../completion/index.ts'
import type { AskModel, Respond } from '../completion/index.ts'
import { layerFolder, loadTask } from '../tasks/index.ts'
import { openBroker } from './broker.ts'
import type { Broker, BrokerOptions } from './broker.ts'

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
