import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { AnyEvent } from '../../schemas/record.ts'
import { RunFold } from '../../src/host/index.ts'
import { attemptsProjection, metricsProjection, semanticProjection, stepIndexProjection, traceProjection } from '../../src/replay/index.ts'
import type { Projection } from '../../src/replay/index.ts'
import { EVERYDAY, playRun } from '../replay/in-memory-run.ts'
import type { PlayedRun } from '../replay/in-memory-run.ts'

let run: PlayedRun
beforeAll(async () => {
  run = await playRun({ script: [{ ask: 'and?' }, ...EVERYDAY], replies: ['go on'], gradeSteps: true, lose: (_request, attempt) => attempt === 1 })
})

type Any = Projection<unknown, unknown>
const PROJECTIONS = [attemptsProjection, metricsProjection, semanticProjection, stepIndexProjection, traceProjection] as unknown as Any[]
const fold = (projection: Any, events: readonly AnyEvent[], from = projection.initial()): unknown => events.reduce((state, event) => projection.apply(state, event), from)

test('a projection of a prefix, folded on over the rest, is the projection of the whole', () => {
  for (const projection of PROJECTIONS) {
    const whole = projection.result(fold(projection, run.events))
    fc.assert(fc.property(fc.nat(run.events.length), (at) => {
      const prefix = fold(projection, run.events.slice(0, at))
      projection.result(prefix)
      expect(projection.result(fold(projection, run.events.slice(at), prefix))).toEqual(whole)
    }), { numRuns: 40 })
  }
})

test('a projection depends on the log only: asking twice, or another process with the same log, gives the same', () => {
  for (const projection of PROJECTIONS) {
    const copy = structuredClone(run.events)
    const state = fold(projection, run.events)
    expect(projection.result(state)).toEqual(projection.result(state))
    expect(projection.result(fold(projection, copy))).toEqual(projection.result(state))
    expect(copy).toEqual(run.events)
  }
})

test('what a projection gave does not change when more events come', () => {
  for (const projection of PROJECTIONS) {
    fc.assert(fc.property(fc.nat(run.events.length), (at) => {
      const state = fold(projection, run.events.slice(0, at))
      const result = projection.result(state)
      const before = structuredClone(result)
      fold(projection, run.events.slice(at), state)
      expect(result).toEqual(before)
    }), { numRuns: 20 })
  }
})

test('machines folded over a prefix and then over the rest end in the states of one fold', async () => {
  const read = async (hash: string): Promise<string> => Buffer.from(await run.blobs.get(hash)).toString()
  const states = (folded: RunFold) => Object.fromEntries([...folded.actors].map(([name, { snapshot, digests }]) => [name, { value: snapshot.value, status: snapshot.status, all: digests?.all }]))
  const apply = async (folded: RunFold, events: readonly AnyEvent[]): Promise<void> => { for (const event of events) expect(await folded.apply(event)).toBeUndefined() }
  const whole = new RunFold({ read })
  await apply(whole, run.events)
  await fc.assert(fc.asyncProperty(fc.nat(run.events.length), async (at) => {
    const parts = new RunFold({ read })
    await apply(parts, run.events.slice(0, at))
    await apply(parts, run.events.slice(at))
    expect(states(parts)).toEqual(states(whole))
  }), { numRuns: 10 })
})
