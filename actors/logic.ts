import type { AnyActorLogic } from 'xstate'
import type { Received } from './protocol.ts'

/** What the host knows of an actor's machine. */
export interface ActorLogic {
  /** folder under actors/, whose code hash is the machine version */
  module: string
  machine: AnyActorLogic
  /** hashes of blobs that the machine wants in `event.read` for this event; pure, asked again until it names nothing new */
  needs?: (context: Record<string, unknown>, event: Received) => string[]
}
