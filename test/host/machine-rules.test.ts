import { assign, emit, enqueueActions, fromPromise, log, raise, sendTo, setup, spawnChild } from 'xstate'
import type { AnyActorLogic } from 'xstate'
import { describe, expect, it } from 'vitest'
import { ACTOR_LOGIC, AGENTS } from '../../actors/index.ts'
import { createStepper } from '../../src/host/index.ts'
import { brokenRules } from './machine-rules.ts'

const machines = [...Object.entries(ACTOR_LOGIC), ...Object.values(AGENTS).map(({ name, logic }) => [`agent ${name}`, logic] as const)]
const nothing = () => {}
const unknown = { '*': {} }

describe('the rules that every machine keeps', () => {
  it.each(machines)('%s keeps them', (_name, { machine }) => {
    expect(brokenRules(machine)).toEqual([])
  })

  it('all five kinds of actors are looked at', () => {
    expect(machines.map(([name]) => name).sort()).toEqual(expect.arrayContaining(['agent baseline', 'agent scripted', 'environment', 'evaluator', 'executor', 'llm-tool']))
  })

  const kept = setup({ actions: { send: nothing }, delays: { later: 10 }, guards: { good: () => true } })
  const planted: Array<[string, AnyActorLogic, RegExp]> = [
    ['an invoked child', setup({ actors: { child: fromPromise(async () => 1) } }).createMachine({ on: unknown, invoke: { src: 'child' } }), /invokes|child actors/],
    ['a spawned child', setup({}).createMachine({ on: unknown, entry: spawnChild(fromPromise(async () => 1)) }), /inline action/],
    ['an inline function', setup({}).createMachine({ on: { ...unknown, go: { actions: () => {} } } }), /inline action/],
    ['an inline function deep inside', setup({}).createMachine({ on: unknown, initial: 'a', states: { a: { initial: 'b', states: { b: { exit: () => {} } } } } }), /a\.b has an inline action/],
    ['a numeric delay', setup({}).createMachine({ on: unknown, after: { 500: {} } }), /unnamed delay/],
    ['a numeric delay in a state', setup({}).createMachine({ on: unknown, initial: 'a', states: { a: { after: { 500: { target: 'b' } } }, b: {} } }), /a has an unnamed delay/],
    ['an inline guard', setup({}).createMachine({ on: { ...unknown, go: { guard: () => Math.random() > 0.5 } } }), /inline guard/],
    ['an action of another name', setup({ actions: { shout: nothing } }).createMachine({ on: { ...unknown, go: { actions: { type: 'shout' } } } }), /"shout"/],
    ['an action without params', kept.createMachine({ on: { ...unknown, go: { actions: 'send' } } }), /without params/],
    ['a send that acts', setup({ actions: { send: () => { process.emitWarning('!') } } }).createMachine({ on: unknown }), /by itself/],
    ['raise', setup({}).createMachine({ on: { ...unknown, go: { actions: raise({ type: 'on' }) } } }), /inline action/],
    ['emit', setup({}).createMachine({ on: { ...unknown, go: { actions: emit({ type: 'on' }) } } }), /inline action/],
    ['log', setup({}).createMachine({ on: { ...unknown, go: { actions: log('x') } } }), /inline action/],
    ['sendTo', setup({}).createMachine({ on: { ...unknown, go: { actions: sendTo('x', { type: 'on' }) } } }), /inline action/],
    ['enqueueActions', setup({}).createMachine({ on: { ...unknown, go: { actions: enqueueActions(() => {}) } } }), /inline action/],
    ['no answer to unknown events', kept.createMachine({ on: { go: {} } }), /unknown events/],
    ['an output', kept.createMachine({ on: unknown, initial: 'a', states: { a: { type: 'final', output: 1 } } }), /output/],
  ]
  it.each(planted)('a machine with %s is found', (_name, machine, problem) => {
    expect(brokenRules(machine).join('; ')).toMatch(problem)
  })

  it('what is allowed is not found', () => {
    const good = kept.createMachine({
      on: { '*': { actions: { type: 'send', params: () => ({}) } } }, context: { n: 0 }, initial: 'a',
      states: { a: { entry: assign({ n: 1 }), after: { later: { target: 'b', guard: 'good' } } }, b: { type: 'final' } },
    })
    expect(brokenRules(good)).toEqual([])
  })

  it('a host refuses what such a machine would do', () => {
    const stepper = createStepper(setup({}).createMachine({ on: { go: { actions: log('x') } } }))
    expect(() => stepper.step(stepper.initial('agent').snapshot, { type: 'go' })).toThrow(/not one that the host knows/)
  })
})
