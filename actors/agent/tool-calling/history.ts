import { listAfter, text } from '../../protocol.ts'
import type { ListValue, TextValue } from '../../protocol.ts'
import { segment } from '../prompt/index.ts'
import type { Segment } from '../prompt/index.ts'
import type { Call } from './calls.ts'
import type { Context, CurrentTurn } from './context.ts'

type Read = Readonly<Record<string, string>>
interface Node { prev: ListValue | null; items: Segment[] }

/** How many turns stay when the window has become too long. */
export const keptTurns = (most: number): number => Math.max(1, Math.floor(most / 2))

/**
 * The segments of a turn: the reply with all its calls, then a result for each of them: a call never stands there without its result. The prompt up to here stays
 * as it is while the window does not move, so a provider may cache it; requests keep the newest of such marks.
 */
export function turnSegments({ reply, calls: callsText, results, remark }: CurrentTurn, calls: readonly Call[]): Segment[] {
  const said = segment('assistant', reply, callsText === null ? {} : { tool_calls: callsText })
  const answers = callsText === null
    ? results.map((result) => segment('user', result))
    : calls.map(({ id }, index) => segment('tool', results[index] ?? text('This call was not carried out.'), { tool_call_id: id }))
  return [said, ...answers, ...(remark === '' ? [] : [segment('user', remark)])].map((item, index, all) => (index === all.length - 1 ? { ...item, breakpoint: true } : item))
}

/** The prompt after a turn. Usually one node more; when the window is full, the newer half of the turns after the opening. */
export function addTurn({ opening, history, turns, config }: Context, segments: Segment[], read: Read): Pick<Context, 'history' | 'turns'> {
  if (turns + 1 <= config.max_turns_in_context) return { history: listAfter(history, ...segments), turns: turns + 1 }
  const kept: Segment[] = []
  let node = nodeOf(history, read)
  for (let n = 1; n < keptTurns(config.max_turns_in_context) && node !== undefined; n++) {
    kept.unshift(...node.items)
    node = nodeOf(node.prev, read)
  }
  return { history: listAfter(opening, segment('user', DROPPED), ...kept, ...segments), turns: keptTurns(config.max_turns_in_context) }
}

const DROPPED = '[Earlier steps are no longer shown.]'

const nodeOf = (list: ListValue | null, read: Read): Node | undefined => {
  const node = list?.ref === undefined ? undefined : read[list.ref]
  return node === undefined ? undefined : (JSON.parse(node) as Node)
}

/** The nodes that `addTurn` will read, as far as they are known; asked again, it names the next. */
export function nodesNeeded({ history, turns, config }: Context, read: Read): string[] {
  if (turns + 1 <= config.max_turns_in_context) return []
  const out: string[] = []
  let list = history
  for (let n = 1; n < keptTurns(config.max_turns_in_context) && list?.ref !== undefined; n++) {
    out.push(list.ref)
    list = nodeOf(list, read)?.prev ?? null
  }
  return out
}

/** The result of a call as the model gets it: a long one without its middle. */
export function shorten(observation: TextValue, limit: number): TextValue {
  const words = observation.text ?? ''
  if (words.length <= limit) return observation
  const half = Math.floor(limit / 2)
  return text(`${words.slice(0, half)}\n[... ${words.length - 2 * half} characters are left out here ...]\n${words.slice(-half)}`)
}
