import { withCache } from './cache/index.ts'
import { countedAs, limitsFor, withGate } from './gate/index.ts'
import type { LimitTable } from './gate/index.ts'
import { anthropic, openai, openaiCompatible } from './live/index.ts'
import type { Provider, ProviderAnswer, ProviderContext, ProviderRequest } from './provider.ts'
import { scripted } from './scripted.ts'

const LIVE: Readonly<Record<string, Provider>> = { openai, anthropic, 'openai-compatible': openaiCompatible }
const LOCAL: Readonly<Record<string, Provider>> = { scripted }

/** Characters of a request that make about one token, in English and code. */
const CHARACTERS_PER_TOKEN = 3.5

/** Asks whoever answers this request: the store's cache, a file, or a provider when it is this run's turn. `waitedMs` was spent waiting for it. */
export async function answer(request: ProviderRequest, context: ProviderContext, limits: LimitTable): Promise<{ answered: ProviderAnswer; waitedMs: number }> {
  const { provider, base_url } = request.settings
  const local = Object.hasOwn(LOCAL, provider) ? LOCAL[provider] : undefined
  if (local !== undefined) return { answered: await local(request, context), waitedMs: 0 }
  const live = Object.hasOwn(LIVE, provider) ? LIVE[provider] : undefined
  if (live === undefined) return { answered: unknown(provider), waitedMs: 0 }
  const name = countedAs({ provider, base_url })
  const tokens = Math.ceil(request.body.length / CHARACTERS_PER_TOKEN) + request.max_tokens
  let waitedMs = 0
  const answered = await withCache(context.client, request, async () => {
    const { waitedMs: waited, ...given } = await withGate(context.client, name, tokens, limitsFor(limits, name), context.signal, () => live(request, context))
    waitedMs = waited
    return given
  })
  return { answered, waitedMs }
}

const unknown = (provider: string): ProviderAnswer =>
  ({ ok: false, error: { source: 'user', code: 'unknown_provider', message: `there is no provider "${provider}". The providers are ${[...Object.keys(LIVE), 'recorded', ...Object.keys(LOCAL)].join(', ')}` }, retryable: false })
