import type { ModelPrice } from '../../../schemas/completion.ts'
import type { Usage } from './provider.ts'

/** US dollars; undefined when the price is not known. Tokens of the provider's prompt cache cost what the price says of them, else as any other. */
export function costOf(price: ModelPrice | undefined, { input, output, cached, cacheWrite }: Usage): number | undefined {
  if (price === undefined) return undefined
  const rates = price.above !== undefined && input > price.above.tokens ? price.above : price
  const plain = Math.max(0, input - cached - cacheWrite)
  return (plain * rates.input + cached * (rates.cached ?? rates.input) + cacheWrite * (rates.cache_write ?? rates.input) + output * rates.output) / 1_000_000
}
