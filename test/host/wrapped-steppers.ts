import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { AGENTS } from '../../actors/index.ts'
import type { ActorLogic, AgentEntry } from '../../actors/index.ts'
import { decodeRecord } from '../../schemas/record.ts'
import { RunFold, logicOf } from '../../src/host/index.ts'
import type { Divergence, HostedLogic, Stepper } from '../../src/host/index.ts'
import type { InMemoryRun } from './in-memory-run.ts'

export interface Wrapped { actor: string; machine: AnyStateMachine; stepper: Stepper }

const KINDS = ['environment', 'executor/1', 'llm-tool/1', 'evaluator']

/** While `body` runs, every machine is stepped through what `wrap` makes of its stepper; `needs` through `wrapNeeds`. */
export async function withSteppers(wrap: (wrapped: Wrapped) => Stepper, body: () => Promise<void>, wrapNeeds: (needs: NonNullable<ActorLogic['needs']>) => ActorLogic['needs'] = (needs) => needs): Promise<void> {
  const hosted: Array<[string, HostedLogic]> = [...KINDS.map((actor): [string, HostedLogic] => [actor, logicOf(actor, '')]), ...Object.keys(AGENTS).map((agent): [string, HostedLogic] => ['agent', logicOf('agent', agent)])]
  const before = hosted.map(([, one]) => ({ ...one }))
  try {
    for (const [actor, one] of hosted) {
      one.stepper = wrap({ actor, machine: one.logic.machine as AnyStateMachine, stepper: one.stepper })
      if (one.logic.needs !== undefined) one.logic = { ...one.logic, needs: wrapNeeds(one.logic.needs) ?? one.logic.needs }
    }
    await body()
  } finally {
    hosted.forEach(([, one], index) => Object.assign(one, before[index]))
  }
}

/** Folds a recorded run; the first divergence, if any, and how many reactions there were. */
export async function foldAgain(run: InMemoryRun, agents?: Readonly<Record<string, AgentEntry>>): Promise<{ steps: number; divergence: Divergence | undefined; otherCode: string[] }> {
  const fold = new RunFold({ read: async (hash) => Buffer.from(await run.blobs.get(hash)).toString(), ...(agents === undefined ? {} : { agents }) })
  for (const bytes of run.records) {
    const divergence = await fold.apply(decodeRecord(bytes))
    if (divergence !== undefined) return { steps: fold.steps, divergence, otherCode: [...fold.otherCode] }
  }
  return { steps: fold.steps, divergence: undefined, otherCode: [...fold.otherCode] }
}

/** What of a snapshot decides: everything else is XState's own. */
export const essence = ({ value, status, context }: AnyMachineSnapshot) => ({ value, status, context })
