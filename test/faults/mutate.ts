import { FIELDS, MESSAGE_OF } from '../../schemas/generated/events.ts'
import type { EventType } from '../../schemas/generated/events.ts'
import { decodeEvent, encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { outputId } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'

export const HOSTILE_NAMES = ['', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'Read File\0', '../../etc/passwd', 'null', '{}', '[]', '"', '\u202e', '\ufeff', 'x'.repeat(3000), '💥'.repeat(200), '-1', '1e999', 'xstate.init', 'xstate.after.1.x', '*']
const NUMBERS = [0, 1, 2, 3, 7, 255, 65_536, 2 ** 31 - 1, 2 ** 32 - 1]
const DOUBLES = [0, -0, 0.5, -1, 1e9, 1e300, -1e300, Number.MAX_SAFE_INTEGER]

export interface Mutator { random: () => number; hashes: readonly string[] }

const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

/** Any value that a payload of this message may hold on the wire. */
export function randomMessage({ random, hashes }: Mutator, message: string, depth = 0): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  const oneofs = new Set<string>()
  for (const [field, type, repeated, oneof] of FIELDS[message] ?? []) {
    if (oneof !== '' && (oneofs.has(oneof) || random() < 0.6)) continue
    if (FIELDS[type] !== undefined && repeated === 0 && (random() < 0.25 || depth > 3)) continue
    if (oneof !== '') oneofs.add(oneof)
    const one = (): unknown => randomValue({ random, hashes }, field, type, depth)
    out[field] = repeated === 1 ? Array.from({ length: Math.floor(random() * 3) }, one) : one()
  }
  return out
}

function randomValue(mutator: Mutator, field: string, type: string, depth: number): unknown {
  const { random, hashes } = mutator
  switch (type) {
    case 'string': return field === 'base' && random() < 0.8 ? pick(random, hashes) : pick(random, HOSTILE_NAMES)
    case 'bytes': {
      if (field === 'ref' || field === 'tree' || field === 'before' || field === 'after') return random() < 0.8 ? pick(random, hashes) : ''
      return sha256Hex(String(random()))
    }
    case 'bool': return random() < 0.5
    case 'uint32': return pick(random, NUMBERS)
    case 'int32': return pick(random, [0, -1, 1, 2 ** 31 - 1, -(2 ** 31)])
    case 'double': return pick(random, DOUBLES)
    default: return randomMessage(mutator, type, depth + 1)
  }
}

/** The event with one of its fields, or one within a field, replaced. */
export function mutated(mutator: Mutator, event: AnyEvent): AnyEvent {
  const payload = structuredClone(event.payload) as unknown as Record<string, unknown>
  mutate(mutator, MESSAGE_OF[event.type], payload)
  return withPayload(event, event.type, payload)
}

function mutate(mutator: Mutator, message: string, value: Record<string, unknown>): void {
  const fields = FIELDS[message] ?? []
  const [field, type, repeated, oneof] = pick(mutator.random, fields) ?? []
  if (field === undefined || type === undefined) return
  const current = value[field]
  if (typeof current === 'object' && current !== null && !Array.isArray(current) && FIELDS[type] !== undefined && mutator.random() < 0.6) return mutate(mutator, type, current as Record<string, unknown>)
  if (oneof !== '') for (const [other, , , group] of fields) if (group === oneof) delete value[other]
  if (mutator.random() < 0.2) delete value[field]
  else value[field] = repeated === 1 ? [randomValue(mutator, field, type, 1)] : randomValue(mutator, field, type, 1)
}

/** An event as it would come out of the log: what the codec refuses to write is not sent at all. */
export function withPayload(event: AnyEvent, type: EventType, payload: Record<string, unknown>): AnyEvent {
  const filled = { ...(decodeEvent(type, schemaVersion(type), new Uint8Array()) as object), ...payload }
  return { ...event, type, payload: decodeEvent(type, schemaVersion(type), encodeEvent(type as never, filled as never)) } as AnyEvent
}

/** The same event at another place, with an id that fits it. */
export const placedAt = (event: AnyEvent, seq: number): AnyEvent => ({ ...event, seq, id: outputId(event.runId, sha256Hex(String(seq)), event.from === '' ? 'user' : event.from, seq), at: event.at + seq })
