import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { packageRoot } from '../../src/effects/tasks/index.ts'
import { lastText, startModelServer } from '../model-server/index.ts'
import { Desk, surprise } from './kymo.ts'

/** Looks like no key of anybody. */
const KEY = 'planted-key-9d1f0c3b7a'
const tasks = mkdtempSync(join(tmpdir(), 'kymo-services-tasks-'))
const folder = join(tasks, 'literature-review-tool')
cpSync(join(packageRoot(), 'tasks/literature-review-tool'), folder, { recursive: true })
cpSync(join(folder, 'forged/obedient.py'), join(folder, 'starter/literature_review.py'))
appendFileSync(join(folder, 'starter/literature_review.py'), '\n\nif __name__ == "__main__":\n    print(review("active learning")[0]["summary"])\n')

const desk = new Desk({ OPENAI_COMPATIBLE_API_KEY: KEY, KYMO_TASKS: tasks })
afterAll(async () => {
  await desk[Symbol.asyncDispose]()
  rmSync(tasks, { recursive: true, force: true })
})

interface Summary { run_id: string; status: string; score: { details: { services: { literature: { calls: number }; model: { name: string; calls: number; input_tokens: number; cost_usd: number } } } } }

it('a script asks the run\'s fast model through its socket, also when it is graded; calls and costs are on record, the key is not', { timeout: 120_000 }, async () => {
  const server = await startModelServer({ key: KEY, reply: (request) => ({ text: `Heard ${lastText(request).length > 0 ? 'it' : 'nothing'}.`, usage: { input: 11, output: 7 } }) })
  try {
    const said = await desk.run('run', 'literature-review-tool', '--profile', 'small', '--model', 'openai-compatible/main', '--fast-model', 'openai-compatible/fast', '--price', '1,2', '--base-url', server.openaiUrl, '--json')
    expect(surprise(said)).toBe('')
    const summary = JSON.parse(said.stdout) as Summary
    const { model, literature } = summary.score.details.services
    expect(summary.status).toBe('finished')
    expect(literature.calls).toBe(10)
    expect(model).toMatchObject({ name: 'openai-compatible/fast', input_tokens: 11 * model.calls })
    expect(model.cost_usd).toBeCloseTo(model.calls * 25e-6)
    // Those of the script itself come on top.
    expect(server.requests.length).toBeGreaterThan(model.calls)
    expect(server.requests.every(({ request }) => request?.model === 'fast')).toBe(true)
    const trace = await desk.run('trace', summary.run_id, '--json')
    expect(trace.stdout).toContain('Heard it.')
    // The same in the run's sums: what the script cost, and what grading it cost.
    const { services } = JSON.parse((await desk.run('metrics', summary.run_id, '--json')).stdout) as { services: Record<'scripts' | 'gradings', { searches: number; questions: number; cost_usd: number; models: string[] }> }
    expect(services.gradings).toMatchObject({ searches: literature.calls, questions: model.calls, cost_usd: model.cost_usd, models: ['openai-compatible/fast'] })
    expect(services.scripts.questions).toBe(server.requests.length - model.calls)
    expect(services.scripts.cost_usd).toBeCloseTo(services.scripts.questions * 25e-6)
    expect((await desk.run('metrics', summary.run_id)).stdout).toMatch(/services +scripts: .*openai-compatible\/fast.*\n +gradings: 10 searches/)
    expect(trace.stdout + said.stdout + said.stderr).not.toContain(KEY)
    expect(surprise(await desk.run('verify', summary.run_id))).toBe('')
  } finally {
    await server.close()
  }
})

it('what scripts ask a real model counts towards the run\'s limits', { timeout: 120_000 }, async () => {
  const server = await startModelServer({ key: KEY, reply: () => ({ text: 'Heard.', usage: { input: 11, output: 7 } }) })
  try {
    const said = await desk.run('run', 'literature-review-tool', '--fast-model', 'openai-compatible/fast', '--model', 'openai-compatible/main', '--price', '1,2', '--max-cost', '0.00001', '--base-url', server.openaiUrl, '--json')
    expect(said.code).toBe(4)
    // The agent itself asks nothing.
    expect(JSON.parse(said.stdout)).toMatchObject({ status: 'limit-reached', error: { code: 'max_cost' }, usage: { calls: 0 } })
    expect(surprise(await desk.run('verify', 'last'))).toBe('')
  } finally {
    await server.close()
  }
})

it('commands of a REPL have the services too, each with a budget of its own', { timeout: 120_000 }, async () => {
  const script = join(desk.folder, 'script.yaml')
  const command = 'from kymo_services import budget, search\\nprint(len(search("learning", max_results=7)), budget()["literature"])'
  writeFileSync(script, `actions:\n${[1, 2].map(() => `  - { action: Python REPL, args: { command: "${command.replaceAll('"', '\\"')}" } }\n`).join('')}  - { action: Final Answer, args: { final_answer: done } }\n`)
  const said = await desk.run('run', 'literature-review-tool', '--profile', 'small', '--agent', 'scripted', '--agent-config', `script=${script}`, '--json')
  expect(surprise(said)).toBe('')
  const { run_id } = JSON.parse(said.stdout) as Summary
  const trace = await desk.run('trace', run_id, '--json')
  // Twice for each command: in its output, and in what the agent was told.
  expect(trace.stdout.match(/7 \{'calls': 59\}/g)).toHaveLength(4)
  expect(surprise(await desk.run('verify', run_id))).toBe('')
})
