import { describe, expect, it } from 'vitest'
import { improvementOf } from '../../actors/index.ts'
import type { EventPayloads, GradingOutcome, TaskGrading } from '../../schemas/generated/events.ts'
import { only, stage, types } from '../host/stage.ts'

const TREE = 'a'.repeat(64)
const grading = (changes: Partial<TaskGrading> = {}): TaskGrading => ({ metric: 'accuracy', higher_is_better: true, success_improvement: 0.1, at_every_step: false, evaluator: 'evaluate.py', ...changes })
const request = (call: number, changes: Partial<EventPayloads['grading.requested']> = {}): EventPayloads['grading.requested'] =>
  ({ call, task: 't', profile: 'small', tree: TREE, layers: [], grading: grading(), step: 4, final: true, python_key: '{}', ...changes })
const outcome = (value: number, baseline: number, changes: Partial<GradingOutcome> = {}): GradingOutcome => ({ graded: true, code: '', message: '', value, baseline, details: '{"n":3}', paper: [], ...changes })

async function score(changes: Partial<TaskGrading>, result: GradingOutcome) {
  const evaluator = stage('evaluator')
  await evaluator.receive('grading.requested', request(1, { grading: grading(changes) }), { from: 'environment' })
  const sent = await evaluator.receive('effect.succeeded', { effect: '', kind: 'grading', call: 1, grading: result }, { from: 'runner' })
  expect(sent[0]?.to).toBe('environment')
  expect(evaluator.context).toEqual({ open: {} })
  return only(sent, 'score.recorded')
}

describe('grading', () => {
  it('asks for the evaluator to be run on the tree', async () => {
    const evaluator = stage('evaluator')
    const sent = await evaluator.receive('grading.requested', request(2), { from: 'environment' })
    expect(only(sent, 'effect.requested')).toMatchObject({ kind: 'grading', call: 2, grading: { task: 't', profile: 'small', tree: TREE, evaluator: 'evaluate.py', python_key: '{}' } })
  })

  const judged: Array<[string, Partial<TaskGrading>, number, number, number, boolean]> = [
    ['higher is better, 20 % above', {}, 0.6, 0.5, 0.2, true], ['higher is better, exactly 10 % above is not above 10 %', { success_improvement: 0.5 }, 1.5, 1, 0.5, false], ['higher is better, worse', {}, 0.4, 0.5, -0.2, false],
    ['lower is better, half the time', { higher_is_better: false }, 0.5, 1, 0.5, true], ['lower is better, slower', { higher_is_better: false }, 2, 1, -1, false], ['lower is better, negative baseline', { higher_is_better: false }, -3, -2, 0.5, true],
    ['higher is better, negative baseline', {}, -1, -2, 0.5, true], ['a baseline of 0 says nothing about relative change', {}, 5, 0, 0, false], ['the same', {}, 1, 1, 0, false],
  ]
  it.each(judged)('%s', async (_what, task, value, baseline, improvement, success) => {
    const { score: got, step, final } = await score(task, outcome(value, baseline))
    expect(got).toMatchObject({ metric: 'accuracy', value, baseline, success, tree: TREE, details: '{"n":3}' })
    expect(got?.improvement).toBeCloseTo(improvement, 12)
    expect([step, final]).toEqual([4, true])
  })

  it('keeps the metric of the paper beside its own', async () => {
    const paper = [{ metric: 'seconds', value: 1, baseline: 2, improvement: 0.5, note: 'as printed' }]
    expect((await score({}, outcome(2, 1, { paper }))).score?.paper).toEqual(paper)
  })

  it('a submission that cannot be graded is the agent\'s error, with the grader\'s reason', async () => {
    const { score: got, error } = await score({}, outcome(0, 0, { graded: false, code: 'wrong_output', message: 'row 3 differs' }))
    expect([got, error]).toEqual([undefined, { source: 'agent', code: 'wrong_output', message: 'row 3 differs' }])
  })

  it('a grader that fails is no fault of the agent, and gives no score', async () => {
    const evaluator = stage('evaluator')
    await evaluator.receive('grading.requested', request(1), { from: 'environment' })
    const error = { source: 'system', code: 'crashed', message: 'no score' }
    const sent = await evaluator.receive('effect.failed', { effect: '', kind: 'grading', call: 1, error, retryable: false }, { from: 'runner' })
    expect(only(sent, 'score.recorded')).toEqual({ call: 1, step: 4, final: true, error })
    expect(evaluator.context).toEqual({ open: {} })
  })

  it('several trees are graded at once, each answered with its own step, in any order', async () => {
    const evaluator = stage('evaluator')
    for (const call of [1, 2, 3]) await evaluator.receive('grading.requested', request(call, { step: call * 10, final: call === 3 }), { from: 'environment' })
    const answers = []
    for (const call of [3, 1, 2]) answers.push(only(await evaluator.receive('effect.succeeded', { effect: '', kind: 'grading', call, grading: outcome(call, 1) }, { from: 'runner' }), 'score.recorded'))
    expect(answers.map(({ call, step, final, score: got }) => [call, step, final, got?.value])).toEqual([[3, 30, true, 3], [1, 10, false, 1], [2, 20, false, 2]])
  })

  it('an outcome that nobody asked for is a violation, not a score', async () => {
    const evaluator = stage('evaluator')
    expect(types(await evaluator.receive('effect.succeeded', { effect: '', kind: 'grading', call: 9, grading: outcome(1, 1) }, { from: 'runner' }))).toEqual(['protocol.violated'])
  })

  it('improvement is relative to the size of the baseline, and positive when better', () => {
    expect([improvementOf(110, 100, true), improvementOf(90, 100, false), improvementOf(-110, -100, false)].map((value) => Math.round(value * 1e9) / 1e9)).toEqual([0.1, 0.1, 0.1])
  })
})
