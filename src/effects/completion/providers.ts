import { withCache } from './cache/index.ts'
import { countedAs, limitsFor, withGate } from './gate/index.ts'
import type { LimitTable } from './gate/index.ts'
import { anthropic, openai, openaiCompatible } from './live/index.ts'
import type { Provider, ProviderAnswer, ProviderContext, ProviderRequest } from './provider.ts'
import { recordedProvider } from './recorded/index.ts'
import { scripted } from './scripted.ts'

const LIVE: Readonly<Record<string, Provider>> = { openai, anthropic, 'openai-compatible': openaiCompatible }

/** Characters of a request that make about one token, in English and code. */
const CHARACTERS_PER_TOKEN = 3.5

export interface Answered { answered: ProviderAnswer; /** for a turn at the provider */ waitedMs: number }

/** Whoever answers requests of this process: the store's cache, a recording, a script, or a provider when it is this run's turn. */
export function createAnswerer(limits: LimitTable): (request: ProviderRequest, context: ProviderContext) => Promise<Answered> {
  const local: Readonly<Record<string, Provider>> = { scripted, recorded: recordedProvider() }
  return async (request, context) => {
    const { provider, base_url } = request.settings
    const own = Object.hasOwn(local, provider) ? local[provider] : undefined
    if (own !== undefined) return { answered: await own(request, context), waitedMs: 0 }
    const live = Object.hasOwn(LIVE, provider) ? LIVE[provider] : undefined
    if (live === undefined) return { answered: unknown(provider, [...Object.keys(LIVE), ...Object.keys(local)]), waitedMs: 0 }
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
}

const unknown = (provider: string, known: readonly string[]): ProviderAnswer =>
  ({ ok: false, error: { source: 'user', code: 'unknown_provider', message: `there is no provider "${provider}". The providers are ${known.join(', ')}` }, retryable: false })
