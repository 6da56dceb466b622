import { expect, test } from 'vitest'
import { isKymoError } from '../../../schemas/errors.ts'
import { countedAs, limitsFor, parseProviderLimits } from '../../../src/effects/completion/gate/index.ts'

test('limits are read by provider, in any order of their parts', () => {
  expect(parseProviderLimits('anthropic=4,50rpm,80000tpm;openai=8')).toEqual({ anthropic: { concurrent: 4, requestsPerMinute: 50, tokensPerMinute: 80_000 }, openai: { concurrent: 8 } })
  expect(parseProviderLimits(' openai-compatible = 80ktpm , 2 ; *=1.5mtpm;')).toEqual({ 'openai-compatible': { concurrent: 2, tokensPerMinute: 80_000 }, '*': { tokensPerMinute: 1_500_000 } })
  expect(parseProviderLimits('')).toEqual({})
})

test.each(['anthropic', 'anthropic=', 'anthropic=0', 'anthropic=-1', 'anthropic=4,5', 'anthropic=4rpm,5rpm', 'anthropic=4 calls', 'a=1;a=2', '=4', 'a=1e9', 'a=99999999999'])('"%s" is refused with a sentence that shows how it is written', (text) => {
  let error: unknown
  try { parseProviderLimits(text) } catch (thrown) { error = thrown }
  expect(isKymoError(error, 'KYMO_PROVIDER_LIMITS')).toBe(true)
  expect(String(error)).toContain('anthropic=4,50rpm,80ktpm;openai=8')
})

test('a provider that is not named has the limits of "*", or eight calls at once', () => {
  const table = parseProviderLimits('anthropic=50rpm;openai-compatible=2;*=3')
  expect(limitsFor(table, 'anthropic')).toEqual({ concurrent: 8, requestsPerMinute: 50 })
  expect(limitsFor(table, 'openai')).toEqual({ concurrent: 3 })
  expect(limitsFor(table, 'openai-compatible@localhost:8000')).toEqual({ concurrent: 2 })
  expect(limitsFor({}, 'openai')).toEqual({ concurrent: 8 })
})

test('endpoints with a base URL are counted each for itself', () => {
  expect(countedAs({ provider: 'anthropic' })).toBe('anthropic')
  expect(countedAs({ provider: 'openai-compatible', base_url: 'http://localhost:8000/v1' })).toBe('openai-compatible@localhost:8000')
  expect(countedAs({ provider: 'openai-compatible', base_url: 'no url' })).toBe('openai-compatible')
})
