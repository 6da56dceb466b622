import { describe, expect, it } from 'vitest'
import { classify } from '../../../src/effects/completion/live/classify.ts'
import { retryAfterOf } from '../../../src/effects/completion/live/retry-after.ts'

const openai = (message: string, more: object = {}) => JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null, ...more } })
const anthropic = (type: string, message: string) => JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' })

/** What providers and servers say, and what it means. */
const CORPUS: ReadonlyArray<readonly [string, number, string, string, string?]> = [
  // too long
  ['OpenAI', 400, openai("This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens. Please reduce the length of the messages.", { code: 'context_length_exceeded' }), 'context_overflow'],
  ['OpenAI, newer', 400, openai('Your input exceeds the context window of this model. Please adjust your input and try again.', { code: 'context_length_exceeded' }), 'context_overflow'],
  ['OpenAI, more than a minute allows', 429, openai('Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 48000. The input or output tokens must be reduced in order to run successfully.', { type: 'tokens', code: 'rate_limit_exceeded' }), 'context_overflow'],
  ['Groq', 413, openai('Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 12000, please reduce your message size and try again.', { code: 'rate_limit_exceeded' }), 'context_overflow'],
  ['Anthropic', 400, anthropic('invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum'), 'context_overflow'],
  ['Anthropic, with the reply', 400, anthropic('invalid_request_error', 'input length and `max_tokens` exceed context limit: 199000 + 20000 > 200000, decrease input length or `max_tokens` and try again'), 'context_overflow'],
  ['Anthropic, bytes', 413, anthropic('request_too_large', 'Request exceeds the maximum allowed number of bytes.'), 'context_overflow'],
  ['vLLM', 400, JSON.stringify({ object: 'error', message: "This model's maximum context length is 4096 tokens. However, you requested 6096 tokens (5096 in the messages, 1000 in the completion). Please reduce the length of the messages or completion.", type: 'BadRequestError', code: 400 }), 'context_overflow'],
  ['vLLM, newer', 400, openai('The decoder prompt (length 9000) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller than the number of text tokens.', { code: 400 }), 'context_overflow'],
  ['llama.cpp', 400, JSON.stringify({ error: { code: 400, message: 'the request exceeds the available context size. try increasing the context size or enable context shift', type: 'exceed_context_size_error', n_prompt_tokens: 9000, n_ctx: 4096 } }), 'context_overflow'],
  ['llama.cpp, older', 500, JSON.stringify({ error: { code: 500, message: 'context size has been exceeded', type: 'server_error' } }), 'context_overflow'],
  ['Ollama', 400, JSON.stringify({ error: 'the input length exceeds the context length' }), 'context_overflow'],
  ['LM Studio', 400, JSON.stringify({ error: 'Trying to keep the first 6000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens' }), 'context_overflow'],
  ['SGLang', 400, openai('The input (9000 tokens) is longer than the model\'s context length (8192 tokens).'), 'context_overflow'],
  ['Gemini', 400, JSON.stringify([{ error: { code: 400, message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).', status: 'INVALID_ARGUMENT' } }]), 'context_overflow'],
  ['Mistral', 400, JSON.stringify({ object: 'error', message: 'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length', type: 'invalid_request_error' }), 'context_overflow'],
  ['xAI', 400, JSON.stringify({ code: 'invalid', error: "This model's maximum prompt length is 131072 but the request contains 200000 tokens." }), 'context_overflow'],
  ['text-generation-inference', 422, JSON.stringify({ error: 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 1000 `max_new_tokens`', error_type: 'validation' }), 'context_overflow'],
  // the reply that is asked for is too long, not the request
  ['OpenAI, reply', 400, openai('max_tokens is too large: 16000. This model supports at most 4096 completion tokens, whereas you provided 16000.', { param: 'max_tokens' }), 'unsupported_parameter', 'max_tokens:4096'],
  ['Anthropic, reply', 400, anthropic('invalid_request_error', 'max_tokens: 16000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet-20241022'), 'unsupported_parameter', 'max_tokens:8192'],
  ['vLLM, reply', 400, openai("'max_tokens' or 'max_completion_tokens' is too large: 16000. This model's maximum context length is 8192 tokens and your request has 300 input tokens (16000 > 8192 - 300).", { code: 400 }), 'unsupported_parameter', 'max_tokens:7891'],
  ['old OpenAI, reply', 400, openai("This model's maximum context length is 8192 tokens. However, you requested 16500 tokens (500 in the messages, 16000 in the completion). Please reduce the length of the messages or completion.", { code: 'context_length_exceeded' }), 'unsupported_parameter', 'max_tokens:7691'],
  // parameters
  ['OpenAI', 400, openai("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", { param: 'max_tokens', code: 'unsupported_parameter' }), 'unsupported_parameter', 'max_tokens'],
  ['OpenAI, a value', 400, openai("Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.", { param: 'temperature', code: 'unsupported_value' }), 'unsupported_parameter', 'temperature'],
  ['OpenAI, without param', 400, openai("Unsupported parameter: 'stop' is not supported with this model."), 'unsupported_parameter', 'stop'],
  ['OpenAI, system', 400, openai("Unsupported value: 'messages[0].role' does not support 'system' with this model.", { param: 'messages[0].role', code: 'unsupported_value' }), 'unsupported_parameter', 'system'],
  ['OpenAI, tools', 400, openai('Function tools with reasoning_effort are not supported for gpt-6-sol in /v1/chat/completions. Please use /v1/responses instead.', { param: 'reasoning_effort' }), 'unsupported_parameter', 'reasoning_with_tools'],
  ['Anthropic', 400, anthropic('invalid_request_error', '`temperature` is deprecated for this model.'), 'unsupported_parameter', 'temperature'],
  ['Anthropic, caching', 400, anthropic('invalid_request_error', 'messages.0.content.0.cache_control: Extra inputs are not permitted'), 'unsupported_parameter', 'cache_control'],
  ['an old server', 422, JSON.stringify({ detail: [{ loc: ['body', 'stream_options'], msg: 'extra fields not permitted', type: 'value_error.extra' }] }), 'unsupported_parameter', 'stream_options'],
  ['a bad value of a parameter that is known is no refusal', 400, openai("Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.", { param: 'temperature', code: 'decimal_above_max_value' }), 'bad_request'],
  // money
  ['OpenAI', 429, openai('You exceeded your current quota, please check your plan and billing details.', { type: 'insufficient_quota', code: 'insufficient_quota' }), 'quota_exhausted'],
  ['Anthropic', 400, anthropic('invalid_request_error', 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.'), 'quota_exhausted'],
  ['Anthropic, limit', 400, anthropic('invalid_request_error', 'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.'), 'quota_exhausted'],
  ['Anthropic, billing', 402, anthropic('billing_error', 'Payment is required.'), 'quota_exhausted'],
  ['DeepSeek', 402, openai('Insufficient Balance', { type: 'unknown_error' }), 'quota_exhausted'],
  ['Gemini, for good', 429, JSON.stringify([{ error: { code: 429, message: 'You exceeded your current quota, please check your plan and billing details.', status: 'RESOURCE_EXHAUSTED' } }]), 'quota_exhausted'],
  // pace
  ['OpenAI', 429, openai('Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 3000. Please try again in 4s.', { type: 'tokens', code: 'rate_limit_exceeded' }), 'rate_limited'],
  ['Anthropic', 429, anthropic('rate_limit_error', "This request would exceed your organization's rate limit of 30,000 input tokens per minute"), 'rate_limited'],
  ['Bedrock', 429, JSON.stringify({ message: 'Too many tokens, please wait before trying again.' }), 'rate_limited'],
  ['Gemini, for a minute', 429, JSON.stringify([{ error: { code: 429, message: 'You exceeded your current quota, please check your plan and billing details. Please retry in 34.07s.', status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay: '34s' }] } }]), 'rate_limited'],
  ['nobody knows who', 429, '', 'rate_limited'],
  // load and faults
  ['Anthropic', 529, anthropic('overloaded_error', 'Overloaded'), 'overloaded'],
  ['Anthropic, in a stream', 0, anthropic('overloaded_error', 'Overloaded'), 'overloaded'],
  ['OpenAI', 503, openai('The engine is currently overloaded, please try again later.', { type: 'server_error' }), 'overloaded'],
  ['Ollama', 503, JSON.stringify({ error: 'server busy, please try again. maximum pending requests exceeded. model is loading' }), 'overloaded'],
  ['OpenAI', 500, openai('The server had an error while processing your request. Sorry about that!', { type: 'server_error' }), 'server_error'],
  ['Cloudflare', 520, '<!DOCTYPE html><html><head><title>api.example | 520: Web server is returning an unknown error</title></head></html>', 'server_error'],
  ['a gateway', 504, '<html><title>504 Gateway Time-out</title></html>', 'timeout'],
  ['Anthropic, in a stream', 0, anthropic('api_error', 'Internal server error'), 'server_error'],
  // keys and names
  ['OpenAI', 401, openai('Incorrect API key provided: sk-1*******9. You can find your API key at https://platform.openai.com/account/api-keys.', { code: 'invalid_api_key' }), 'authentication'],
  ['Anthropic', 401, anthropic('authentication_error', 'invalid x-api-key'), 'authentication'],
  ['Gemini', 400, JSON.stringify([{ error: { code: 400, message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' } }]), 'authentication'],
  ['OpenAI', 403, openai('Country, region, or territory not supported', { code: 'unsupported_country_region_territory', type: 'request_forbidden' }), 'permission'],
  ['Anthropic', 403, anthropic('permission_error', 'Your API key does not have permission to use the specified resource.'), 'permission'],
  ['OpenAI', 404, openai('The model `m-1` does not exist or you do not have access to it.', { code: 'model_not_found' }), 'model_not_found'],
  ['Anthropic', 404, anthropic('not_found_error', 'model: m-1'), 'model_not_found'],
  ['Ollama', 404, JSON.stringify({ error: { message: 'model "m-1" not found, try pulling it first', type: 'api_error' } }), 'model_not_found'],
  ['vLLM', 404, JSON.stringify({ object: 'error', message: 'The model `m-1` does not exist.', type: 'NotFoundError', code: 404 }), 'model_not_found'],
  ['a wrong path', 404, '<html><title>404 Not Found</title></html>', 'bad_request'],
  // content
  ['Azure', 400, openai('The response was filtered due to the prompt triggering Azure OpenAI\'s content management policy.', { code: 'content_filter' }), 'content_filter'],
  ['Anthropic', 400, anthropic('invalid_request_error', 'Output blocked by content filtering policy'), 'content_filter'],
  // what is left
  ['OpenAI', 400, openai("Invalid type for 'messages[0].content'", { param: 'messages[0].content', code: 'invalid_type' }), 'bad_request'],
  ['Anthropic', 400, anthropic('invalid_request_error', 'messages: text content blocks must be non-empty'), 'bad_request'],
]

describe('errors in the words of', () => {
  it.each(CORPUS.map(([who, status, body, code, parameter = '']) => ({ who, status, body, code, parameter })))('$who, status $status: $code $parameter', ({ status, body, code, parameter }) => {
    const found = classify({ status, body, model: 'm-1', maxTokens: 16_000 })
    expect([found.code, found.parameter ?? '']).toEqual([code, parameter])
  })

  it('what may go better by itself is said to be so', () => {
    expect(CORPUS.map((entry) => classify({ status: entry[1], body: entry[2], model: 'm-1', maxTokens: 16_000 })).filter(({ retryable }) => retryable).map(({ code }) => code).filter((code, index, all) => all.indexOf(code) === index).toSorted())
      .toEqual(['overloaded', 'rate_limited', 'server_error', 'timeout'])
  })

  it('the message keeps the provider\'s words, those of a page only its title', () => {
    expect(classify({ status: 401, body: anthropic('authentication_error', 'invalid x-api-key'), model: 'm', maxTokens: 1 }).message).toBe('the provider did not accept the key (status 401): invalid x-api-key')
    expect(classify({ status: 502, body: `<html><title>502 Bad Gateway</title>${'x'.repeat(9000)}`, model: 'm', maxTokens: 1 }).message).toBe('the provider failed (status 502): 502 Bad Gateway')
  })
})

describe('how long a provider asks to wait', () => {
  const NOW = Date.parse('2026-11-21T12:00:00Z')
  it.each<[string, Record<string, string>, string, number | undefined]>([
    ['seconds', { 'retry-after': '7' }, '', 7000], ['parts of a second', { 'retry-after': '0.5' }, '', 500], ['milliseconds before seconds', { 'retry-after-ms': '1234', 'retry-after': '7' }, '', 1234],
    ['a date', { 'retry-after': 'Sat, 21 Nov 2026 12:01:00 GMT' }, '', 60_000], ['a date that is over', { 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, '', 0],
    ['the reset of the limit that is used up', { 'x-ratelimit-remaining-requests': '3', 'x-ratelimit-reset-requests': '9s', 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6m0s' }, '', 360_000],
    ['a reset in milliseconds', { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '250ms' }, '', 250],
    ['words in seconds', {}, 'Please try again in 20s. Visit ...', 20_000], ['words in milliseconds', {}, 'Please try again in 350ms.', 350], ['words in minutes', {}, 'try again in 2 minutes', 120_000], ['a field', {}, '{"retryDelay": "34s"}', 34_000],
    ['nothing', {}, 'slow down', undefined], ['nonsense', { 'retry-after': 'soon' }, '', undefined],
  ])('%s', (_title, headers, message, wait) => {
    expect(retryAfterOf('rate_limited', new Headers(headers), message, NOW)).toBe(wait)
  })
  it('Anthropic names the moment', () => {
    expect(retryAfterOf('rate_limited', new Headers({ 'anthropic-ratelimit-tokens-remaining': '0', 'anthropic-ratelimit-tokens-reset': '2026-11-21T12:00:30Z' }), '', NOW)).toBe(30_000)
  })
  it('of a fault only what its header says counts: limits have nothing to do with it', () => {
    const headers = { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6m0s' }
    expect(retryAfterOf('server_error', new Headers(headers), 'try again in 20s', NOW)).toBeUndefined()
    expect(retryAfterOf('server_error', new Headers({ ...headers, 'retry-after': '3' }), '', NOW)).toBe(3000)
  })
})
