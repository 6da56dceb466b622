import { initialTransition, transition } from 'xstate'
import { describe, expect, it } from 'vitest'
import { ACTOR_LOGIC, AGENTS } from '../../actors/index.ts'
import type { Message } from '../../actors/index.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { createStepper } from '../../src/host/index.ts'
import type { Request } from '../../src/host/index.ts'
import { walk } from './machine-rules.ts'
import { RUNS, recorded } from './recorded-runs.ts'
import { essence, foldAgain, withSteppers } from './wrapped-steppers.ts'

interface Action { type: string; params?: unknown }

/** What XState's own actions amount to, written down independently of the stepper. */
const asked = (actions: readonly Action[]): Request[] =>
  actions.flatMap(({ type, params }): Request[] => {
    if (type === 'send') return [{ kind: 'send', message: params as Message }]
    if (type === 'sendAll') return (params as { messages: Message[] }).messages.map((message) => ({ kind: 'send', message }))
    const { id, delay, sendId } = params as { id: string; delay?: number; sendId: string }
    if (type === 'xstate.cancel') return [{ kind: 'cancel', name: sendId }]
    if (type !== 'xstate.raise') throw new Error(type)
    return delay === undefined ? [] : [{ kind: 'arm', name: id, delayMs: delay }]
  })

describe('the stepper and XState agree', () => {
  it.each(Object.keys(RUNS))('on every step of: %s', async (name) => {
    const run = await recorded(name)
    let compared = 0
    await withSteppers(({ machine, stepper }) => ({
      ...stepper,
      step: (snapshot, event) => {
        const [next, actions] = transition(machine, snapshot, event)
        const stepped = stepper.step(snapshot, event)
        expect(essence(stepped.snapshot)).toEqual(essence(next))
        expect(stepped.requests).toEqual(asked(actions as Action[]))
        compared++
        return stepped
      },
    }), async () => { expect((await foldAgain(run)).divergence).toBeUndefined() })
    expect(compared).toBe(run.events.filter((event) => event.type === 'actor.stepped' && !event.payload.dropped).length)
  })

  it.each([...Object.entries(ACTOR_LOGIC), ...Object.entries(AGENTS).map(([name, { logic }]) => [name, logic] as const)])('on the beginning of %s', (_name, { machine }) => {
    const [snapshot, actions] = initialTransition(machine, { name: 'executor/6' })
    const begun = createStepper(machine).initial('executor/6')
    expect(essence(begun.snapshot)).toEqual(essence(snapshot))
    expect(begun.requests).toEqual(asked(actions as Action[]))
  })

  it('the recorded runs take every machine through every state it has', async () => {
    const seen = new Map<string, Set<string>>()
    const visit = (id: string, value: unknown, path = ''): void => {
      if (typeof value === 'string') seen.get(id)?.add(`${path}${value}`)
      else for (const [key, inner] of Object.entries(value as object)) {
        seen.get(id)?.add(`${path}${key}`)
        visit(id, inner, `${path}${key}.`)
      }
    }
    const all = new Map<string, string[]>()
    await withSteppers(({ machine, stepper }) => {
      seen.set(machine.id, new Set())
      const states: string[] = []
      walk(machine.root, ({ path }) => { if (path.length > 0) states.push(path.join('.')) })
      all.set(machine.id, states)
      return {
        ...stepper,
        step: (snapshot, event) => {
          visit(machine.id, snapshot.value)
          const stepped = stepper.step(snapshot, event)
          visit(machine.id, stepped.snapshot.value)
          return stepped
        },
      }
    }, async () => { for (const name of Object.keys(RUNS)) await foldAgain(await recorded(name)) })
    // Passed through within one step: no snapshot ever rests there.
    const transient = ['running.told', 'closing', 'grading', 'observed', 'settled', 'remembering', 'choosing']
    // Agents that share a machine, and whose settings have no research log.
    const without: Readonly<Record<string, readonly string[]>> = { react: ['noting', 'retrieving'], 'action-only': ['noting', 'retrieving'] }
    for (const [id, states] of all) expect([id, states.filter((state) => !transient.includes(state) && !seen.get(id)?.has(state))]).toEqual([id, without[id] ?? []])
  })

  it('stepping again from a snapshot that went through JSON gives the same run', async () => {
    for (const name of Object.keys(RUNS)) {
      await withSteppers(({ machine, stepper }) => ({
        ...stepper,
        step: (snapshot, event) => {
          const { value, status, context } = JSON.parse(JSON.stringify(essence(snapshot))) as ReturnType<typeof essence>
          expect(canonicalJson(context)).toBe(canonicalJson(snapshot.context))
          return stepper.step(machine.resolveState({ value, status, context }), event)
        },
      }), async () => { expect([name, (await foldAgain(await recorded(name))).divergence]).toEqual([name, undefined]) })
    }
  })
})
