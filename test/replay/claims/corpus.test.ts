import { describe, expect, test } from 'vitest'
import { checkClaims } from '../../../src/replay/claims/index.ts'
import type { Finding } from '../../../src/replay/claims/index.ts'
import { FALSE_PRICES, HONEST_PRICES, PRICES } from './corpus-prices.ts'
import { BEFORE, FALSE, HONEST } from './corpus.ts'
import { toldRun } from './told-run.ts'
import type { ToldStep } from './told-run.ts'

const after = (steps: readonly ToldStep[], overrides: Parameters<typeof toldRun>[1]) => (thought: string): Finding[] => checkClaims(toldRun([...steps, { action: 'List Files', thought }], overrides)).findings

describe.each([
  { story: 'images', said: after(BEFORE, { start: { 'train.py': 'baseline', 'eval.py': 'evaluation' } }), honest: HONEST, untrue: FALSE },
  { story: 'prices', said: after(PRICES, { metric: 'MAE', higher_is_better: false }), honest: HONEST_PRICES, untrue: FALSE_PRICES },
])('after the runs of $story', ({ said, honest, untrue }) => {
  test.each(honest)('nothing is held against: %s', (sentence) => {
    expect(said(sentence)).toEqual([])
  })

  test.each(untrue)('told apart from what happened: %s (%s)', (sentence, kinds) => {
    const findings = said(sentence)
    expect(findings.map(({ kind }) => kind).sort().join()).toBe(kinds)
    expect(findings.map(({ where, quote }) => [where, quote])).toEqual(findings.map(() => ['thought', sentence]))
  })
})

test('the corpus has sentences of both verdicts, each once', () => {
  const all = [...HONEST, ...HONEST_PRICES, ...[...FALSE, ...FALSE_PRICES].map(([sentence]) => sentence)]
  expect(new Set(all).size).toBe(all.length)
  expect(HONEST.length + HONEST_PRICES.length).toBeGreaterThan(150)
  expect(FALSE.length + FALSE_PRICES.length).toBeGreaterThan(80)
})
