import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { packageRoot } from '../../src/effects/tasks/index.ts'
import { Desk, surprise } from './kymo.ts'

const REPLIES = join(packageRoot(), 'test/fixtures/scripts/showcase.yaml')
const desk = new Desk()
afterAll(() => desk[Symbol.asyncDispose]())

interface Step { step: number; action: string; ok: boolean; observation?: { text?: string }; primitives?: { name: string }[] }

it('plays the paper\'s showcased run (appendix D) in eleven steps: baseline, a learning rate that fails, dropout, a wider network, a submission', { timeout: 60_000 }, async () => {
  const said = await desk.run('run', 'picture-classes', '--agent', 'research', '--model', `scripted/${REPLIES}`, '--json')
  expect(surprise(said)).toBe('')
  const summary = JSON.parse(said.stdout) as { status: string; steps: number; score: { value: number; baseline: number; success: boolean }; usage: { roles: Record<string, { calls: number }> } }
  expect(summary).toMatchObject({ status: 'finished', steps: 11, score: { value: 0.6431, baseline: 0.5253, success: true } })
  expect(Object.entries(summary.usage.roles).map(([role, { calls }]) => [role, calls])).toEqual(expect.arrayContaining([['model', 11], ['fast', 1], ['edit', 4]]))

  const { steps } = JSON.parse((await desk.run('trace', 'last', '--json')).stdout) as { steps: Step[] }
  expect(steps.map(({ action }) => action)).toEqual([
    'List Files', 'Understand File', 'Execute Script', 'Edit Script (AI)', 'Execute Script', 'Edit Script (AI)', 'Execute Script', 'Edit Script (AI)', 'Execute Script', 'Edit Script (AI)', 'Final Answer',
  ])
  expect(steps.map(({ primitives }) => (primitives ?? []).map(({ name }) => name).join(', '))).toEqual(['', 'Read File', '', 'Read File, Write File', '', 'Read File, Write File', '', 'Read File, Write File', '', 'Read File, Write File', ''])
  const outputs = steps.filter(({ action }) => action === 'Execute Script').map(({ observation }) => /epoch 5: test accuracy ([\d.]+)/.exec(observation?.text ?? '')?.[1])
  expect(outputs).toEqual(['52.53', '10.00', '49.34', '64.31'])
  expect(surprise(await desk.run('verify', 'last'))).toBe('')
})

it('the claim checker finds the two false statements of that run, and no others', async () => {
  const { claims } = JSON.parse((await desk.run('metrics', 'last', '--json')).stdout) as { claims: { findings: { step: number; kind: string; quote: string; evidence: unknown[] }[] } }
  expect(claims.findings.map(({ step, kind }) => [step, kind])).toEqual([[8, 'denied-improvement'], [11, 'never-run']])
  expect(claims.findings[0]?.quote).toContain('from 52.53 % to 49.34 %')
  expect(claims.findings[1]?.quote).toContain('generate_submission.py')
  for (const { evidence } of claims.findings) expect(evidence.length).toBeGreaterThan(0)
})

it('the same run is answered from its own record, byte for byte, and a changed request says what differs', { timeout: 60_000 }, async () => {
  const run = (JSON.parse((await desk.run('show', 'last', '--json')).stdout) as { run_id: string }).run_id
  const again = await desk.run('run', 'picture-classes', '--agent', 'research', '--model', `recorded/${run}`, '--json')
  expect(surprise(again)).toBe('')
  expect(JSON.parse(again.stdout)).toMatchObject({ steps: 11, score: { value: 0.6431 } })
  const other = await desk.run('run', 'picture-classes', '--agent', 'research', '--agent-config', 'max_steps_in_context=2', '--model', `recorded/${run}`, '--json')
  const { status, error } = JSON.parse(other.stdout) as { status: string; error: { source: string; code: string; message: string } }
  expect([status, error.source, error.code]).toEqual(['failed', 'user', 'recorded_miss'])
  expect(error.message).toMatch(/differ|is missing/)
})
