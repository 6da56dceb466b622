import { expect, test } from 'vitest'
import { checkClaims } from '../../../src/replay/claims/index.ts'
import type { Finding } from '../../../src/replay/claims/index.ts'
import { BEFORE, FALSE, HONEST } from './corpus.ts'
import { toldRun } from './told-run.ts'

const START = { 'train.py': 'baseline', 'eval.py': 'evaluation' }
const saidAfter = (thought: string): Finding[] => checkClaims(toldRun([...BEFORE, { action: 'List Files', thought }], { start: START })).findings

test.each(HONEST)('nothing is held against: %s', (sentence) => {
  expect(saidAfter(sentence)).toEqual([])
})

test.each(FALSE)('told apart from what happened: %s (%s)', (sentence, kind) => {
  const findings = saidAfter(sentence)
  expect(findings.map((finding) => finding.kind)).toEqual([kind])
  expect(findings[0]).toMatchObject({ step: BEFORE.length + 1, where: 'thought', quote: sentence })
})

test('the corpus has sentences of both verdicts, each once', () => {
  const all = [...HONEST, ...FALSE.map(([sentence]) => sentence)]
  expect(new Set(all).size).toBe(all.length)
  expect(HONEST.length).toBeGreaterThan(100)
  expect(FALSE.length).toBeGreaterThan(60)
})
