import { KymoError } from '../../../../schemas/errors.ts'
import type { Provider, ProviderAnswer, ProviderRequest } from '../provider.ts'
import { openExchange } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { failureOf, idOf } from './failure.ts'
import { redactor } from './redact.ts'
import type { Reply } from './reply.ts'

/** Where a provider is and how its key is called. */
export interface Service { key: string; keyOptional?: boolean; url?: string }

/** One call through an SDK: `exchange.fetch` is the only way out, `told` takes what the model says as it says it. */
export type Ask = (call: { request: ProviderRequest; key: string; url: string; exchange: Exchange; timeoutMs: number; organisation: (name: string) => string | undefined; told: (part: string) => void }) => Promise<Reply>

/** Long replies of slow models take minutes. */
const TIMEOUT_MS = 600_000

/** A provider behind an SDK. What it receives is kept as it came, and no key leaves with it. */
export const live = ({ key: variable, keyOptional = false, url }: Service, ask: Ask): Provider => async (request, { signal, keys, output }) => {
  const key = (keys(variable) ?? '').trim()
  if (key === '' && !keyOptional) return refused('no_key', `${request.provider} needs a key, and ${variable} is not set. Put "export ${variable}=..." into your shell, or a line ${variable}=... into .env, and resume the run`)
  if (!/^[\x21-\x7e]*$/.test(key)) return refused('authentication', `the key in ${variable} holds a character that cannot be sent: look for line breaks, spaces or typographic quotes in it`)
  const address = request.endpoint || url
  if (address === undefined) return refused('no_base_url', `${request.provider}/${request.model} needs the address of its server: --base-url http://127.0.0.1:8000/v1`)
  const redact = redactor([key])
  const timeoutMs = request.settings.timeout_ms ?? TIMEOUT_MS
  const exchange = openExchange({ body: request.body, signal, timeoutMs, withoutAuthorization: key === '' })
  const shown = redact.parts()
  const tell = (part: string): void => { if (part !== '') output('stdout', Buffer.from(part)) }
  try {
    const found = await ask({ request, key, url: address, exchange, timeoutMs: LONGEST_MS, organisation: keys, told: (part) => tell(shown(part)) })
    if (request.settings.stream === true) tell(shown('', true))
    return answer(found, exchange, redact)
  } catch (error) {
    if (signal.aborted) throw new KymoError('KYMO_CANCELLED', 'the completion was cancelled')
    return failureOf(request, exchange, error, redact)
  }
}

/** The exchange keeps the time; an SDK's own clock shall not end it before. */
const LONGEST_MS = 24 * 3_600_000

const refused = (code: string, message: string): ProviderAnswer => ({ ok: false, error: { source: 'user', code, message }, retryable: false })

/** A model that was shown a key could repeat it, in its reply as in its calls. */
function answer({ reply, toolCalls, stopReason, servedModel, usage }: Reply, exchange: Exchange, redact: ReturnType<typeof redactor>): ProviderAnswer {
  const safe = redact.text(JSON.stringify(toolCalls))
  return {
    ok: true, reply: redact.text(reply).toWellFormed(), toolCalls: JSON.parse(safe) as typeof toolCalls, stopReason, servedModel: redact.text(servedModel).slice(0, 200), usage, raw: redact.bytes(exchange.received()),
    providerRequest: idOf(exchange, redact).providerRequest ?? '', source: 'live',
  }
}
