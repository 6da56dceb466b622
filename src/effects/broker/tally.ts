import type { ModelUse } from '../../../schemas/generated/events.ts'
import type { ServiceFacts, ServiceSettings } from '../../../schemas/services.ts'

/** What one script, or one graded input, has asked so far, and what it may ask. */
export interface Tally { limits: ServiceSettings; literature: NonNullable<ServiceFacts['literature']>; model: NonNullable<ServiceFacts['model']> }

export const newTally = (limits: ServiceSettings): Tally => ({
  limits, literature: { calls: 0, records: 0, refused: 0 },
  model: { name: nameOf(limits), calls: 0, refused: 0, failed: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0 },
})

const LOCAL = 'local'
const nameOf = ({ model }: ServiceSettings): string => (model?.settings === undefined ? LOCAL : `${model.settings.provider}/${model.settings.model}`)

/** The counts, of the services that the task offers. */
export const factsOf = ({ limits, literature, model }: Tally): ServiceFacts => ({ ...(limits.literature === undefined ? {} : { literature: { ...literature } }), ...(limits.model === undefined ? {} : { model: { ...model } }) })

/** What the run's account is to know: nothing where no model was asked, or the task's own program answered. */
export function usedOf({ model }: ServiceFacts): ModelUse | undefined {
  if (model === undefined || model.name === LOCAL || model.input_tokens + model.output_tokens === 0) return undefined
  return { model: model.name, input_tokens: model.input_tokens, output_tokens: model.output_tokens, cost_usd: model.cost_usd }
}

export function sumOf(a: Tally, b: Tally): Tally {
  const add = <Counts extends Record<string, number>>(one: Counts, other: Counts): Counts => Object.fromEntries(Object.entries(one).map(([key, value]) => [key, value + (other[key] ?? 0)])) as Counts
  const { name, ...counts } = a.model
  const { name: _, ...others } = b.model
  return { limits: a.limits, literature: add(a.literature, b.literature), model: { name, ...add(counts, others) } }
}

export const tokensLeft = ({ limits, model }: Tally): number => Math.max(0, (limits.model?.tokens ?? 0) - model.input_tokens - model.output_tokens)

export const leftOf = (tally: Tally): Record<string, unknown> => {
  const { limits, literature, model } = tally
  return {
    ...(limits.literature === undefined ? {} : { literature: { calls: Math.max(0, limits.literature.calls - literature.calls) } }),
    ...(limits.model === undefined ? {} : { model: { calls: Math.max(0, limits.model.calls - model.calls), tokens: tokensLeft(tally), answer_tokens: limits.model.answer_tokens } }),
  }
}
