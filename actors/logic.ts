import type { AnyActorLogic } from 'xstate'
import type { z } from 'zod'
import type { Received } from './protocol.ts'

/** What the host knows of an actor's machine. */
export interface ActorLogic {
  /** folder under actors/, whose code hash is the machine version */
  module: string
  machine: AnyActorLogic
  /** hashes of blobs that the machine wants in `event.read` for this event; pure, asked again until it names nothing new */
  needs?: (context: Record<string, unknown>, event: Received) => string[]
}

/** An agent as the registry knows it. */
export interface AgentEntry {
  name: string
  description: string
  logic: ActorLogic
  /** its settings, with defaults; every field described. Absent: it takes none, or (scripted) a file of its own kind */
  config?: z.ZodObject
  /** the actions it may use, by name; absent: all that need no model */
  actions?: readonly string[]
  /** what its settings add to them */
  actionsWith?: (config: Readonly<Record<string, unknown>>) => readonly string[]
  /** it asks a model, so a run needs one */
  model?: boolean
}
