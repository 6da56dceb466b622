import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import type { Projection } from './projection.ts'

/** What a run's actors, runners and user said, by speaker, in the speaker's own order. */
export type SemanticLog = Record<string, string[]>

/** Facts of how a run was served, not of what happened in it. */
const LIFECYCLE = new Set(['run.resumed', 'effect.started', 'effect.lost', 'timer.armed', 'timer.cancelled'])
/** Ids, positions and code: equal runs differ in them. */
const LEFT_OUT = new Set(['clock', 'effect', 'retry_of', 'armed_id', 'cause_seq', 'machine_version', 'digests'])

interface State { lines: Map<string, Array<{ seq: number; line: string }>>; fired: Map<number, string> }

/**
 * Everything but times, ids, positions and attempts (architecture, section 5): equal for a run in one process and a run in many,
 * and for a disturbed and an undisturbed one. Runners speak per recipient, since two of them may answer in either order.
 */
export const semanticProjection: Projection<State, SemanticLog> = {
  name: 'semantic-log',
  version: 1,
  initial: () => ({ lines: new Map(), fired: new Map() }),
  apply: (state, event) => {
    if (LIFECYCLE.has(event.type)) return state
    // A timer that came too late to count leaves no trace: whether it does is a matter of milliseconds.
    if (event.type === 'actor.stepped' && event.payload.dropped) {
      const speaker = state.fired.get(event.payload.cause_seq)
      if (speaker !== undefined) state.lines.set(speaker, (state.lines.get(speaker) ?? []).filter(({ seq }) => seq !== event.payload.cause_seq))
      return state
    }
    const speaker = event.from === 'runner' || event.from === 'journal' ? `runner to ${event.to}` : event.from
    if (event.type === 'timer.fired') state.fired.set(event.seq, speaker)
    const line = { seq: event.seq, line: canonicalJson(lineOf(event)) }
    const lines = state.lines.get(speaker)
    if (lines === undefined) state.lines.set(speaker, [line])
    else lines.push(line)
    return state
  },
  result: ({ lines }) => Object.fromEntries([...lines].filter(([, said]) => said.length > 0).sort(([a], [b]) => (a < b ? -1 : 1)).map(([speaker, said]) => [speaker, said.map(({ line }) => line)])),
}

const lineOf = (event: AnyEvent): unknown => {
  const payload = Object.fromEntries(Object.entries(event.payload).filter(([key]) => !LEFT_OUT.has(key)))
  if (event.type !== 'actor.stepped') return { type: event.type, to: event.to, payload }
  // `all` is the digest without `clock`; the digest of `clock` itself differs between equal runs.
  return { type: event.type, to: event.to, payload, changed: event.payload.digests.filter(({ key }) => key !== 'clock') }
}

/** The first line in which two semantic logs differ; undefined when they are equal. */
export function firstSemanticDifference(a: SemanticLog, b: SemanticLog): { speaker: string; line: number; a: string | undefined; b: string | undefined } | undefined {
  for (const speaker of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    const [left = [], right = []] = [a[speaker], b[speaker]]
    for (let line = 0; line < Math.max(left.length, right.length); line++) if (left[line] !== right[line]) return { speaker, line, a: left[line], b: right[line] }
  }
  return undefined
}
