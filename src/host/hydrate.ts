import { canonicalJson } from '../../schemas/canonical-json.ts'
import { KymoError } from '../../schemas/errors.ts'
import { MESSAGE_OF } from '../../schemas/generated/events.ts'
import type { EventType } from '../../schemas/generated/events.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { eachNamed, isHash, namingsOf } from '../../schemas/named-blobs.ts'
import type { Naming } from '../../schemas/named-blobs.ts'
import type { BlobKind } from '../../schemas/record.ts'

/** Reads a blob as text; the host's cache answers most of them at once. */
export type ReadText = (hash: string) => string | Promise<string>

export interface NewBlob { hash: string; kind: BlobKind; data: Uint8Array }

/** The payload with its Text fields holding their texts: a copy as far as it differs. */
export async function hydrate<P extends object>(type: EventType, payload: P, read: ReadText): Promise<P> {
  const fields = namingsOf(MESSAGE_OF[type])
  const texts = new Map<string, string>()
  eachNamed(fields, payload as Record<string, unknown>, (hash, kind) => { if (kind === 'text') texts.set(hash, '') })
  if (texts.size === 0) return payload
  for (const hash of texts.keys()) texts.set(hash, await read(hash))
  return withTexts(fields, payload as Record<string, unknown>, texts) as P
}

function withTexts(fields: readonly Naming[], value: Record<string, unknown>, texts: ReadonlyMap<string, string>): Record<string, unknown> {
  const out = { ...value }
  for (const { field, kind, repeated, inside } of fields) {
    if (kind !== 'text' && kind !== 'message') continue
    const item = value[field]
    const fill = (one: unknown): unknown => {
      if (typeof one !== 'object' || one === null) return one
      if (kind === 'message') return withTexts(inside, one as Record<string, unknown>, texts)
      const text = texts.get(String((one as Record<string, unknown>)['ref']))
      return text === undefined ? one : { ...one, text }
    }
    if (item !== undefined) out[field] = repeated ? (item as unknown[]).map(fill) : fill(item)
  }
  return out
}

/**
 * Texts and lists go by hash: a value with {text} or {list} in its place becomes {ref, bytes}, and what is new is handed to `store`.
 * What holds neither comes back as the very same object, so that its digest need not be taken again.
 */
export function dehydrate(value: unknown, store: (blob: NewBlob) => void): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const out = value.map((item: unknown) => dehydrate(item, store))
    return out.some((item, index) => item !== value[index]) ? out : value
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
  let out: Record<string, unknown> | undefined
  for (const key of Object.keys(record)) {
    const item = record[key]
    if (typeof item !== 'object' || item === null) continue
    const next = dehydrate(item, store)
    if (next === item) continue
    out ??= { ...record }
    out[key] = next
  }
  return out ?? value
}

const keep = (data: Uint8Array, kind: BlobKind, store: (blob: NewBlob) => void): { ref: string; bytes: number } => {
  const hash = sha256Hex(data)
  store({ hash, kind, data })
  return { ref: hash, bytes: data.length }
}
