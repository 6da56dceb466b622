import type { MachineRoomOptions } from '../effects/index.ts'
import type { SandboxRequest } from '../effects/index.ts'
import { setting } from './dotenv.ts'

export interface MachineOptions { sandbox: SandboxRequest; python?: string; providerLimits?: string }

/** What this process offers to a run's effects: sandbox, interpreter, keys of providers. */
export const machineOf = (options: MachineOptions): MachineRoomOptions => ({
  sandbox: options.sandbox, keys: setting,
  ...(options.python === undefined ? {} : { python: options.python }), ...(options.providerLimits === undefined ? {} : { providerLimits: options.providerLimits }),
})
