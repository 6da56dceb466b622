import { assign, setup } from 'xstate'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { createStepper } from '../../src/host/index.ts'
import { RUNS, recorded } from './recorded-runs.ts'
import { Trapped, deepFreeze, inTrap } from './traps.ts'
import { foldAgain, withSteppers } from './wrapped-steppers.ts'

describe('machines decide and do nothing else', () => {
  it.each(Object.keys(RUNS))('no clock, no chance, no process, nothing changed in place: %s', async (name) => {
    const run = await recorded(name)
    let steps = 0
    await withSteppers(({ stepper }) => ({
      ...stepper,
      step: (snapshot, event) => {
        deepFreeze(snapshot.context)
        deepFreeze(event)
        steps++
        const stepped = inTrap(() => stepper.step(snapshot, event))
        const context = canonicalJson(stepped.snapshot.context)
        expect(canonicalJson(JSON.parse(context))).toBe(context)
        return stepped
      },
    }), async () => { expect((await foldAgain(run)).divergence).toBeUndefined() }, (needs) => (context, event) => inTrap(() => needs(context, event)))
    expect(steps).toBeGreaterThan(2)
  })

  const impure: Array<[string, () => unknown]> = [
    ['Date.now', () => Date.now()], ['new Date', () => new Date()], ['Math.random', () => Math.random()], ['performance.now', () => performance.now()], ['setTimeout', () => setTimeout(() => undefined, 0)],
    ['queueMicrotask', () => { queueMicrotask(() => undefined) }], ['crypto.getRandomValues', () => crypto.getRandomValues(new Uint8Array(1))], ['crypto.randomUUID', () => crypto.randomUUID()],
    ['process.env', () => process.env], ['process.hrtime', () => process.hrtime.bigint()], ['fetch', () => fetch('http://localhost')],
    ['Math.random, its error swallowed', () => { try { return Math.random() } catch { return 4 } }],
  ]
  it.each(impure)('a planted %s is caught', (_name, use) => {
    const machine = setup({ types: { context: {} as { x: number } } }).createMachine({ context: { x: 0 }, on: { go: { actions: assign({ x: () => (use() === undefined ? 1 : 2) }) } } })
    const stepper = createStepper(machine)
    const { snapshot } = stepper.initial('agent')
    expect(() => inTrap(() => stepper.step(snapshot, { type: 'go' }))).toThrow(Trapped)
  })

  it('a planted change in place is caught', () => {
    const machine = setup({ types: { context: {} as { list: number[] } } }).createMachine({ context: () => ({ list: [] }), on: { go: { actions: assign({ list: ({ context }) => { context.list.push(1); return context.list } }) } } })
    const stepper = createStepper(machine)
    const { snapshot } = stepper.initial('agent')
    deepFreeze(snapshot.context)
    expect(() => stepper.step(snapshot, { type: 'go' })).toThrow(/not extensible/)
  })

  it('the traps leave the globals as they were', () => {
    const now = Date.now
    expect(() => inTrap(() => Date.now())).toThrow(Trapped)
    expect(Date.now).toBe(now)
    expect(inTrap(() => 3)).toBe(3)
    expect([typeof setTimeout, typeof process.pid, typeof crypto.randomUUID(), typeof performance.now()]).toEqual(['function', 'number', 'string', 'number'])
  })
})
