import { expect, test } from 'vitest'
import pico from 'picocolors'
import { claimsBlock } from '../../src/cli/claims-block.ts'
import type { Screen } from '../../src/cli/output.ts'
import { checkClaims } from '../../src/replay/index.ts'
import { APPENDIX_D, toldRun } from '../replay/claims/told-run.ts'

const screen: Screen = { colors: pico.createColors(false), width: 120, isTerminal: false, line: () => undefined, write: () => undefined }

test('unsupported statements are shown with their place, why, and what the log has instead', () => {
  const lines = claimsBlock(screen, checkClaims(toldRun(APPENDIX_D))).split('\n')
  expect(lines.slice(0, 7)).toEqual([
    'claims     3 statements that the log does not support, of 55 sentences', '', '  step 8  reflection  no improvement', '    "Adding dropout improved the test accuracy from 52.53% to 49.34%."',
    '    The statement calls a move from 52.53 % to 49.34 % an improvement, but for accuracy higher is better.', '    step 2: Epoch [5/5], Train Accuracy: 56.22, Test Accuracy: 52.53', '    step 7: Epoch [5/5], Train Accuracy: 50.10, Test Accuracy: 49.34',
  ])
  expect(lines).toContain('  step 11  final answer  never run')
})

test('a run that said nothing has no block, and one that said nothing false says so in a line', () => {
  expect(claimsBlock(screen, { run_id: '', statements: 0, findings: [] })).toBe('')
  expect(claimsBlock(screen, { run_id: '', statements: 4, findings: [] })).toBe('claims     nothing that the log denies in 4 sentences')
})

test('a quote cannot write to the terminal, and a long list of steps is cut', () => {
  const block = claimsBlock(screen, { run_id: '', statements: 9, findings: [{ step: 1, where: 'plan', kind: 'never-run', quote: 'I ran \u001b[2Jx.py', explanation: 'No.', evidence: [{ step: 0, quote: 'x.py is there at the start' }], again: [2, 3, 4, 5, 6, 7, 8, 9] }] })
  expect(block).not.toContain('\u001b')
  expect(block).toContain('again in step 2, 3, 4, 5, 6, 7 and 2 more')
  expect(block).toContain('start: x.py is there at the start')
})
