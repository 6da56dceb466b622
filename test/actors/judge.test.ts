import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chanceBound, judge } from '../../actors/index.ts'
import type { TaskGrading } from '../../schemas/generated/events.ts'
import { only, stage } from '../host/stage.ts'

const up = { higher_is_better: true, success_improvement: 0.1 }
const down = { higher_is_better: false, success_improvement: 0.1 }
/** A starter that was measured three times: 0.5 on average, 0.06 apart. */
const noisy = { baseline: 0.5, baseline_deviation: 0.06, baseline_runs: 3 }

describe('What the starter reaches by chance', () => {
  it('is the 95 % prediction bound of one more run, from Student\'s t', () => {
    expect(chanceBound(noisy, true)).toBeCloseTo(0.5 + 2.92 * 0.06 * Math.sqrt(4 / 3), 6)
    expect(chanceBound(noisy, false)).toBeCloseTo(0.5 - 2.92 * 0.06 * Math.sqrt(4 / 3), 6)
    expect(chanceBound({ ...noisy, baseline_runs: 2 }, true)).toBeCloseTo(0.5 + 6.314 * 0.06 * Math.sqrt(1.5), 6)
    // R: qt(0.95, 29) = 1.699127, qt(0.95, 99) = 1.660391
    expect(((chanceBound({ ...noisy, baseline_runs: 30 }, true) ?? 0) - 0.5) / 0.06 / Math.sqrt(1 + 1 / 30)).toBeCloseTo(1.6991, 3)
    expect(((chanceBound({ ...noisy, baseline_runs: 100 }, true) ?? 0) - 0.5) / 0.06 / Math.sqrt(1.01)).toBeCloseTo(1.6604, 3)
  })

  it('is the mean itself for a starter that always reaches the same', () => {
    expect(chanceBound({ baseline: 0.5, baseline_deviation: 0, baseline_runs: 3 }, true)).toBe(0.5)
  })

  it('is not known after one run, or where nobody noted the spread', () => {
    expect(chanceBound({ baseline: 0.5 }, true)).toBeUndefined()
    expect(chanceBound({ baseline: 0.5, baseline_deviation: 0.1, baseline_runs: 1 }, true)).toBeUndefined()
  })

  it('covers about 95 % of what a normal starter does, and no more than that by much', () => {
    // A seeded generator of normal numbers (Box and Muller), 4,000 worlds of 5 runs and one more.
    let state = 1
    const uniform = (): number => { state = (state * 48271) % 2147483647; return state / 2147483647 }
    const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
    let within = 0
    for (let world = 0; world < 4000; world += 1) {
      const runs = Array.from({ length: 5 }, normal)
      const mean = runs.reduce((sum, value) => sum + value, 0) / 5
      const deviation = Math.sqrt(runs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4)
      if (normal() <= (chanceBound({ baseline: mean, baseline_deviation: deviation, baseline_runs: 5 }, true) ?? 0)) within += 1
    }
    expect(within / 4000).toBeGreaterThan(0.935)
    expect(within / 4000).toBeLessThan(0.965)
  })
})

describe('A score', () => {
  it('is no success when it is 10 % better but the starter reaches it by chance', () => {
    expect(judge({ value: 0.6, ...noisy }, up)).toEqual({ improvement: expect.closeTo(0.2, 9) as number, success: false })
    expect(judge({ value: 0.75, ...noisy }, up).success).toBe(true)
    expect(judge({ value: 0.4, ...noisy }, down).success).toBe(false)
    expect(judge({ value: 0.25, ...noisy }, down).success).toBe(true)
  })

  it('is no success below the task\'s threshold, however sure the difference is', () => {
    expect(judge({ value: 0.54, baseline: 0.5, baseline_deviation: 0.001, baseline_runs: 9 }, up).success).toBe(false)
  })

  it('is judged by the threshold alone where the spread is not known', () => {
    expect(judge({ value: 0.56, baseline: 0.5 }, up).success).toBe(true)
    expect(judge({ value: 0.56, baseline: 0.5, baseline_runs: 1 }, up).success).toBe(true)
  })

  it('against a baseline that nobody measured is neither an improvement nor a success', () => {
    expect(judge({ value: 0.9, baseline: 0, baseline_runs: 0 }, up)).toEqual({ improvement: 0, success: false })
  })

  it('that succeeds against a wide spread succeeds against a narrow one', () => {
    fc.assert(fc.property(fc.double({ min: 0.01, max: 10, noNaN: true }), fc.double({ min: 0, max: 2, noNaN: true }), fc.double({ min: 0, max: 2, noNaN: true }), fc.integer({ min: 2, max: 60 }), fc.boolean(), (value, first, second, runs, higher) => {
      const against = (deviation: number): boolean => judge({ value, baseline: 1, baseline_deviation: deviation, baseline_runs: runs }, { higher_is_better: higher, success_improvement: 0.1 }).success
      expect(against(Math.max(first, second)) && !against(Math.min(first, second))).toBe(false)
    }))
  })

  it('carries the spread it was judged by, and an outcome of the first version gives the score it gave then', async () => {
    const grading: TaskGrading = { metric: 'accuracy', at_every_step: false, evaluator: '', ...up }
    const scored = async (spread: object) => {
      const evaluator = stage('evaluator')
      await evaluator.receive('grading.requested', { call: 1, task: 't', profile: 'small', tree: 'a'.repeat(64), layers: [], grading, step: 1, final: true, python_key: '{}' }, { from: 'environment' })
      const sent = await evaluator.receive('effect.succeeded', { effect: '', kind: 'grading', call: 1, grading: { graded: true, code: '', message: '', value: 0.6, baseline: 0.5, details: '{}', paper: [], ...spread } }, { from: 'runner' })
      return only(sent, 'score.recorded').score
    }
    expect(await scored({ baseline_deviation: 0.06, baseline_runs: 3 })).toMatchObject({ success: false, baseline_deviation: 0.06, baseline_runs: 3 })
    expect(Object.keys(await scored({}) ?? {}).sort()).toEqual(['baseline', 'details', 'higher_is_better', 'improvement', 'metric', 'paper', 'success', 'tree', 'value'])
  })
})
