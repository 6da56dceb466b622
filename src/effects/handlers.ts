import type { ActorName } from '../../schemas/actor-names.ts'
import type { StoreConnection } from '../bus/index.ts'
import { completionHandler, parseProviderLimits, scriptQuestions } from './completion/index.ts'
import { executionHandler } from './execution-handler.ts'
import { fileHandler } from './file-handler.ts'
import { gradingHandler } from './grading-handler.ts'
import { humanHandler } from './human-handler.ts'
import type { MachineRoom, MachineRoomOptions } from './machine-room.ts'
import type { RunnerOptions } from './runner.ts'

/** The runners that live with these actors: files with the environment, scripts with the executor, and so on. */
export function handlersFor(actors: ReadonlySet<ActorName>, client: StoreConnection, room: MachineRoom, options: MachineRoomOptions = {}): { kinds: RunnerOptions['kinds']; close: () => Promise<void> } {
  const kinds: Record<string, RunnerOptions['kinds'][string]> = {}
  const limits = parseProviderLimits(room.providerLimits)
  const respond = scriptQuestions({ blobs: client.blobs, keys: room.key, limits })
  const execution = executionHandler(room, client.blobs, respond)
  if (actors.has('environment')) kinds['file'] = { handle: fileHandler, slots: 4 }
  // People are asked where the environment is.
  if (actors.has('environment')) kinds['human'] = { handle: humanHandler(client.blobs, options.ask), slots: 1 }
  if (actors.has('executor')) kinds['execution'] = { handle: execution.handle, slots: 1 }
  if (actors.has('llm-tool')) kinds['completion'] = { handle: completionHandler({ blobs: client.blobs, keys: room.key, limits }), slots: 16 }
  if (actors.has('evaluator')) kinds['grading'] = { handle: gradingHandler(room, client.blobs, respond), slots: 1 }
  return { kinds, close: execution.close }
}
