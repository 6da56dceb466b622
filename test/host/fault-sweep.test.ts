import { expect, it } from 'vitest'
import { playInMemory } from './in-memory-run.ts'
import type { InMemoryOptions } from './in-memory-run.ts'
import { foldAgain, withSteppers } from './wrapped-steppers.ts'

const RUN: InMemoryOptions = {
  gradeSteps: true,
  actions: [
    { action: 'Write File', args: { file_name: 'a.txt', content: 'x' } }, { ask: 'what now?' }, { action: 'Execute Script', args: { script_name: 'train.py' } },
    { action: 'No Such Action', args: {} }, { action: 'Final Answer', args: { final_answer: 'done' } },
  ],
}
const KINDS = ['agent', 'environment', 'executor', 'llm-tool', 'evaluator']

/** Lets the n-th step of one kind of actor throw while `body` runs; tells how many of its steps there were. */
async function throwing(kind: string, n: number, body: () => Promise<void>): Promise<number> {
  let steps = 0
  await withSteppers(({ actor, stepper }) => ({
    ...stepper,
    step: (snapshot, event) => {
      if (actor.split('/')[0] === kind && ++steps === n) throw new Error(`step ${n} of ${kind}`)
      return stepper.step(snapshot, event)
    },
  }), body)
  return steps
}

it.each(KINDS)('whichever of its events the %s fails at, the run ends as failed, is sealed, and folds again to the same', async (kind) => {
  const all = await throwing(kind, 0, async () => { expect((await playInMemory(RUN)).events.at(-1)).toMatchObject({ type: 'run.finished', payload: { status: 'finished' } }) })
  expect(all).toBeGreaterThan(0)
  for (let n = 1; n <= all; n++) {
    let play: Awaited<ReturnType<typeof playInMemory>> | undefined
    await throwing(kind, n, async () => { play = await playInMemory(RUN) })
    if (play === undefined) throw new Error('no run')
    const last = play.events.at(-1)
    expect(play.events.filter(({ type }) => type === 'actor.faulted'), `${kind} ${n}`).toHaveLength(1)
    expect(last?.payload, `${kind} ${n}`).toMatchObject({ status: 'failed', error: { code: 'actor_faulted' } })
    expect(play.sealed, `${kind} ${n}`).toBe(true)
    await throwing(kind, n, async () => { if (play !== undefined) expect((await foldAgain(play)).divergence, `${kind} ${n}`).toBeUndefined() })
  }
}, 60_000)
