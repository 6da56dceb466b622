import type { Fault, FaultName, ModelRequest, Problem } from './types.ts'

/** How Anthropic words its errors; an empty purse and a long prompt differ from other bad requests in nothing but the message. */
export function anthropicProblem(fault: Fault, { model }: Pick<ModelRequest, 'model'>): Problem | undefined {
  const parameter = fault.parameter ?? 'temperature'
  const known: Partial<Record<FaultName, Problem>> = {
    authentication: { status: 401, type: 'authentication_error', message: 'invalid x-api-key' },
    permission: { status: 403, type: 'permission_error', message: 'Your API key does not have permission to use the specified resource.' },
    'rate-limited': { status: 429, type: 'rate_limit_error', message: `This request would exceed your organization's rate limit of 40,000 input tokens per minute (model: ${model}).` },
    'quota-exhausted': { status: 400, type: 'invalid_request_error', message: 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.' },
    'server-error': { status: 500, type: 'api_error', message: 'Internal server error' },
    'bad-gateway': { status: 502, type: 'html', message: 'Bad gateway' },
    unavailable: { status: 503, type: 'api_error', message: 'Service unavailable' },
    'gateway-timeout': { status: 504, type: 'timeout_error', message: 'Request timed out' },
    overloaded: { status: 529, type: 'overloaded_error', message: 'Overloaded' },
    'context-overflow': { status: 400, type: 'invalid_request_error', message: 'prompt is too long: 212345 tokens > 200000 maximum' },
    'model-not-found': { status: 404, type: 'not_found_error', message: `model: ${model}` },
    'unsupported-parameter': { status: 400, type: 'invalid_request_error', message: `\`${parameter}\` is deprecated for this model.` },
    'request-too-large': { status: 413, type: 'request_too_large', message: 'Request exceeds the maximum size' },
    'content-filter': { status: 400, type: 'invalid_request_error', message: 'Output blocked by content filtering policy' },
  }
  return known[fault.fault]
}
