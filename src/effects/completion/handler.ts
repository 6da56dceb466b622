import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { KymoError, isKymoError } from '../../../schemas/errors.ts'
import type { CompletionSpec, OutcomeFacts } from '../../../schemas/generated/events.ts'
import { readText } from '../../blobs/index.ts'
import type { BlobStore } from '../../blobs/index.ts'
import type { Attempt, EffectHandler, Settled } from '../attempt.ts'
import { costOf } from './cost.ts'
import { priceOf } from './known-models.ts'
import { createAnswerer } from './providers.ts'
import type { LimitTable } from './gate/index.ts'
import type { Answered } from './providers.ts'
import type { ProviderAnswer, ProviderContext, ProviderRequest } from './provider.ts'
import { rebuildRequest } from './request/index.ts'
import type { KnownPrompts } from './request/index.ts'

export interface CompletionOptions {
  blobs: BlobStore
  /** keys by the name of their variable: read here, at the last moment, and nowhere else */
  keys: (name: string) => string | undefined
  limits: LimitTable
}

/** Requests that were built before they were asked for. */
const AHEAD = 16

/** Carries completions out: builds the exact request, asks whoever answers it, and keeps what came as it came. */
export function completionHandler({ blobs, keys, limits }: CompletionOptions): EffectHandler {
  const answer = createAnswerer(limits)
  const known: KnownPrompts = new Map()
  const build = (spec: CompletionSpec, call: number): Promise<ProviderRequest> => rebuildRequest(spec, (hash) => readText(blobs, hash), call, known)
  /** by the effect's id: what was asked, and the request that comes of it, unless it could not be built yet */
  const ahead = new Map<string, { asked: string; built: Promise<ProviderRequest | undefined> }>()

  const handle: EffectHandler = async (attempt) => {
    const { completion: spec, call } = attempt.request
    if (spec === undefined) return { ok: false, error: { source: 'system', code: 'no_spec', message: 'the completion says nothing' } }
    const early = ahead.get(attempt.effectId)
    ahead.delete(attempt.effectId)
    let asked: ProviderRequest
    try {
      asked = (early?.asked === JSON.stringify(spec) ? await early.built : undefined) ?? (await build(spec, call))
    } catch (error) {
      if (isKymoError(error, 'KYMO_PROMPT') || isKymoError(error, 'KYMO_PARAMS')) return { ok: false, error: { source: 'agent', code: 'bad_request', message: error.message } }
      throw error
    }
    return complete(attempt, asked, (context) => answer(asked, { ...context, keys, blobs }))
  }
  handle.prepare = ({ id, payload: { completion: spec, call } }) => {
    if (spec === undefined) return
    ahead.set(id, { asked: JSON.stringify(spec), built: build(spec, call).catch(() => undefined) })
    const [oldest] = ahead.keys()
    if (ahead.size > AHEAD && oldest !== undefined) ahead.delete(oldest)
  }
  return handle
}

async function complete(attempt: Attempt, asked: ProviderRequest, answer: (context: Omit<ProviderContext, 'keys' | 'blobs'>) => Promise<Answered>): Promise<Settled> {
  const { client, runId, effectId, signal, put, output } = attempt
  const began = performance.now()
  const { answered, waitedMs } = await answer({ signal, put, client, runId, effectId, output })
  if (signal.aborted) throw new KymoError('KYMO_CANCELLED', 'the completion was cancelled')
  return settle(asked, answered, { wallMs: performance.now() - began - waitedMs, waitedMs }, put)
}

async function settle(request: ProviderRequest, answered: ProviderAnswer, { wallMs, waitedMs }: { wallMs: number; waitedMs: number }, put: Attempt['put']): Promise<Settled> {
  const keep = async (bytes: Uint8Array): Promise<{ ref: string; bytes: number }> => ({ ref: await put(bytes), bytes: bytes.length })
  const clock: OutcomeFacts = { wall_ms: Math.round(wallMs), cpu_ms: 0, max_rss_bytes: 0, sandbox: '', environment: '', provider_request: answered.providerRequest ?? '', ...(waitedMs >= 1 ? { waited_ms: Math.round(waitedMs) } : {}) }
  if (!answered.ok) {
    const { error, retryable, raw, retryAfterMs, parameter } = answered
    return {
      ok: false, error, retryable, clock, request: request.key, ...(raw === undefined ? {} : { raw: await keep(raw) }), ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }), ...(parameter === undefined ? {} : { parameter }),
    }
  }
  const { reply, toolCalls, stopReason, servedModel, usage, raw, source } = answered
  // What was answered before was paid for before.
  const cost_usd = source === 'cache' || source === 'recorded' ? 0 : (costOf(priceOf(request.settings), usage) ?? 0)
  return {
    ok: true,
    outcome: {
      completion: {
        reply: await keep(Buffer.from(reply)), raw: await keep(raw), stop_reason: stopReason, served_model: servedModel, input_tokens: usage.input, output_tokens: usage.output, cost_usd, source, request: request.key,
        cached_tokens: usage.cached, cache_write_tokens: usage.cacheWrite, ...(toolCalls.length === 0 ? {} : { tool_calls: await keep(Buffer.from(canonicalJson(toolCalls))) }),
      },
      clock,
    },
  }
}
