import { z } from 'zod'
import type { Message, ModelRequest, Problem, ToolCall } from './types.ts'

/** Every argument that the official SDK's types know. */
const KNOWN = new Set(['audio', 'frequency_penalty', 'function_call', 'functions', 'logit_bias', 'logprobs', 'max_completion_tokens', 'max_tokens', 'messages', 'metadata', 'modalities', 'model',
  'moderation', 'n', 'parallel_tool_calls', 'prediction', 'presence_penalty', 'prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention', 'reasoning_effort', 'response_format',
  'safety_identifier', 'seed', 'service_tier', 'stop', 'store', 'stream', 'stream_options', 'temperature', 'tool_choice', 'tools', 'top_logprobs', 'top_p', 'user', 'verbosity', 'web_search_options'])

const text = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() }))])
const bodySchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({
    role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
    content: text.nullish(),
    tool_calls: z.array(z.looseObject({ id: z.string(), type: z.literal('function'), function: z.object({ name: z.string(), arguments: z.string() }) })).min(1).optional(),
    tool_call_id: z.string().optional(),
  })),
  tools: z.array(z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string(), description: z.string().optional(), parameters: z.unknown().optional() }) })).min(1).optional(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  n: z.literal(1).nullish(),
})
type Body = z.output<typeof bodySchema>

const refuse = (message: string, param: string | null = null, code: string | null = null): Problem => ({ status: 400, type: 'invalid_request_error', message, param, code })
const said = (content: z.output<typeof text> | null | undefined): string => (typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? part.refusal ?? '').join(''))

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}

/** Models that reason take neither a temperature nor `max_tokens` nor stop sequences. */
const reasons = (model: string): boolean => /^(o\d|gpt-5)/.test(model)

function unsupported(body: Body): Problem | undefined {
  for (const name of Object.keys(body)) if (!KNOWN.has(name)) return refuse(`Unrecognized request argument supplied: ${name}`, null, 'unknown_parameter')
  if (body.stream_options && body.stream !== true) return refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options')
  if (body.tools === undefined && body.tool_choice !== undefined) return refuse("'tool_choice' is only allowed when 'tools' are specified.", 'tool_choice')
  if (body.tools === undefined && body.parallel_tool_calls !== undefined) return refuse("'parallel_tool_calls' is only allowed when 'tools' are specified.", 'parallel_tool_calls')
  if (!reasons(body.model)) return undefined
  if (body.max_tokens) return refuse("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", 'max_tokens', 'unsupported_parameter')
  if (body.stop) return refuse("Unsupported parameter: 'stop' is not supported with this model.", 'stop', 'unsupported_parameter')
  if (body.temperature !== undefined && body.temperature !== null && body.temperature !== 1) {
    return refuse(`Unsupported value: 'temperature' does not support ${body.temperature} with this model. Only the default (1) value is supported.`, 'temperature', 'unsupported_value')
  }
  return undefined
}

function badTools(body: Body): Problem | undefined {
  for (const [index, { function: tool }] of (body.tools ?? []).entries()) {
    const param = `tools[${index}].function`
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(tool.name)) return refuse(`Invalid '${param}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`, `${param}.name`, 'invalid_value')
    const type = z.looseObject({ type: z.literal('object') }).safeParse(tool.parameters ?? { type: 'object' })
    if (!type.success) return refuse(`Invalid schema for function '${tool.name}': schema must be a JSON Schema of 'type: "object"'.`, `${param}.parameters`, 'invalid_function_parameters')
  }
  return undefined
}

/** Every tool call must be answered before anything else is said, and nothing else may be answered. */
function badConversation(body: Body): Problem | undefined {
  if (body.messages.length === 0) return refuse("Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.", 'messages', 'empty_array')
  let open = new Set<string>()
  for (const [index, message] of body.messages.entries()) {
    const answers = message.role === 'tool' && open.delete(message.tool_call_id ?? '')
    if (message.role === 'tool' && !answers) return refuse("Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.", `messages.[${index}].role`)
    if (message.role !== 'tool' && open.size > 0) return unanswered(open)
    if (message.content === null || message.content === undefined) {
      if (message.role !== 'assistant' || message.tool_calls === undefined) return refuse("Invalid value for 'content': expected a string, got null.", `messages.[${index}].content`)
    }
    if (message.tool_calls) open = new Set(message.tool_calls.map((call) => call.id))
  }
  return open.size > 0 ? unanswered(open) : undefined
}

const unanswered = (open: ReadonlySet<string>): Problem =>
  refuse(`An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`, 'messages')

/** Reads a chat-completions body; what the provider itself would refuse comes back as its refusal. */
export function readOpenAi(raw: unknown): Omit<ModelRequest, 'nth' | 'attempt'> | Problem {
  const { success, data: body, error } = bodySchema.safeParse(raw)
  if (!success) {
    const issue = error.issues[0]
    const param = issue?.path.join('.') ?? null
    return refuse(param === 'model' ? 'you must provide a model parameter' : `Invalid value for '${param}': ${issue?.message}.`, param, 'invalid_value')
  }
  const bad = unsupported(body) ?? badTools(body) ?? badConversation(body)
  if (bad) return bad
  const messages: Message[] = []
  const system: string[] = []
  for (const { role, content, tool_calls, tool_call_id } of body.messages) {
    if (role === 'system' || role === 'developer') system.push(said(content))
    else {
      const toolCalls = tool_calls?.map((call): ToolCall => ({ id: call.id, name: call.function.name, arguments: parsed(call.function.arguments) }))
      messages.push({ role, text: said(content), ...(toolCalls ? { toolCalls } : {}), ...(tool_call_id !== undefined ? { toolCallId: tool_call_id } : {}) })
    }
  }
  return {
    wire: 'openai', model: body.model, system: system.join('\n\n'), messages, stream: body.stream === true, body,
    tools: (body.tools ?? []).map(({ function: tool }) => ({ name: tool.name, description: tool.description ?? '', parameters: tool.parameters ?? {} })),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    stop: typeof body.stop === 'string' ? [body.stop] : body.stop ?? [],
  }
}
