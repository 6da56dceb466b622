import type { JsonObject } from '../parsing/index.ts'
import { findHeaders, readReply } from '../parsing/index.ts'

/** What a reply amounts to. `used`: the reply as far as it counts; `thought`: all that was said before the action. */
export type Round =
  | { kind: 'action'; name: string; args: JsonObject; thought: string; used: string }
  | { kind: 'final'; answer: string; thought: string; used: string }
  | { kind: 'unreadable'; sentence: string }

const OBSERVATION = 'Observation'
const FINAL = 'Final Answer'
const HEADERS = ['Thought', 'Action', 'Action Input', OBSERVATION, FINAL]
const BOTH = 'it holds both an action and a final answer'

/**
 * Reads a reply in the zero-shot format. The first action counts, and an observation that the model invented ends what is said. A
 * final answer beside an action is refused, since either could be meant.
 */
export function readRound(reply: string, actions: readonly string[], cut = false): Round {
  const format = { entries: ['Thought'], actions }
  const headers = findHeaders(reply, HEADERS)
  const invented = headers.find(({ name }) => name === OBSERVATION)?.start ?? reply.length
  const action = readReply(reply, format, cut)
  if (action.ok) {
    const begin = headers.find(({ name }) => name === 'Action')?.start ?? 0
    const observed = headers.find(({ name, start }) => name === OBSERVATION && start >= action.used.length)?.start ?? reply.length
    // Such a line within the input is text of the input.
    if (headers.some(({ name, start }) => name === FINAL && (start < begin || (start >= action.used.length && start < observed)))) return unreadable(BOTH)
    return { kind: 'action', name: action.action, args: action.args, thought: action.thought, used: action.used }
  }
  const final = headers.find(({ name, start }) => name === FINAL && start < invented)
  if (final === undefined) return unreadable(action.sentence)
  const beside = readReply(reply.slice(0, invented), format)
  if (!beside.ok && beside.code !== 'no_action') return unreadable(`${BOTH}, and ${beside.sentence}`)
  const answer = reply.slice(final.textStart, invented).trim()
  if (answer === '') return unreadable('the final answer is empty')
  return { kind: 'final', answer, thought: reply.slice(0, final.start).replace(/^\s*Thought:\s*/i, '').trim(), used: reply.slice(0, invented) }
}

const unreadable = (sentence: string): Round => ({ kind: 'unreadable', sentence })
