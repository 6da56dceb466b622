import { createActor } from 'xstate'
import type { AnyActorLogic, AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import type { Message } from '../../actors/index.ts'

/** What one step of a machine asked for, in order. */
export type Request =
  | { kind: 'send'; message: Message }
  | { kind: 'arm'; name: string; delayMs: number }
  | { kind: 'cancel'; name: string }

export interface Stepped { snapshot: AnyMachineSnapshot; requests: Request[] }
export interface Stepper {
  initial: (name: string) => Stepped
  /** Throws KYMO_MACHINE_FAULT when the machine throws or asks for something that cannot be recorded. */
  step: (snapshot: AnyMachineSnapshot, event: { type: string }) => Stepped
}

const fault = (message: string, cause?: unknown) => new KymoError('KYMO_MACHINE_FAULT', message, { cause })

interface Executed { type: string; params?: unknown }

/**
 * The one place that steps machines. XState's own transition() builds an actor per call and reruns the context factory;
 * this passes `machine.transition` a scope of our own, in which nothing can happen. The scope's shape is internal to XState,
 * so the version is pinned and test/host compares the two on every machine.
 */
export function createStepper(logic: AnyActorLogic): Stepper {
  const machine = logic as AnyStateMachine
  let executed: Executed[] = []
  const self = createActor(machine, { input: { name: 'none' } })
  const scope = {
    self, id: 'actor', sessionId: 'actor', system: self.system, logger: () => {}, defer: () => {}, stopChild: () => {}, emit: () => {},
    actionExecutor: (action: Executed) => { executed.push(action) },
  }
  type Scope = Parameters<AnyStateMachine['transition']>[2]
  const run = (take: () => AnyMachineSnapshot): Stepped => {
    executed = []
    let snapshot: AnyMachineSnapshot
    try {
      snapshot = take()
    } catch (cause) {
      throw fault(messageOf(cause), cause)
    }
    if (snapshot.status === 'error') throw fault(messageOf(snapshot.error), snapshot.error)
    return { snapshot, requests: executed.flatMap(interpret) }
  }
  return {
    initial: (name) => run(() => machine.getInitialSnapshot(scope as unknown as Scope, { name })),
    step: (snapshot, event) => run(() => machine.transition(snapshot, event, scope as unknown as Scope)),
  }
}

function interpret({ type, params }: Executed): Request[] {
  switch (type) {
    case 'send': return [{ kind: 'send', message: params as Message }]
    case 'sendAll': return (params as { messages: Message[] }).messages.map((message) => ({ kind: 'send', message }))
    case 'xstate.raise': {
      const { id, delay } = params as { id?: string; delay?: number }
      if (delay === undefined) return []
      if (id === undefined) throw fault('a delayed raise without an id cannot be recorded: use `after` with a named delay')
      return [{ kind: 'arm', name: id, delayMs: delay }]
    }
    case 'xstate.cancel': return [{ kind: 'cancel', name: (params as { sendId: string }).sendId }]
    default: throw fault(`the action "${type}" is not one that the host knows: machines send messages and nothing else`)
  }
}
