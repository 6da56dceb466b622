import type { AnyEvent } from '../../schemas/record.ts'
import type { Divergence } from '../host/index.ts'

export type CheckName = 'chain' | 'order' | 'blobs' | 'fold' | 'effects' | 'timers' | 'files' | 'requests' | 'workspace' | 'metrics'

/**
 * Something in a run that does not hold. `expected` is what the record (or the head, or the stored view) says, `actual` what its
 * bytes or the computation give now; `actor` is who the record is from.
 */
export interface Problem extends Divergence { check: CheckName; message: string }

export const problem = (check: CheckName, at: { seq: number; actor: string }, field: string, expected: unknown, actual: unknown, message: string): Problem =>
  ({ seq: at.seq, actor: at.actor, field, expected: show(expected), actual: show(actual), check, message })

/** Who a problem of this event is reported for. */
export const placeOf = (event: AnyEvent): { seq: number; actor: string } => ({ seq: event.seq, actor: event.from })

const show = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 300 ? `${text.slice(0, 300)}...` : text
}

/** One rule that a log must keep, fed with its events in order. */
export interface Check {
  apply(event: AnyEvent): Problem[] | Promise<Problem[]>
}
