import { kymo } from './generated/messages.js'
import type { Codec } from './generated/messages.js'
import { FIELDS, MESSAGE_OF } from './generated/events.ts'
import type { EventPayloads, EventType } from './generated/events.ts'
import { KymoError } from './errors.ts'
import { hex, unhex } from './hash.ts'
import { upcast } from './upcast/index.ts'

/** Version written for each event type today; older ones are lifted by schemas/upcast when read. */
export const schemaVersion = (type: EventType): number => CURRENT[type] ?? 1
const CURRENT: Partial<Record<EventType, number>> = {}

const codecs = kymo.v1.event as unknown as Record<string, Codec<Record<string, unknown>>>

export const isEventType = (type: string): type is EventType => Object.hasOwn(MESSAGE_OF, type)

/** A payload as protobufjs takes it: bytes for hex, and nothing that is not a field. */
export type Wire = Record<string, unknown>

/**
 * What is to be written of an event's payload. Unlike protobufjs it refuses what cannot be written faithfully: unknown names, wrong types,
 * numbers out of range, lone surrogates, two arms of a oneof, a text that was not stored first. Throws KYMO_SCHEMA.
 */
export function wireOf(type: string, payload: unknown): Wire {
  if (!isEventType(type)) throw new KymoError('KYMO_SCHEMA', `there is no event type "${String(type).slice(0, 80)}"`)
  return toWire(MESSAGE_OF[type], payload, type)
}

export const encodeWire = (type: EventType, wire: Wire): Uint8Array => codec(MESSAGE_OF[type]).encode(wire).finish()

/** Bytes of an event's payload. Throws KYMO_SCHEMA where wireOf does. */
export const encodeEvent = <T extends EventType>(type: T, payload: EventPayloads[T]): Uint8Array => encodeWire(type, wireOf(type, payload))

/** The payload of an event as stored, lifted to today's schema. Throws KYMO_SCHEMA for an unknown type or bytes that do not decode. */
export function decodeEvent<T extends EventType>(type: T, version: number, bytes: Uint8Array): EventPayloads[T] {
  if (!isEventType(type)) throw new KymoError('KYMO_SCHEMA', `unknown event type "${String(type)}": this log was written by a newer Kymo`)
  const name = MESSAGE_OF[type]
  let message: Record<string, unknown>
  try {
    message = codec(name).decode(bytes)
  } catch (cause) {
    throw new KymoError('KYMO_SCHEMA', `the payload of ${type} does not decode`, { cause })
  }
  return upcast(type, version, fromWire(name, message)) as unknown as EventPayloads[T]
}

const codec = (name: string): Codec<Record<string, unknown>> => {
  const found = codecs[name]
  if (found === undefined) throw new KymoError('KYMO_SCHEMA', `no message ${name} in proto/kymo/v1/events.proto`)
  return found
}

const refuse = (path: string, what: string) => new KymoError('KYMO_SCHEMA', `${path}: ${what}`)

type Spec = readonly [field: string, type: string, repeated: number, oneof: string]
const byName = new Map<string, ReadonlyMap<string, Spec>>()

/** A message's fields by name. */
function specsOf(name: string): ReadonlyMap<string, Spec> | undefined {
  const known = byName.get(name)
  const fields = FIELDS[name]
  if (known !== undefined || fields === undefined) return known
  const specs = new Map(fields.map((spec) => [spec[0], spec]))
  byName.set(name, specs)
  return specs
}

function toWire(name: string, value: unknown, path: string): Wire {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(path, `expected an object, got ${value === null ? 'null' : typeof value}`)
  const record = value as Record<string, unknown>
  const specs = specsOf(name)
  if (specs === undefined) throw refuse(path, `unknown message ${name}`)
  const stored = name === 'Text' || name === 'Ref' || name === 'ListRef'
  if (stored && typeof record['ref'] !== 'string') throw refuse(path, 'was not stored before it was sent')
  const out: Wire = {}
  let arms: Map<string, string> | undefined
  for (const field of Object.keys(record)) {
    const item = record[field]
    if (item === undefined) continue
    const spec = specs.get(field)
    const at = `${path}.${field}`
    if (spec === undefined) {
      if (stored && (field === 'text' || field === 'list')) continue
      throw refuse(at, `unknown field of ${name}`)
    }
    const [, type, repeated, oneof] = spec
    if (repeated) {
      if (!Array.isArray(item)) throw refuse(at, 'expected a list')
      out[field] = item.map((one, index) => scalarOrMessage(type, one, `${at}[${index}]`))
      continue
    }
    if (oneof !== '') {
      const other = arms?.get(oneof)
      if (other !== undefined) throw refuse(at, `"${other}" is set as well, and only one ${oneof} can be`)
      arms = (arms ?? new Map<string, string>()).set(oneof, field)
    }
    out[field] = scalarOrMessage(type, item, at)
  }
  return out
}

