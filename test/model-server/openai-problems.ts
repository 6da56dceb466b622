import type { Fault, FaultName, ModelRequest, Problem } from './types.ts'

/** The provider shows the ends of a wrong key in its message. */
const masked = (key: string): string => (key.length < 12 ? '*'.repeat(key.length) : `${key.slice(0, 4)}${'*'.repeat(key.length - 8)}${key.slice(-4)}`)

type Known = Omit<Problem, 'headers'>

/** How OpenAI words its errors; clients can tell some apart by nothing but type, code or message. */
export function openAiProblem(fault: Fault, { model }: Pick<ModelRequest, 'model'>, key = 'sk-wrong-key-of-a-test'): Problem | undefined {
  const wait = fault.retryAfter ?? fault.retryAfterDate ?? (fault.retryAfterMs ?? 1000) / 1000
  const parameter = fault.parameter ?? 'temperature'
  const known: Partial<Record<FaultName, Known>> = {
    authentication: { status: 401, type: 'invalid_request_error', code: 'invalid_api_key', message: `Incorrect API key provided: ${masked(key)}. You can find your API key at https://platform.openai.com/account/api-keys.` },
    permission: { status: 403, type: 'invalid_request_error', code: 'model_not_found', message: `Project \`proj_test\` does not have access to model \`${model}\`` },
    'rate-limited': {
      status: 429, type: 'tokens', code: 'rate_limit_exceeded',
      message: `Rate limit reached for ${model} in organization org-test on tokens per min (TPM): Limit 200000, Used 199000, Requested 4000. Please try again in ${wait}s.`,
    },
    'quota-exhausted': { status: 429, type: 'insufficient_quota', code: 'insufficient_quota', message: 'You exceeded your current quota, please check your plan and billing details.' },
    'server-error': { status: 500, type: 'server_error', message: 'The server had an error while processing your request. Sorry about that!' },
    'bad-gateway': { status: 502, type: 'html', message: 'Bad gateway' },
    unavailable: { status: 503, type: 'service_unavailable', message: 'Service unavailable.' },
    'gateway-timeout': { status: 504, type: 'html', message: 'Gateway time-out' },
    overloaded: { status: 503, type: 'server_error', message: 'The engine is currently overloaded, please try again later.' },
    'context-overflow': {
      status: 400, type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded',
      message: "This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens. Please reduce the length of the messages.",
    },
    'model-not-found': { status: 404, type: 'invalid_request_error', code: 'model_not_found', message: `The model \`${model}\` does not exist or you do not have access to it.` },
    'unsupported-parameter': { status: 400, type: 'invalid_request_error', param: parameter, code: 'unsupported_parameter', message: `Unsupported parameter: '${parameter}' is not supported with this model.` },
    'request-too-large': { status: 413, type: 'invalid_request_error', message: 'Request too large.' },
  }
  return known[fault.fault]
}
