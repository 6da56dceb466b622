import type { Message, ToolCall } from '../provider.ts'
import type { BodyParts } from './body-parts.ts'

/** Body of POST /chat/completions. The order of keys is part of the request's hash. */
export function openaiBody({ provider, model, messages, tools, temperature, max_tokens, stop, stream, effort, omitted }: BodyParts): string {
  const limits = provider === 'openai' ? ['max_completion_tokens', 'max_tokens'] : ['max_tokens', 'max_completion_tokens']
  const limit = limits.find((name) => !omitted.has(name))
  // Some models take tools here only when they do not think first.
  const reasoning = tools.length > 0 && omitted.has('reasoning_with_tools') ? 'none' : effort
  return JSON.stringify({
    model,
    messages: messages.map((message) => messageOf(message, omitted.has('system'))),
    ...(limit === undefined ? {} : { [limit]: max_tokens }),
    ...(temperature === undefined || omitted.has('temperature') ? {} : { temperature }),
    ...(reasoning === undefined || omitted.has('effort') ? {} : { reasoning_effort: reasoning }),
    ...(stop.length === 0 || omitted.has('stop') ? {} : { stop }),
    ...(tools.length === 0 ? {} : { tools: tools.map(({ name, description, parameters }) => ({ type: 'function', function: { name, description, parameters } })) }),
    ...(stream ? { stream: true } : {}),
    ...(stream && !omitted.has('stream_options') ? { stream_options: { include_usage: true } } : {}),
  })
}

function messageOf({ role, pieces, toolCalls, toolCallId }: Message, noSystem: boolean): Record<string, unknown> {
  const content = pieces.map(({ text }) => text).join('')
  if (role === 'tool') return { role, tool_call_id: toolCallId ?? '', content }
  if (toolCalls.length > 0) return { role, content: content === '' ? null : content, tool_calls: toolCalls.map(callOf) }
  return { role: role === 'system' && noSystem ? 'user' : role, content }
}

/** Arguments that were no JSON go back as they came. */
const callOf = ({ id, name, arguments: given }: ToolCall): Record<string, unknown> => {
  const raw = given['']
  return { id, type: 'function', function: { name, arguments: typeof raw === 'string' && Object.keys(given).length === 1 ? raw : JSON.stringify(given) } }
}
