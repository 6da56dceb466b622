import { messageOf } from '../../../../schemas/errors.ts'
import { RETRIED } from '../../../../schemas/completion.ts'
import type { ProviderAnswer, ProviderRequest } from '../provider.ts'
import { classify, readError } from './classify.ts'
import type { Exchange } from './exchange.ts'
import type { Redactor } from './redact.ts'
import { BadReply } from './reply.ts'
import { retryAfterOf } from './retry-after.ts'

type Failed = Extract<ProviderAnswer, { ok: false }>

/** What went wrong with an exchange, from the bytes and the connection rather than from what an SDK makes of them. */
export function failureOf(request: ProviderRequest, exchange: Exchange, error: unknown, redact: Redactor, now = Date.now()): Failed {
  const raw = redact.bytes(exchange.received())
  const body = Buffer.from(raw).toString()
  const about = { ...(raw.length === 0 ? {} : { raw }), ...idOf(exchange, redact) }
  const fail = (code: string, message: string, retryable = RETRIED.has(code)): Failed => ({ ok: false, error: { source: 'provider', code, message: redact.text(message).toWellFormed().slice(0, 2000) }, retryable, ...about })
  const { status } = exchange
  if (exchange.timedOut) return fail('timeout', `${hostOf(request)} took too long: ${status === undefined ? 'no answer' : 'the answer stopped half-way and did not go on'}`)
  if (status === undefined) return notReached(exchange.broken ?? error, request, fail)
  const told = status >= 400 ? body : eventError(body)
  if (told !== undefined) {
    const { code, message, retryable, parameter } = classify({ status: status >= 400 ? status : statusIn(told), body: told, model: request.model, maxTokens: request.max_tokens })
    const wait = retryable ? retryAfterOf(code, exchange.headers, body, now) : undefined
    return { ...fail(code, `${message}${status === 404 && code === 'bad_request' ? `. Is the address right? It mostly ends in /v1, and this one is ${request.endpoint || 'the provider\'s own'}` : ''}`, retryable), ...(parameter === undefined ? {} : { parameter }), ...(wait === undefined ? {} : { retryAfterMs: wait }) }
  }
  if (status >= 300) return fail('bad_request', `${hostOf(request)} sends requests on to ${exchange.headers.get('location') ?? 'another address'} (status ${status}): give that address as the base URL`)
  if (exchange.broken !== undefined) return fail('connection', `the connection to ${hostOf(request)} broke before the reply was complete (${exchange.broken.code ?? exchange.broken.message})`)
  if (error instanceof Cut) return fail('connection', `the reply of ${hostOf(request)} was cut off`)
  return fail('bad_reply', `the reply of ${hostOf(request)} cannot be read: ${error instanceof BadReply ? error.message : messageOf(error)}`)
}

/** A stream that ended before its end. */
export class Cut extends Error {}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|TLS_|SSL/

function notReached(error: unknown, request: ProviderRequest, fail: (code: string, message: string, retryable?: boolean) => Failed): Failed {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  const where = hostOf(request)
  if (CERTIFICATE.test(code)) return fail('connection', `the certificate of ${where} is not accepted (${code})`, false)
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? 'its name is not found' : code || messageOf(error)
  return fail('connection', `${where} cannot be reached (${why})`)
}

const hostOf = ({ endpoint, provider }: ProviderRequest): string => (endpoint === '' ? provider : endpoint)

/** Streams, and some servers' replies with status 200, tell an error in their body. */
function eventError(body: string): string | undefined {
  for (const part of body.includes('data:') ? body.split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim()) : [body]) {
    if (!part.includes('"error"')) continue
    try {
      const value = JSON.parse(part) as { error?: unknown } | null
      if (value?.error !== undefined && value.error !== null) return part
    } catch {
      // Not the error that is looked for.
    }
  }
  return undefined
}

/** Some servers put the status that they would have sent into the error. */
const statusIn = (body: string): number => {
  const status = Number(readError(body).code)
  return Number.isInteger(status) && status >= 400 && status < 600 ? status : 0
}

export const idOf = ({ headers }: Exchange, redact: Redactor): { providerRequest?: string } => {
  const id = headers.get('request-id') ?? headers.get('x-request-id')
  return id === null ? {} : { providerRequest: redact.text(id).slice(0, 200) }
}
