import { KymoError } from '../../../../schemas/errors.ts'

/** What a provider may be asked for by all runs of a store together. A part that is left out is not limited. */
export interface ProviderLimits { concurrent?: number; requestsPerMinute?: number; tokensPerMinute?: number }

/** By provider; '*' stands for those that are not named. */
export type LimitTable = Readonly<Record<string, ProviderLimits>>

/** Calls at once where nothing else was said. */
export const DEFAULT_CONCURRENT = 8

/**
 * Limits as they are typed: "anthropic=4,50rpm,80000tpm;openai=8": calls at once, requests a minute, tokens a minute, each at most once and in any
 * order; k and m stand for thousands and millions; "*" for every other provider. Throws KYMO_PROVIDER_LIMITS.
 */
export function parseProviderLimits(text: string): LimitTable {
  const table: Record<string, ProviderLimits> = {}
  for (const part of text.split(';').map((one) => one.trim())) {
    if (part === '') continue
    const [name = '', list] = part.split(/=(.*)/s).map((one) => one.trim())
    if (!/^(\*|[a-z][a-z0-9@:._-]*)$/.test(name) || list === undefined || list === '') throw wrong(part)
    if (Object.hasOwn(table, name)) throw wrong(part, `${name} is limited twice`)
    table[name] = limitsIn(list, part)
  }
  return table
}

function limitsIn(list: string, part: string): ProviderLimits {
  const limits: ProviderLimits = {}
  for (const item of list.split(',')) {
    const [, digits = '', scale = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)([km]?)(rpm|tpm|)\s*$/i.exec(item) ?? []
    const value = Math.round(Number(digits) * (SCALE[scale.toLowerCase()] ?? 1))
    if (digits === '' || value < 1 || value > MAX) throw wrong(part)
    const field = FIELD[unit.toLowerCase()] ?? 'concurrent'
    if (limits[field] !== undefined) throw wrong(part, `${item.trim()} is the second number of its kind`)
    limits[field] = value
  }
  return limits
}

const SCALE: Readonly<Record<string, number>> = { '': 1, k: 1000, m: 1_000_000 }
const FIELD: Readonly<Record<string, keyof ProviderLimits>> = { '': 'concurrent', rpm: 'requestsPerMinute', tpm: 'tokensPerMinute' }
const MAX = 2 ** 32 - 1

const wrong = (part: string, why = 'it does not say how much'): KymoError => new KymoError(
  'KYMO_PROVIDER_LIMITS',
  `"${part.slice(0, 80)}" is no limit of a provider (${why}). Write PROVIDER=CALLS,REQUESTSrpm,TOKENStpm, several with a semicolon between them, like "anthropic=4,50rpm,80ktpm;openai=8"`,
)

/** A provider's limits; `name@host`, as an openai-compatible endpoint is counted, falls back on `name`. */
export const limitsFor = (table: LimitTable, provider: string): ProviderLimits =>
  ({ concurrent: DEFAULT_CONCURRENT, ...(table[provider] ?? table[provider.split('@')[0] ?? ''] ?? table['*']) })

/** Under which name a provider's calls are counted: endpoints with a base URL each for itself. */
export const countedAs = ({ provider, base_url: url }: { provider: string; base_url?: string | undefined }): string => {
  if (url === undefined) return provider
  try {
    return `${provider}@${new URL(url).host}`.slice(0, 200)
  } catch {
    return provider
  }
}
