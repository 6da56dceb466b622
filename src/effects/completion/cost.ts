import type { RoleSettings } from '../../../schemas/completion.ts'
import type { Usage } from './provider.ts'

export type Price = NonNullable<RoleSettings['price']>

/** US dollars; undefined when the price is not known. Tokens of the provider's prompt cache cost what the price says of them, else as any other. */
export function costOf(price: Price | undefined, { input, output, cached, cacheWrite }: Usage): number | undefined {
  if (price === undefined) return undefined
  const plain = Math.max(0, input - cached - cacheWrite)
  return (plain * price.input + cached * (price.cached ?? price.input) + cacheWrite * (price.cache_write ?? price.input) + output * price.output) / 1_000_000
}
