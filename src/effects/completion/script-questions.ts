import type { Attempt } from '../attempt.ts'
import type { Respond } from './ask.ts'
import type { CompletionOptions } from './handler.ts'
import { createAnswerer } from './providers.ts'

/** Carries the questions of a run's scripts to a real model: through the store's cache and gate, with keys that are read at the last moment. */
export function scriptQuestions({ blobs, keys, limits }: CompletionOptions): (attempt: Pick<Attempt, 'client' | 'runId' | 'effectId'>) => Respond {
  const answer = createAnswerer(limits)
  return ({ client, runId, effectId }) => async (request, signal) => {
    const { answered } = await answer(request, { signal, keys, blobs, put: (bytes) => blobs.put(bytes), client, runId, effectId, output: () => undefined })
    return answered
  }
}
