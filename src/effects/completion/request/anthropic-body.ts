import type { Message } from '../provider.ts'
import type { BodyParts } from './body-parts.ts'

/** Anthropic takes four; the last ones cover the most. */
const MAX_BREAKPOINTS = 4

interface Block { type: string; [key: string]: unknown }
interface Turn { role: 'user' | 'assistant'; content: Block[] }

/** Body of POST /v1/messages. The order of keys is part of the request's hash. */
export function anthropicBody({ model, messages, tools, temperature, max_tokens, stop, stream, effort, omitted }: BodyParts): string {
  const limited = omitted.has('cache_control') ? messages.map(withoutBreakpoints) : lastBreakpoints(messages)
  const start = limited.findIndex(({ role }) => role !== 'system')
  const system = limited.slice(0, start < 0 ? limited.length : start).flatMap(textBlocks)
  const stops = stop.filter((text) => text.trim() !== '')
  const turns = turnsOf(start < 0 ? [] : limited.slice(start))
  return JSON.stringify({
    model,
    max_tokens,
    ...(system.length === 0 ? {} : { system }),
    messages: turns,
    ...(temperature === undefined || omitted.has('temperature') ? {} : { temperature: Math.min(1, temperature) }),
    ...(effort === undefined || omitted.has('effort') ? {} : { output_config: { effort } }),
    ...(stops.length === 0 || omitted.has('stop') ? {} : { stop_sequences: stops }),
    ...(tools.length === 0 ? {} : { tools: tools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters })) }),
    ...(stream ? { stream: true } : {}),
  })
}

/** A conversation begins and ends with the user, and the two take turns; results of tools are the user's, and come before what the user says. */
function turnsOf(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = []
  const add = (role: Turn['role'], blocks: Block[]): void => {
    if (blocks.length === 0) return
    const last = turns.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else turns.push({ role, content: blocks })
  }
  for (const message of messages) {
    if (message.role === 'assistant') add('assistant', [...textBlocks(message), ...message.toolCalls.map(({ id, name, arguments: given }) => ({ type: 'tool_use', id, name, input: inputOf(given) }))])
    else if (message.role === 'tool') add('user', [resultBlock(message)])
    else add('user', textBlocks(message))
  }
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', content: [{ type: 'text', text: turns.length === 0 ? 'Begin.' : '(The conversation begins with your message.)' }] })
  if (turns.at(-1)?.role !== 'user') turns.push({ role: 'user', content: [{ type: 'text', text: 'Go on.' }] })
  return turns
}

const CACHED = { cache_control: { type: 'ephemeral' } }

const textBlocks = ({ pieces }: Message): Block[] => pieces.map(({ text, breakpoint }) => ({ type: 'text', text, ...(breakpoint === true ? CACHED : {}) }))

const resultBlock = ({ toolCallId = '', pieces }: Message): Block =>
  ({ type: 'tool_result', tool_use_id: toolCallId, content: pieces.map(({ text }) => text).join(''), ...(pieces.at(-1)?.breakpoint === true ? CACHED : {}) })

const inputOf = (given: Record<string, unknown>): Record<string, unknown> => (typeof given[''] === 'string' && Object.keys(given).length === 1 ? { unreadable: given[''] } : given)

const withoutBreakpoints = (message: Message): Message => ({ ...message, pieces: message.pieces.map(({ text }) => ({ text })) })

function lastBreakpoints(messages: readonly Message[]): Message[] {
  let left = MAX_BREAKPOINTS
  return messages.toReversed().map((message) => ({
    ...message, pieces: message.pieces.toReversed().map(({ text, breakpoint }) => ({ text, ...(breakpoint === true && left-- > 0 ? { breakpoint } : {}) })).toReversed(),
  })).toReversed()
}
