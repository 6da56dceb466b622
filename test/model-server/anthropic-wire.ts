import type Anthropic from '@anthropic-ai/sdk'
import { anthropicProblem } from './anthropic-problems.ts'
import { readAnthropic } from './anthropic-request.ts'
import { bearer } from './bearer.ts'
import { pieces } from './pieces.ts'
import type { Answer, Problem, ServerSentEvent, Stop, WireFormat } from './types.ts'

const REASON: Readonly<Record<Stop, Anthropic.StopReason>> = {
  end: 'end_turn', 'tool-calls': 'tool_use', length: 'max_tokens', 'stop-sequence': 'stop_sequence', refusal: 'refusal', 'content-filter': 'refusal', 'context-window': 'model_context_window_exceeded',
}

/** Input that cache reads and writes cover is not in `input_tokens`. */
const usageOf = ({ usage }: Answer): Anthropic.Usage => ({
  input_tokens: usage.input - usage.cached - usage.cacheWritten,
  cache_creation_input_tokens: usage.cacheWritten,
  cache_read_input_tokens: usage.cached,
  cache_creation: { ephemeral_5m_input_tokens: usage.cacheWritten, ephemeral_1h_input_tokens: 0 },
  output_tokens: usage.output,
  output_tokens_details: usage.reasoning > 0 ? { thinking_tokens: usage.reasoning } : null,
  server_tool_use: null, service_tier: 'standard', inference_geo: null, speed: null,
})

/** A call whose arguments were cut in the middle has the input of nothing. */
function inputOf(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return {}
  }
}

const stopDetails = (answer: Answer): Anthropic.RefusalStopDetails | null => (REASON[answer.stop] === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null)

const base = (answer: Answer) => ({
  id: `msg_${answer.id}`, type: 'message', role: 'assistant', model: answer.model, container: null, diagnostics: null,
} satisfies Partial<Anthropic.Message>)

function complete(answer: Answer): Anthropic.Message {
  const content: Anthropic.ContentBlock[] = [
    ...(answer.thinking === '' ? [] : [{ type: 'thinking' as const, thinking: answer.thinking, signature: 'c2lnbmF0dXJl' }]),
    ...(answer.text === '' ? [] : [{ type: 'text' as const, text: answer.text, citations: null }]),
    ...answer.toolCalls.map(({ id, name, arguments: json }) => ({ type: 'tool_use' as const, id, name, input: inputOf(json), caller: { type: 'direct' as const } })),
  ]
  return { ...base(answer), content, stop_reason: REASON[answer.stop], stop_sequence: answer.stopSequence, stop_details: stopDetails(answer), usage: usageOf(answer) }
}

type Start = Anthropic.RawContentBlockStartEvent['content_block']

function blocks(answer: Answer): { start: Start; deltas: Anthropic.RawContentBlockDelta[] }[] {
  return [
    ...(answer.thinking === '' ? [] : [{
      start: { type: 'thinking' as const, thinking: '', signature: '' },
      deltas: [...pieces(answer.thinking).map((thinking) => ({ type: 'thinking_delta' as const, thinking })), { type: 'signature_delta' as const, signature: 'c2lnbmF0dXJl' }],
    }]),
    ...(answer.text === '' ? [] : [{ start: { type: 'text' as const, text: '', citations: null }, deltas: pieces(answer.text).map((text) => ({ type: 'text_delta' as const, text })) }]),
    ...answer.toolCalls.map(({ id, name, arguments: json }) => ({
      start: { type: 'tool_use' as const, id, name, input: {}, caller: { type: 'direct' as const } },
      deltas: ['', ...pieces(json)].map((partial_json) => ({ type: 'input_json_delta' as const, partial_json })),
    })),
  ]
}

function stream(answer: Answer): ServerSentEvent[] {
  const usage = usageOf(answer)
  const events: (Anthropic.RawMessageStreamEvent | { type: 'ping' })[] = [
    { type: 'message_start', message: { ...base(answer), content: [], stop_reason: null, stop_sequence: null, stop_details: null, usage: { ...usage, output_tokens: 1, output_tokens_details: null } } },
    { type: 'ping' },
    ...blocks(answer).flatMap(({ start, deltas }, index): Anthropic.RawMessageStreamEvent[] => [
      { type: 'content_block_start', index, content_block: start },
      ...deltas.map((delta): Anthropic.RawMessageStreamEvent => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta', delta: { stop_reason: REASON[answer.stop], stop_sequence: answer.stopSequence, stop_details: stopDetails(answer), container: null },
      usage: {
        input_tokens: usage.input_tokens, cache_creation_input_tokens: usage.cache_creation_input_tokens, cache_read_input_tokens: usage.cache_read_input_tokens,
        output_tokens: usage.output_tokens, output_tokens_details: usage.output_tokens_details, server_tool_use: null,
      },
    },
    { type: 'message_stop' },
  ]
  return events.map((event) => ({ event: event.type, data: JSON.stringify(event) }))
}

const errorBody = ({ type, message }: Problem, requestId: string): unknown => ({ type: 'error', error: { type, message }, request_id: requestId })

/** The messages format of Anthropic. */
export const ANTHROPIC: WireFormat = {
  name: 'anthropic',
  requestIdHeader: 'request-id',
  headers: () => ({
    'anthropic-organization-id': 'model-server',
    'anthropic-ratelimit-requests-limit': '1000', 'anthropic-ratelimit-requests-remaining': '999', 'anthropic-ratelimit-requests-reset': new Date(Date.now() + 60_000).toISOString(),
    'anthropic-ratelimit-input-tokens-limit': '40000', 'anthropic-ratelimit-input-tokens-remaining': '39000', 'anthropic-ratelimit-input-tokens-reset': new Date(Date.now() + 60_000).toISOString(),
  }),
  // Newer SDKs send the key as a bearer token, older ones in a header of its own.
  key: (headers) => headers['x-api-key'] ?? bearer(headers),
  wrongKey: (key) => ({ status: 401, type: 'authentication_error', message: key === undefined ? 'x-api-key header is required' : 'invalid x-api-key' }),
  read: readAnthropic,
  problem: anthropicProblem,
  overflow: (tokens, window) => ({ status: 400, type: 'invalid_request_error', message: `prompt is too long: ${tokens} tokens > ${window} maximum` }),
  errorBody,
  complete,
  stream,
  streamError: (requestId) => ({ event: 'error', data: JSON.stringify(errorBody({ status: 529, type: 'overloaded_error', message: 'Overloaded' }, requestId)) }),
}
