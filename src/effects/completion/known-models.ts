import { z } from 'zod'
import { modelPrice } from '../../../schemas/completion.ts'
import type { ModelPrice, RoleSettings } from '../../../schemas/completion.ts'
import list from './models.json' with { type: 'json' }

const tokens = z.number().int().positive()
const model = z.strictObject({
  ...modelPrice.shape, models: z.array(z.string()).min(1), context: tokens.optional(), max_output: tokens.optional(), refuses: z.array(z.string()).optional(),
  as_of: z.string().regex(/^\d{4}-\d{2}-\d{2}$/), source: z.url(),
})
export type KnownModel = z.infer<typeof model>

/** The price list, checked; throws when the file does not fit. */
export const readModels = (value: unknown): Record<'openai' | 'anthropic', KnownModel[]> => {
  const { openai, anthropic } = z.object({ openai: z.array(model), anthropic: z.array(model) }).parse(value)
  return { openai, anthropic }
}

let known: ReturnType<typeof readModels> | undefined

/** What is known of a model, also under a name with a date. Servers that only speak like OpenAI have models and prices of their own. */
export function knownModel(provider: string, name: string): KnownModel | undefined {
  if (provider !== 'openai' && provider !== 'anthropic') return undefined
  known ??= readModels(list)
  const plain = name.replace(/(?:-latest|-0|[-@]\d{4}-?\d{2}-?\d{2})$/, '')
  return known[provider].find(({ models }) => models.includes(name)) ?? known[provider].find(({ models }) => models.includes(plain))
}

/** The price of a role's model: as the settings say, else as listed; undefined when nobody knows it. */
export function priceOf({ provider, model: name, as, price }: Pick<RoleSettings, 'provider' | 'model' | 'as' | 'price'>): ModelPrice | undefined {
  if (price !== undefined) return price
  const found = knownModel(as ?? provider, name)
  if (found === undefined) return undefined
  const { input, output, cached, cache_write, above, as_of, source } = found
  return { input, output, as_of, source, ...(cached === undefined ? {} : { cached }), ...(cache_write === undefined ? {} : { cache_write }), ...(above === undefined ? {} : { above }) }
}

/**
 * Settings with what is known of their model, for run.started: its price of today, the parameters that it refuses, and no more tokens than it can
 * write. From then on requests and costs follow from the record alone, whatever becomes of the list.
 */
export function withKnown(settings: RoleSettings): RoleSettings {
  const found = knownModel(settings.provider, settings.model)
  const price = priceOf(settings)
  const omit = [...new Set([...(settings.omit ?? []), ...(found?.refuses ?? [])])]
  return { ...settings, max_tokens: Math.min(settings.max_tokens, found?.max_output ?? Infinity), ...(price === undefined ? {} : { price }), ...(omit.length === 0 ? {} : { omit }) }
}
