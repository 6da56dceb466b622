import { describe, expect, it } from 'vitest'
import list from '../../../src/effects/completion/models.json' with { type: 'json' }
import { costOf, knownModel, priceOf, withKnown } from '../../../src/effects/completion/index.ts'
import { readModels } from '../../../src/effects/completion/known-models.ts'

const M = 1_000_000
const models = Object.values(readModels(list)).flat()

describe('the price list', () => {
  it('names a date and a source for every model, and no model twice', () => {
    for (const { as_of, source } of models) {
      expect(Date.parse(as_of)).toBeLessThanOrEqual(Date.now())
      expect(source).toMatch(/^https:/)
    }
    const names = models.flatMap((model) => model.models)
    expect(new Set(names).size).toBe(names.length)
  })
  it('holds prices that make sense: reading from a cache costs less, an answer more than a question', () => {
    for (const { input, output, cached = 0, cache_write = input, above } of models) {
      expect(cached).toBeLessThan(input)
      expect(output).toBeGreaterThan(input)
      expect(cache_write).toBeGreaterThanOrEqual(input)
      if (above !== undefined) expect(above.input).toBeGreaterThan(input)
    }
  })
  it('knows a model under its name with a date, and not under a longer one', () => {
    expect(knownModel('anthropic', 'claude-sonnet-4-5-20250929')?.models).toContain('claude-sonnet-4-5')
    expect(knownModel('openai', 'gpt-4o-2024-08-06')?.input).toBe(2.5)
    expect(knownModel('openai', 'gpt-4o-mini')?.input).toBe(0.15)
    expect(knownModel('openai', 'gpt-4o-something')).toBeUndefined()
    expect(knownModel('openai', 'claude-sonnet-4-5')).toBeUndefined()
    expect(knownModel('openai-compatible', 'gpt-4o')).toBeUndefined()
  })
})

describe('what an answer costs', () => {
  const price = { input: 10, output: 50, cached: 1, cache_write: 12.5 }
  it('counts tokens of the provider\'s cache apart', () => {
    expect(costOf(price, { input: 3 * M, output: M, cached: M, cacheWrite: M })).toBe(10 + 1 + 12.5 + 50)
  })
  it('as any other where the price does not say', () => {
    expect(costOf({ input: 10, output: 50 }, { input: 3 * M, output: 0, cached: M, cacheWrite: M })).toBe(30)
  })
  it('a long prompt costs more as a whole', () => {
    const tiered = { ...price, above: { tokens: 1000, input: 20, output: 75, cached: 2 } }
    expect(costOf(tiered, { input: 1000, output: 0, cached: 0, cacheWrite: 0 })).toBe(0.01)
    expect(costOf(tiered, { input: 1001, output: 1000, cached: 1, cacheWrite: 0 })).toBeCloseTo((1000 * 20 + 2 + 75_000) / M, 12)
  })
  it('nobody knows without a price', () => {
    expect(costOf(undefined, { input: 1, output: 1, cached: 0, cacheWrite: 0 })).toBeUndefined()
    expect(priceOf({ provider: 'openai-compatible', model: 'llama3' })).toBeUndefined()
  })
  it('what the person says wins over the list', () => {
    expect(priceOf({ provider: 'openai', model: 'gpt-4o', price: { input: 1, output: 2 } })).toEqual({ input: 1, output: 2 })
  })
})

describe('settings with what is known of their model', () => {
  it('hold the price of today with its source, the refused parameters, and no more tokens than the model can write', () => {
    const known = withKnown({ provider: 'openai', model: 'gpt-5-mini', max_tokens: 200_000, temperature: 0.5 })
    expect(known).toMatchObject({ max_tokens: 128_000, omit: ['temperature', 'stop'], price: { input: 0.25, output: 2, cached: 0.025, source: expect.stringContaining('https://') as string } })
    expect(withKnown({ provider: 'openai', model: 'gpt-4', max_tokens: 16_000 }).max_tokens).toBe(8192)
  })
  it('of an unknown model stay as they are', () => {
    const settings = { provider: 'openai-compatible', model: 'llama3', max_tokens: 4000 }
    expect(withKnown(settings)).toEqual(settings)
  })
})
