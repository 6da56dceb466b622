import { ACTOR_LOGIC, AGENTS } from '../../actors/index.ts'
import type { ActorLogic, AgentEntry } from '../../actors/index.ts'
import { actorKind } from '../../schemas/actor-names.ts'
import { KymoError } from '../../schemas/errors.ts'
import { MACHINE_VERSIONS } from '../../schemas/generated/machine-versions.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { createStepper } from './stepper.ts'
import type { Stepper } from './stepper.ts'

export interface HostedLogic { logic: ActorLogic; stepper: Stepper; version: string }

const prepared = new WeakMap<ActorLogic, HostedLogic>()

const prepare = (logic: ActorLogic): HostedLogic => {
  const known = prepared.get(logic)
  if (known !== undefined) return known
  const code = MACHINE_VERSIONS[logic.module] ?? logic.module
  const hosted = { logic, stepper: createStepper(logic.machine), version: sha256Hex(code, ` node ${process.versions.node.split('.', 1)[0] ?? ''}`).slice(0, 32) }
  prepared.set(logic, hosted)
  return hosted
}

export type AgentRegistry = Readonly<Record<string, AgentEntry>>

/** The machine behind an actor's name. Throws KYMO_UNKNOWN_AGENT for an agent that this Kymo does not have. */
export function logicOf(actor: string, agent: string, agents: AgentRegistry = AGENTS): HostedLogic {
  const kind = actorKind(actor)
  if (kind === 'agent') {
    const entry = Object.hasOwn(agents, agent) ? agents[agent] : undefined
    if (entry === undefined) throw new KymoError('KYMO_UNKNOWN_AGENT', `there is no agent "${agent}" here; "kymo agent list" shows those there are`)
    return prepare(entry.logic)
  }
  const logic = Object.entries(ACTOR_LOGIC).find(([name]) => name === kind)?.[1]
  if (logic === undefined) throw new KymoError('KYMO_UNKNOWN_ACTOR', `there is no actor "${actor}"`)
  return prepare(logic)
}
