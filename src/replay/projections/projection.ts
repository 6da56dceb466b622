import type { AnyEvent } from '../../../schemas/record.ts'

/**
 * A fold of a run's events and of nothing else: `apply` may change the state it is given. Raise `version` when results change, so
 * that a stored result of another version is never taken for this one's.
 */
export interface Projection<State, Result> {
  name: string
  version: number
  initial: () => State
  apply: (state: State, event: AnyEvent) => State
  /** what the state says so far; does not change it */
  result: (state: State) => Result
}

/** Folds events from the start, or on from a state. */
export async function project<State, Result>(projection: Projection<State, Result>, events: Iterable<AnyEvent> | AsyncIterable<AnyEvent>): Promise<Result> {
  let state = projection.initial()
  for await (const event of events) state = projection.apply(state, event)
  return projection.result(state)
}
