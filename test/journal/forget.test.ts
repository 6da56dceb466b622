import { expect, test } from 'vitest'
import { Decision, MemoryStore } from '../../src/journal/index.ts'
import { cancelRequest, create, effect, here, newRun, openWorld, session, sound, step } from '../conformance/world.ts'

/** Counts how often a run is folded from its records. */
class CountingStore extends MemoryStore {
  folds = 0

  override range(options: Parameters<MemoryStore['range']>[0]): ReturnType<MemoryStore['range']> {
    if (options.gte[0] === 0x65 && options.limit === 1000) this.folds++
    return super.range(options)
  }
}

test('a run that nobody serves leaves the memory and comes back when it is asked for; one that is served stays', async () => {
  const store = new CountingStore()
  const { journal } = await openWorld({ open: async () => store }, { forgetAfterMs: 100, leaseMs: 60_000 })
  const [idle, served] = [newRun(), newRun()]
  for (const run of [idle, served]) {
    await create(journal, run, 'executor/1')
    await step(journal, run, 'executor/1', [effect(1)])
  }
  const request = cancelRequest(idle)
  await journal.append(request)
  const who = session()
  await journal.attach({ run_id: served, session: who, holder: here() })
  const waiting = journal.claim({ session: who, holder: here(), kinds: ['file'], run_id: idle, slots: 1, wait_ms: 4000 })
  const before = store.folds
  await new Promise((resolve) => setTimeout(resolve, 1400))
  expect(store.folds).toBe(before)
  await journal.append(cancelRequest(served))
  expect(store.folds).toBe(before)
  expect((await journal.append(request)).decision).toBe(Decision.IDEMPOTENT)
  expect(store.folds).toBeGreaterThan(before)
  await journal.append(cancelRequest(idle))
  expect((await sound(journal, idle)).length).toBe(5)
  await journal.close()
  expect((await waiting).grants).toEqual([])
})
