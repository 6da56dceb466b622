import { expect, test } from 'vitest'
import { inParallel } from '../in-parallel.ts'
import { seeded } from '../seeded.ts'
import { ARITHMETIC, liveThrough } from './live-through.ts'

process.env['KYMO_TASKS'] = ARITHMETIC
const AT_ONCE = 16

/** A point without the actor and the events it speaks of. */
const kindOf = (point: string): string => point.replace(/ #\d+$/, '').replace(/^(client|service): /, '').replace(/(append|claim|publishing|effect-start|effect-end).*/, '$1')

test('a death at any I/O point of a run, of the run\'s process or of the store\'s service, changes nothing but attempts, and each of these is recorded', { timeout: 900_000 }, async () => {
  const began = performance.now()
  const undisturbed = await liveThrough({})
  expect(undisturbed.problems).toEqual([])
  expect(undisturbed.attempts.lost).toBe(0)
  const { points } = undisturbed
  let repeated = 0
  let lives = 0
  let services = 0
  const found: string[] = []
  // What was appended or committed in two pieces may go in one the next time: some of the first run's have no counterpart then.
  const unmet: string[] = []
  await inParallel(AT_ONCE, points, async (target) => {
    try {
      const life = await liveThrough({ target, undisturbed: undisturbed.events })
      if (!life.struck) unmet.push(target)
      for (const difference of life.problems) found.push(`${target}: ${difference}`)
      repeated += life.attempts.started - undisturbed.attempts.started
      lives += life.lives
      services += life.services
    } catch (error) {
      found.push(`${target}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
  })
  const kinds = new Map<string, number>()
  for (const point of points) kinds.set(kindOf(point), (kinds.get(kindOf(point)) ?? 0) + 1)
  console.log(`points: ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')}`)
  console.log(`crash sweep: ${points.length - unmet.length} points, ${repeated} repeated attempts, ${found.length} differences (${lives - points.length} deaths of the run's process, ${services - points.length} of the service, ${unmet.length} commits not met again, ${((performance.now() - began) / 1000).toFixed(0)} s)`)
  expect(found).toEqual([])
  expect(repeated).toBeGreaterThan(0)
  expect(unmet.length).toBeLessThan(points.length / 30)
  expect(unmet.filter((point) => !/batch|witness|append by/.test(point))).toEqual([])
})

test('a run tells the same story whether its exchanges are foreseen, made one by one, or now and then foreseen', async () => {
  const undisturbed = await liveThrough({})
  expect(undisturbed.problems).toEqual([])
  const random = seeded(11)
  const clocks: Array<(now: number) => number> = [() => 0, ...Array.from({ length: 8 }, () => (now: number) => (random() < 0.5 ? now : now + 60_000))]
  for (const clock of clocks) {
    const life = await liveThrough({ undisturbed: undisturbed.events, clock })
    expect(life.problems).toEqual([])
    // A client whose clock is off foresees nothing that is taken.
    if (clock === clocks[0]) expect(life.points.filter((point) => point.includes('before append')).length).toBeGreaterThan(1.5 * undisturbed.points.filter((point) => point.includes('before append')).length)
  }
}, 60_000)

test('a run goes on within moments when any one of its publications is lost, the last one too, or half of them, or all', { timeout: 120_000 }, async () => {
  const began = performance.now()
  const undisturbed = await liveThrough({})
  const random = seeded(7)
  const losses: Array<(published: number) => boolean> = [
    ...Array.from({ length: undisturbed.events.length }, (_, index) => (published: number) => published === index + 1),
    ...Array.from({ length: 8 }, () => () => random() < 0.5),
    () => true,
  ]
  const found: string[] = []
  await inParallel(2 * AT_ONCE, losses, async (drop) => {
    const life = await liveThrough({ drop, undisturbed: undisturbed.events })
    found.push(...life.problems)
    if (life.attempts.lost > 0) found.push(`${life.attempts.lost} attempts were lost though nothing died`)
  })
  console.log(`lost publications: ${losses.length} runs, ${found.length} differences (${((performance.now() - began) / 1000).toFixed(0)} s)`)
  expect(found).toEqual([])
})
