import type { EventPayloads, EventType } from '../schemas/generated/events.ts'

/** A text in a context or a message: written as {text}, kept as {ref, bytes}. The host stores it before anything is digested. */
export interface TextValue { text?: string; ref?: string; bytes?: number }
/** A linked list: written as {list: {prev, items}}, kept as {ref, bytes}. Nothing in a context grows with the run. */
export interface ListValue { list?: { prev: ListValue | null; items: unknown[] }; ref?: string; bytes?: number }

export const text = (value: string): { text: string } => ({ text: value.toWellFormed() })
/** A list with `items` after everything in `prev`. */
export const listAfter = (prev: ListValue | null, ...items: unknown[]): { list: { prev: ListValue | null; items: unknown[] } } => ({ list: { prev, items } })

/** What a machine sends: the only thing its named actions carry. `data` may hold {text} and {list}. */
export type Message = { [T in EventType]: { type: T; to: string; data: EventPayloads[T] } }[EventType]

/** An event as a machine receives it: texts hydrated, and in `read` the blobs that `needs` asked for, by hash. */
export type Received = { [T in EventType]: { type: T; seq: number; at: number; from: string; id: string; data: EventPayloads[T]; read: Readonly<Record<string, string>> } }[EventType]

export type ReceivedOf<T extends EventType> = Extract<Received, { type: T }>

/** The hydrated text of a field, empty when it was not sent. */
export const textOf = (value: TextValue | undefined): string => value?.text ?? ''

/** What every machine is started with. */
export interface MachineInput { name: string }

/** The number of an instance: `executor/3` -> 3. */
export const instanceNumber = (name: string): number => Number(name.split('/')[1] ?? 0)

/** Calls of the environment and of the agent to the same kind of instance never share a number. */
export const instanceOf = (kind: 'executor' | 'llm-tool', caller: 'environment' | 'agent', call: number): string => `${kind}/${caller === 'environment' ? call * 2 : call * 2 + 1}`

/** Answer of a root '*': what came, where it was not expected. */
export const violation = (actor: string, event: { type: string }, state: unknown): Message => ({
  type: 'protocol.violated', to: '', data: { actor, event_type: event.type.slice(0, 200), reason: `${event.type.slice(0, 200)} is not expected in state ${JSON.stringify(state)}` },
})
