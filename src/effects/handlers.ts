import type { ActorName } from '../../schemas/actor-names.ts'
import type { StoreConnection } from '../bus/index.ts'
import type { EffectHandler } from './attempt.ts'
import { parseProviderLimits } from './completion/index.ts'
import { fileHandler } from './file-handler.ts'
import type { MachineRoom, MachineRoomOptions } from './machine-room.ts'
import type { RunnerOptions } from './runner.ts'

/** Makes something when it is first asked for. */
function once<T>(make: () => Promise<T>): { get: () => Promise<T>; made: () => Promise<T> | undefined } {
  let made: Promise<T> | undefined
  return { get: () => (made ??= make()), made: () => made }
}

/** A handler whose code is loaded with its first attempt: a run begins before it needs scripts, graders or models. */
function atFirst(make: () => Promise<EffectHandler>): EffectHandler {
  const handler = once(make)
  const handle: EffectHandler = async (attempt) => (await handler.get())(attempt)
  handle.prepare = (request) => void handler.made()?.then((made) => made.prepare?.(request))
  return handle
}

/** The runners that live with these actors: files with the environment, scripts with the executor, and so on. */
export function handlersFor(actors: ReadonlySet<ActorName>, client: StoreConnection, room: MachineRoom, options: MachineRoomOptions = {}): { kinds: RunnerOptions['kinds']; close: () => Promise<void> } {
  const kinds: Record<string, RunnerOptions['kinds'][string]> = {}
  const { blobs } = client
  const asking = { blobs, keys: room.key, limits: parseProviderLimits(room.providerLimits) }
  const respond = once(async () => (await import('./completion/script-questions.ts')).scriptQuestions(asking))
  const execution = once(async () => (await import('./execution-handler.ts')).executionHandler(room, blobs, await respond.get()))
  if (actors.has('environment')) kinds['file'] = { handle: fileHandler, slots: 4 }
  // People are asked where the environment is.
  if (actors.has('environment')) kinds['human'] = { handle: atFirst(async () => (await import('./human-handler.ts')).humanHandler(blobs, options.ask)), slots: 1 }
  if (actors.has('executor')) kinds['execution'] = { handle: async (attempt) => (await execution.get()).handle(attempt), slots: 1 }
  if (actors.has('llm-tool')) kinds['completion'] = { handle: atFirst(async () => (await import('./completion/handler.ts')).completionHandler(asking)), slots: 16 }
  if (actors.has('evaluator')) kinds['grading'] = { handle: atFirst(async () => (await import('./grading-handler.ts')).gradingHandler(room, blobs, await respond.get())), slots: 1 }
  return { kinds, close: async () => (await execution.made())?.close() }
}
