import { isActor } from '../../../schemas/actor-names.ts'
import { outputId } from '../../../schemas/record.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import { placeOf, problem } from '../problem.ts'
import type { Check, Problem } from '../problem.ts'

const FROM_USER = new Set(['run.started', 'run.cancel_requested', 'message.rejected', 'action.requested'])
const FROM_JOURNAL = new Set(['run.resumed', 'effect.started', 'effect.lost', 'effect.failed', 'timer.fired'])
const FROM_RUNNER = new Set(['effect.succeeded', 'effect.failed'])

interface Batch { actor: string; causeId: string; at: number; left: number; head: number }

/**
 * Who may say what, and when: the run begins with run.started and ends with run.finished, an actor speaks only in a reaction to
 * the oldest event in its inbox, and a reaction stands in the log as a whole.
 */
export function orderCheck(): Check {
  const inbox = new Map<string, Array<{ seq: number; id: string }>>()
  let batch: Batch | undefined
  let sealed: number | undefined

  const begin = (event: AnyEvent, actor: string, cause: number, outputs: number): Problem[] => {
    const queue = inbox.get(actor)
    const oldest = queue?.shift()
    if (queue?.length === 0) inbox.delete(actor)
    batch = outputs === 0 ? undefined : { actor, causeId: event.causeId, at: 0, left: outputs, head: event.seq }
    const found: Problem[] = []
    if (event.from !== actor) found.push(problem('order', placeOf(event), 'from', actor, event.from, `seq ${event.seq} steps ${actor} but is from ${event.from}`))
    if (oldest?.seq !== cause) found.push(problem('order', placeOf(event), 'cause_seq', cause, oldest?.seq ?? 'none', `seq ${event.seq} says that ${actor} reacted to ${cause}, but the oldest event it had not seen is ${oldest?.seq ?? 'none'}`))
    else if (oldest.id !== event.causeId) found.push(problem('order', placeOf(event), 'cause_id', event.causeId, oldest.id, `seq ${event.seq} names another cause than its cause_seq ${cause}`))
    const id = outputId(event.runId, event.causeId, actor, 0)
    if (event.id !== id) found.push(problem('order', placeOf(event), 'event_id', event.id, id, `the id of seq ${event.seq} is not derived from its cause`))
    return found
  }

  const output = (event: AnyEvent, { actor, causeId, at }: Batch): Problem[] => {
    const found: Problem[] = []
    if (event.from !== actor || event.causeId !== causeId) return [problem('order', placeOf(event), 'cause_id', causeId, event.causeId, `seq ${event.seq} stands in the middle of a reaction of ${actor} to which it does not belong`)]
    const id = outputId(event.runId, causeId, actor, at)
    if (event.id !== id) found.push(problem('order', placeOf(event), 'event_id', event.id, id, `the id of seq ${event.seq} is not derived from its cause`))
    return found
  }

  const alone = (event: AnyEvent): Problem[] => {
    const allowed = event.from === 'user' ? FROM_USER : event.from === 'journal' ? FROM_JOURNAL : event.from === 'runner' ? FROM_RUNNER : undefined
    if (allowed?.has(event.type) === true) return []
    const who = event.from === '' ? 'nobody' : event.from
    return [problem('order', placeOf(event), 'from', event.type, who, isActor(event.from) ? `seq ${event.seq} (${event.type}) is from ${who} but belongs to none of its reactions` : `seq ${event.seq}: ${who} cannot record ${event.type}`)]
  }

  return {
    apply: (event) => {
      const found: Problem[] = []
      if (sealed !== undefined) found.push(problem('order', placeOf(event), 'type', 'nothing', event.type, `the run was finished at seq ${sealed}, and seq ${event.seq} comes after that`))
      if ((event.seq === 0) !== (event.type === 'run.started')) found.push(problem('order', placeOf(event), 'type', event.seq === 0 ? 'run.started' : 'anything else', event.type, event.seq === 0 ? 'a run begins with run.started' : `seq ${event.seq} starts the run a second time`))
      if (batch !== undefined) {
        batch.at++
        batch.left--
        found.push(...output(event, batch))
        if (batch.left === 0) batch = undefined
      } else if (event.type === 'actor.stepped') found.push(...begin(event, event.payload.actor, event.payload.cause_seq, event.payload.outputs))
      else if (event.type === 'actor.faulted') found.push(...begin(event, event.payload.actor, event.payload.cause_seq, event.payload.actor === 'environment' ? 1 : 0))
      else found.push(...alone(event))
      if (isActor(event.to)) {
        const queue = inbox.get(event.to)
        if (queue === undefined) inbox.set(event.to, [{ seq: event.seq, id: event.id }])
        else queue.push({ seq: event.seq, id: event.id })
      }
      if (event.type === 'run.finished') sealed = event.seq
      return found
    },
  }
}
