import { expect, test } from 'vitest'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { servicesLines } from '../../src/cli/model-block.ts'
import { addServices, noServices } from '../../src/replay/projections/services-used.ts'

const model = { name: 'openai/small', calls: 2, refused: 1, failed: 0, input_tokens: 300, output_tokens: 40, cost_usd: 0.001 }

test('what scripts asked of services is summed over all of them, and who answered is named once', () => {
  const sum = noServices()
  for (const recorded of ['', canonicalJson({ literature: { calls: 3, records: 30, refused: 1 } }), canonicalJson({ literature: { calls: 1, records: 10, refused: 0 }, model }), canonicalJson({ model: { ...model, failed: 1 } })]) addServices(sum, recorded)
  expect(sum).toEqual({ searches: 4, questions: 4, refused: 3, failed: 1, input_tokens: 600, output_tokens: 80, cost_usd: 0.002, models: ['openai/small'] })
})

test('facts that are none of ours are passed over', () => {
  const sum = noServices()
  for (const recorded of ['no json', '[]', '{"model":{"calls":-1}}']) addServices(sum, recorded)
  expect(sum).toEqual(noServices())
})

test('the lines for people say whose they are and what they cost, and are not there where nobody asked', () => {
  const scripts = noServices()
  addServices(scripts, canonicalJson({ literature: { calls: 1, records: 10, refused: 0 }, model }))
  expect(servicesLines({ scripts, gradings: noServices() })).toEqual([['scripts', '1 search, 2 questions to a model (openai/small): 300 tokens in, 40 out, $0.0010, 1 refused']])
  expect(servicesLines({ scripts: noServices(), gradings: noServices() })).toEqual([])
})