function scalarOrMessage(type: string, value: unknown, path: string): unknown {
  switch (type) {
    case 'string':
      if (typeof value !== 'string') throw refuse(path, `expected a string, got ${typeof value}`)
      if (!value.isWellFormed()) throw refuse(path, 'holds a lone surrogate, which is not a valid text')
      return value
    case 'bool':
      if (typeof value !== 'boolean') throw refuse(path, `expected true or false, got ${typeof value}`)
      return value
    case 'double':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse(path, `expected a finite number, got ${String(value)}`)
      return value
    case 'uint32':
      if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 0xffffffff) throw refuse(path, `expected an unsigned 32-bit integer, got ${String(value)}`)
      return value
    case 'int32':
    case 'sint32':
      if (!Number.isInteger(value) || Math.abs(value as number) > 0x7fffffff) throw refuse(path, `expected a 32-bit integer, got ${String(value)}`)
      return value
    case 'bytes':
      if (typeof value !== 'string' || !/^([0-9a-f]{2})*$/.test(value)) throw refuse(path, 'expected lower-case hex')
      return unhex(value)
    default: return toWire(type, value, path)
  }
}

/** A copy with every field that was sent or has a default, and bytes as hex. */
function fromWire(name: string, message: Record<string, unknown>, without = ''): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [field, type, repeated, oneof] of FIELDS[name] ?? []) {
    if (type === without) continue
    const value = message[field]
    // A default stands in the prototype: of a oneof only the arm that was sent counts.
    if (value === null || value === undefined || (oneof !== '' && !Object.hasOwn(message, field))) continue
    if (typeof value !== 'object') out[field] = value
    else if (repeated === 1) out[field] = (value as unknown[]).map((one) => plain(type, one))
    else out[field] = plain(type, value)
  }
  return out
}

const plain = (type: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  return type === 'bytes' ? digits(value as Uint8Array) : fromWire(type, value as Record<string, unknown>)
}

/** Bytes as hex digits; early records hold the digits themselves, of hashes of 16 bytes and more. */
function digits(bytes: Uint8Array): string {
  return bytes.length >= 32 && bytes.every((byte) => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66)) ? Buffer.from(bytes).toString('latin1') : hex(bytes)
}

/** The payload that decodeEvent gives once this one was written: what was not set has its default. */
export const asRead = <T extends EventType>(type: T, payload: EventPayloads[T]): EventPayloads[T] => filled(MESSAGE_OF[type], payload as unknown as Record<string, unknown>) as unknown as EventPayloads[T]

function filled(name: string, payload: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [field, type, repeated, oneof] of FIELDS[name] ?? []) {
    const value = payload[field]
    if (value === undefined) {
      if (repeated === 1) out[field] = []
      else if (oneof === '' && Object.hasOwn(DEFAULTS, type)) out[field] = DEFAULTS[type]
    } else if (typeof value === 'object' && FIELDS[type] !== undefined) out[field] = repeated === 1 ? (value as Record<string, unknown>[]).map((one) => filled(type, one)) : filled(type, value as Record<string, unknown>)
    // There is no negative zero among whole numbers.
    else out[field] = typeof value === 'number' && type !== 'double' ? value + 0 : value
  }
  return out
}
const DEFAULTS: Readonly<Record<string, unknown>> = { string: '', bytes: '', bool: false, double: 0, uint32: 0, int32: 0, sint32: 0 }

/**
 * The payload as it stands, not lifted to today's schema, and without digests: enough to check that it decodes and to read what an index
 * needs. Throws what protobufjs throws.
 */
export const decodeWire = (type: EventType, bytes: Uint8Array): Record<string, unknown> => fromWire(MESSAGE_OF[type], codec(MESSAGE_OF[type]).decode(bytes), 'Digest')
