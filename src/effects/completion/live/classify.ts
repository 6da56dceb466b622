import { RETRIED } from '../../../../schemas/completion.ts'
import { OVERFLOW, TOO_LARGE_FOR_A_MINUTE } from './overflow.ts'
import { refusedParameter } from './refused-parameter.ts'

/** An error as a provider told it: the status of the reply (0: inside a stream that had begun well) and its body. */
export interface Told { status: number; body: string; model: string; maxTokens: number }

export interface Classified { code: string; message: string; retryable: boolean; parameter?: string }

/** The error object that both wire formats, and most that imitate them, put into a body. */
export interface ErrorBody { message: string; type: string; code: string; param: string }

/** Tells apart what a provider's error means; the words decide where the status says too little. */
export function classify(told: Told): Classified {
  const error = readError(told.body)
  const { code, parameter } = decide(told, error, `${error.message} ${error.type} ${error.code}`.toLowerCase())
  const words = error.message.trim() === '' ? '' : `: ${error.message.trim().slice(0, 1000).toWellFormed()}`
  return { code, message: `${SENTENCES[code] ?? 'the provider refused the request'}${told.status === 0 ? '' : ` (status ${told.status})`}${words}`, retryable: RETRIED.has(code), ...(parameter === undefined ? {} : { parameter }) }
}

function decide({ status, model, maxTokens }: Told, error: ErrorBody, words: string): { code: string; parameter?: string } {
  if (is(words, 'insufficient_quota', 'billing_error', 'credit balance', 'insufficient balance', 'insufficient credit', 'billing hard limit', 'usage limits', 'spend_limit', 'spending limit', 'billing_not_active') || status === 402) return { code: 'quota_exhausted' }
  // Gemini says this of a limit per minute, too, and then how long to wait.
  if (is(words, 'exceeded your current quota') && !is(words, 'retry in', 'retrydelay')) return { code: 'quota_exhausted' }
  const limit = tooManyTokens(error.message, maxTokens)
  if (limit !== undefined && status !== 429) return { code: 'unsupported_parameter', parameter: `max_tokens:${limit}` }
  if (status === 413 || (status === 429 ? TOO_LARGE_FOR_A_MINUTE : OVERFLOW).some((pattern) => pattern.test(words))) return { code: 'context_overflow' }
  if (status === 429) return { code: is(words, 'engine is currently overloaded', 'overloaded_error') ? 'overloaded' : 'rate_limited' }
  if (status === 401 || is(words, 'authentication_error', 'invalid_api_key', 'api key not valid', 'incorrect api key', 'invalid x-api-key')) return { code: 'authentication' }
  if (status === 403) return { code: is(words, 'content_filter', 'content policy', 'moderation') ? 'content_filter' : 'permission' }
  if (is(words, 'model_not_found', 'model not found') || (MISSING.has(status) && isMissingModel(words, model.toLowerCase()))) return { code: 'model_not_found' }
  if (is(words, 'content_filter', 'content_policy', 'content filtering policy', 'content management policy', 'responsibleaipolicy')) return { code: 'content_filter' }
  if (is(words, 'permission_error', 'permission_denied')) return { code: 'permission' }
  if (status === 529 || is(words, 'overloaded_error', 'overloaded', 'slow down', 'at capacity', 'high demand', 'model is loading', 'loading model')) return { code: 'overloaded' }
  if (is(words, 'rate_limit_error', 'rate_limit_exceeded')) return { code: 'rate_limited' }
  if (status === 408 || status === 504 || is(words, 'timeout_error')) return { code: 'timeout' }
  if (status >= 500 || status === 409 || status === 425 || is(words, 'api_error', 'server_error', 'internal_error')) return { code: 'server_error' }
  const parameter = refusedParameter(error)
  if (parameter !== undefined) return { code: 'unsupported_parameter', parameter }
  return { code: status === 0 ? 'server_error' : 'bad_request' }
}

const is = (words: string, ...signs: string[]): boolean => signs.some((sign) => words.includes(sign))

const MISSING: ReadonlySet<number> = new Set([0, 400, 404, 422])
const isMissingModel = (words: string, model: string): boolean =>
  (words.includes('model') && is(words, 'does not exist', 'not found', 'not exist', 'unknown model', 'invalid model', 'is not available')) || (words.includes('not_found_error') && words.includes(model))

/** Most tokens that a reply may have, where the error names them. */
function tooManyTokens(message: string, asked: number): number | undefined {
  const total = /maximum context length is (\d+) tokens.*?(?:(\d+) (?:tokens )?(?:in|from|of) the (?:messages|input messages|text input|prompt)|your request has (\d+) input tokens)/is.exec(message)
  if (total !== null) {
    const room = Number(total[1]) - Number(total[2] ?? total[3]) - 1
    return room >= LEAST_ROOM && room < asked ? room : undefined
  }
  const output = /supports at most (\d+) (?:completion|output) tokens/i.exec(message) ?? /max_tokens: \d+ > (\d+), which is the maximum/i.exec(message) ?? /max(?:imum)?[_ ](?:allowed )?(?:output|completion)[_ ]tokens[^0-9]{0,40}?(\d{3,})/i.exec(message)
    ?? /max_(?:completion_)?tokens\W+(?:must be|should be|cannot|can't)\D{0,60}(\d{3,})/i.exec(message)
  const most = output === null ? undefined : Number(output[1])
  return most !== undefined && most > 0 && most < asked ? most : undefined
}
/** With less room than this for a reply the prompt is the problem. */
const LEAST_ROOM = 1000

const SENTENCES: Readonly<Record<string, string>> = {
  rate_limited: 'the provider asks for fewer requests or tokens a minute', overloaded: 'the provider is overloaded', server_error: 'the provider failed', timeout: 'the provider took too long',
  authentication: 'the provider did not accept the key', permission: 'the key may not use this', quota_exhausted: 'the account has no credit left or has reached its spending limit', model_not_found: 'the provider does not know this model, or this key may not use it',
  bad_request: 'the provider refused the request', unsupported_parameter: 'the model refuses a parameter', context_overflow: 'the request is too long for this model', content_filter: 'the provider\'s content filter refused the request',
}

/** The error object of a body: nested or not, with OpenAI's, Anthropic's, Google's and Ollama's names. */
export function readError(body: string): ErrorBody {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return { message: /<html|<!doctype/i.test(body) ? titleOf(body) : body.slice(0, 2000), type: '', code: '', param: '' }
  }
  if (Array.isArray(value)) value = value[0]
  const outer = recordOf(value)
  const inner = typeof outer['error'] === 'string' ? { message: outer['error'] } : outer['error'] === undefined ? outer : recordOf(outer['error'])
  const detail = inner['message'] ?? outer['message'] ?? outer['detail']
  const more = recordOf(inner['metadata'])['raw'] ?? inner['details']
  return {
    message: [textOf(detail), more === undefined ? '' : textOf(more)].filter((part) => part !== '').join(' '), type: textOf(inner['type'] ?? inner['status']), code: textOf(inner['code'] ?? recordOf(inner['details'])['error_code']), param: textOf(inner['param']),
  }
}
const recordOf = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {})
const textOf = (value: unknown): string => (value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value))
const titleOf = (page: string): string => /<title>([^<]*)/i.exec(page)?.[1]?.trim() ?? 'a web page instead of an answer'
