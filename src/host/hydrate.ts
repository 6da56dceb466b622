import { canonicalJson } from '../../schemas/canonical-json.ts'
import { KymoError } from '../../schemas/errors.ts'
import { FIELDS, MESSAGE_OF } from '../../schemas/generated/events.ts'
import type { EventType } from '../../schemas/generated/events.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import type { BlobKind, BlobName } from '../../schemas/record.ts'

/** Reads a blob as text; the host's cache answers most of them at once. */
export type ReadText = (hash: string) => string | Promise<string>

export interface NewBlob { hash: string; kind: BlobKind; data: Uint8Array }

const TREE_FIELDS = new Set(['tree', 'before', 'after', 'base'])
const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

interface Named { hash: string; kind: BlobKind; bytes: number; field: Record<string, unknown> }

/** Every blob that a payload names directly. */
function* namedIn(message: string, value: Record<string, unknown>): Generator<Named> {
  for (const [field, type, repeated] of FIELDS[message] ?? []) {
    const item = value[field]
    if (item === undefined) continue
    if (type === 'string') {
      if (TREE_FIELDS.has(field) && isHash(item)) yield { hash: item, kind: 'tree', bytes: 0, field: value }
      continue
    }
    for (const one of repeated ? (item as unknown[]) : [item]) {
      if (typeof one !== 'object' || one === null) continue
      const record = one as Record<string, unknown>
      if (type === 'Text' || type === 'Ref' || type === 'ListRef') {
        if (isHash(record['ref'])) yield { hash: record['ref'], kind: type === 'Text' ? 'text' : type === 'Ref' ? 'bytes' : 'list', bytes: Number(record['bytes'] ?? 0), field: record }
      } else if (FIELDS[type] !== undefined) yield* namedIn(type, record)
    }
  }
}

export const blobsNamed = (type: EventType, payload: object): BlobName[] => {
  const seen = new Map<string, BlobName>()
  for (const { hash, kind, bytes } of namedIn(MESSAGE_OF[type], payload as Record<string, unknown>)) seen.set(`${hash} ${kind}`, { hash, kind, bytes })
  return [...seen.values()]
}

/** A copy of the payload whose Text fields hold their texts. Messages without a Text come back as they are. */
export async function hydrate<P extends object>(type: EventType, payload: P, read: ReadText): Promise<P> {
  const texts = [...namedIn(MESSAGE_OF[type], payload as Record<string, unknown>)].filter(({ kind }) => kind === 'text')
  if (texts.length === 0) return payload
  const copy = structuredClone(payload)
  for (const { hash, field } of namedIn(MESSAGE_OF[type], copy as Record<string, unknown>)) if (texts.some((text) => text.hash === hash) && field['ref'] === hash) field['text'] = await read(hash)
  return copy
}

/**
 * Texts and lists go by hash: a value with {text} or {list} in its place becomes {ref, bytes}, and what is new is handed to `store`.
 * What holds neither comes back as the very same object, so that its digest need not be taken again.
 */
export function dehydrate(value: unknown, store: (blob: NewBlob) => void): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    let changed = false
    const out = value.map((item: unknown) => {
      const next = dehydrate(item, store)
      if (next !== item) changed = true
      return next
    })
    return changed ? out : value
  }
  const record = value as Record<string, unknown>
  if (typeof record['text'] === 'string' && Object.keys(record).every((key) => key === 'text' || key === 'ref' || key === 'bytes')) {
    if (isHash(record['ref'])) return { ref: record['ref'], bytes: record['bytes'] ?? 0 }
    return keep(Buffer.from(record['text'].toWellFormed()), 'text', store)
  }
  if (typeof record['list'] === 'object' && record['list'] !== null) {
    const { prev, items } = dehydrate(record['list'], store) as { prev: { ref?: string; bytes?: number } | null; items: unknown[] }
    if (prev !== null && !isHash(prev.ref)) throw new KymoError('KYMO_MACHINE_FAULT', 'a list goes on from something that is no list')
    return keep(Buffer.from(canonicalJson({ prev: prev === null ? null : { ref: prev.ref, bytes: prev.bytes ?? 0 }, items })), 'list', store)
  }
  let changed = false
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(record)) {
    out[key] = dehydrate(item, store)
    if (out[key] !== item) changed = true
  }
  return changed ? out : value
}

const keep = (data: Uint8Array, kind: BlobKind, store: (blob: NewBlob) => void): { ref: string; bytes: number } => {
  const hash = sha256Hex(data)
  store({ hash, kind, data })
  return { ref: hash, bytes: data.length }
}
