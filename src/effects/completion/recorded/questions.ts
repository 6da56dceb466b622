import type { CompletionSpec, EventPayloads } from '../../../../schemas/generated/events.ts'
import type { AnyEvent, RecordedEvent } from '../../../../schemas/record.ts'

export type Outcome = { succeeded: EventPayloads['effect.succeeded'] } | { failed: EventPayloads['effect.failed'] }

/** A call of a model as the log has it. */
export interface Question {
  effect: string
  seq: number
  /** the instance that asked; it asks again when it retries */
  from: string
  spec: CompletionSpec
  outcome: Outcome | undefined
}

/** The completions among a run's events, in the order in which they were asked for. Events may come in pieces. */
export interface Questions {
  readonly all: readonly Question[]
  /** seq of the event to read next */
  readonly next: number
  add(event: AnyEvent): void
}

export function createQuestions(): Questions {
  const all: Question[] = []
  const open = new Map<string, Question>()
  let next = 0
  return {
    all,
    get next() { return next },
    add: (event) => {
      next = event.seq + 1
      if (event.type === 'effect.requested') ask(event)
      else if (event.type === 'effect.succeeded') settle(event.payload.effect, { succeeded: event.payload })
      else if (event.type === 'effect.failed') settle(event.payload.effect, { failed: event.payload })
    },
  }
  function ask({ id, seq, from, payload }: RecordedEvent<'effect.requested'>): void {
    if (payload.kind !== 'completion' || payload.completion === undefined) return
    const question: Question = { effect: id, seq, from, spec: payload.completion, outcome: undefined }
    all.push(question)
    open.set(id, question)
  }
  function settle(effect: string, outcome: Outcome): void {
    const question = open.get(effect)
    if (question === undefined) return
    question.outcome = outcome
    open.delete(effect)
  }
}

/** The key of the request as its outcome recorded it; '' when there is none. */
export const recordedKey = ({ outcome }: Question): string => {
  if (outcome === undefined) return ''
  return ('succeeded' in outcome ? outcome.succeeded.completion?.request : outcome.failed.request) ?? ''
}
