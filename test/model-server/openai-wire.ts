import type OpenAI from 'openai'
import { bearer } from './bearer.ts'
import { openAiProblem } from './openai-problems.ts'
import { readOpenAi } from './openai-request.ts'
import { pieces } from './pieces.ts'
import type { Answer, ModelRequest, Problem, ServerSentEvent, Stop, WireFormat } from './types.ts'

type Completion = OpenAI.Chat.Completions.ChatCompletion
type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk
type Delta = Chunk['choices'][number]['delta'] & { reasoning_content?: string }

const FINISH: Readonly<Record<Stop, Completion['choices'][number]['finish_reason']>> = {
  end: 'stop', 'stop-sequence': 'stop', refusal: 'stop', 'tool-calls': 'tool_calls', length: 'length', 'context-window': 'length', 'content-filter': 'content_filter',
}

const usageOf = ({ usage }: Answer): OpenAI.CompletionUsage => ({
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
  prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
})

function complete(answer: Answer): Completion {
  const refused = answer.stop === 'refusal'
  const toolCalls = answer.toolCalls.map(({ id, name, arguments: json }) => ({ id, type: 'function' as const, function: { name, arguments: json } }))
  const message = {
    role: 'assistant' as const,
    content: refused || (answer.text === '' && toolCalls.length > 0) ? null : answer.text,
    refusal: refused ? answer.text : null,
    annotations: [],
    ...(answer.thinking === '' ? {} : { reasoning_content: answer.thinking }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
  }
  return {
    id: `chatcmpl-${answer.id}`, object: 'chat.completion', created: Math.floor(answer.createdAt / 1000), model: answer.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: FINISH[answer.stop] }],
    usage: usageOf(answer), service_tier: 'default', system_fingerprint: 'fp_model_server',
  }
}

function deltas(answer: Answer): Delta[] {
  const field = answer.stop === 'refusal' ? 'refusal' : 'content'
  return [
    { role: 'assistant', content: answer.toolCalls.length > 0 && answer.text === '' ? null : '', refusal: null },
    ...pieces(answer.thinking).map((piece): Delta => ({ reasoning_content: piece })),
    ...pieces(answer.text).map((piece): Delta => ({ [field]: piece })),
    ...answer.toolCalls.flatMap(({ id, name, arguments: json }, index): Delta[] => [
      { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] },
      ...pieces(json).map((piece): Delta => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]),
  ]
}

function stream(answer: Answer, { body }: ModelRequest): ServerSentEvent[] {
  const options = body.stream_options
  const withUsage = typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
  const chunk = (choices: Chunk['choices'], usage: OpenAI.CompletionUsage | null): ServerSentEvent => ({
    data: JSON.stringify({
      id: `chatcmpl-${answer.id}`, object: 'chat.completion.chunk', created: Math.floor(answer.createdAt / 1000), model: answer.model,
      service_tier: 'default', system_fingerprint: 'fp_model_server', choices, ...(withUsage ? { usage } : {}),
    } satisfies Chunk),
  })
  return [
    ...deltas(answer).map((delta) => chunk([{ index: 0, delta, logprobs: null, finish_reason: null }], null)),
    chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: FINISH[answer.stop] }], null),
    ...(withUsage ? [chunk([], usageOf(answer))] : []),
    { data: '[DONE]' },
  ]
}

const errorBody = ({ message, type, param = null, code = null }: Problem): unknown => ({ error: { message, type, param, code } })

/** The chat-completions format of OpenAI and of all who speak it too. */
export const OPENAI: WireFormat = {
  name: 'openai',
  requestIdHeader: 'x-request-id',
  headers: () => ({
    'openai-organization': 'model-server', 'openai-version': '2020-10-01', 'openai-processing-ms': '7',
    'x-ratelimit-limit-requests': '500', 'x-ratelimit-remaining-requests': '499', 'x-ratelimit-reset-requests': '120ms',
    'x-ratelimit-limit-tokens': '200000', 'x-ratelimit-remaining-tokens': '199000', 'x-ratelimit-reset-tokens': '300ms',
  }),
  key: bearer,
  wrongKey: (key) => key === undefined
    ? { status: 401, type: 'invalid_request_error', message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)." }
    : openAiProblem({ fault: 'authentication' }, { model: '' }, key) ?? { status: 401, type: 'invalid_request_error', message: '' },
  read: readOpenAi,
  problem: openAiProblem,
  overflow: (tokens, window) => ({
    status: 400, type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded',
    message: `This model's maximum context length is ${window} tokens. However, your messages resulted in ${tokens} tokens. Please reduce the length of the messages.`,
  }),
  errorBody,
  complete,
  stream,
  streamError: () => ({ data: JSON.stringify(errorBody({ status: 500, type: 'server_error', message: 'The server had an error while processing your request. Sorry about that!', code: 'server_error' })) }),
}
