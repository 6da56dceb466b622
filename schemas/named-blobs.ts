import { FIELDS, MESSAGE_OF } from './generated/events.ts'
import type { EventType } from './generated/events.ts'
import type { BlobKind, BlobName } from './record.ts'

/** Not `base`: it names a tree of the run's own past, which an earlier record names; what an agent writes there is judged by the environment. */
const TREE_FIELDS = new Set(['tree', 'before', 'after'])
const STORED: Readonly<Record<string, BlobKind>> = { Text: 'text', Ref: 'bytes', ListRef: 'list' }
const HASH = /^[0-9a-f]{64}$/
export const isHash = (value: unknown): value is string => typeof value === 'string' && value.length === 64 && HASH.test(value)

/** A field that may name blobs, itself or through what it holds. */
export interface Naming { field: string; kind: BlobKind | 'message'; repeated: boolean; inside: readonly Naming[] }

const namings = new Map<string, readonly Naming[]>()

/** The fields of a message that may name blobs: most messages have few, many none. */
export function namingsOf(message: string): readonly Naming[] {
  const known = namings.get(message)
  if (known !== undefined) return known
  const found: Naming[] = []
  namings.set(message, found)
  for (const [field, type, repeated] of FIELDS[message] ?? []) {
    const kind = type === 'bytes' ? (TREE_FIELDS.has(field) ? 'tree' : undefined) : STORED[type]
    const inside = kind === undefined && FIELDS[type] !== undefined ? namingsOf(type) : []
    if (kind !== undefined) found.push({ field, kind, repeated: repeated === 1, inside })
    else if (inside.length > 0) found.push({ field, kind: 'message', repeated: repeated === 1, inside })
  }
  return found
}

/** Calls `visit` with every blob that a value names directly. */
export function eachNamed(fields: readonly Naming[], value: Record<string, unknown>, visit: (hash: string, kind: BlobKind, bytes: number) => void): void {
  for (const { field, kind, repeated, inside } of fields) {
    const item = value[field]
    if (item === undefined || item === null) continue
    for (const one of repeated ? (item as unknown[]) : [item]) {
      if (kind === 'tree') {
        if (isHash(one)) visit(one, 'tree', 0)
      } else if (typeof one === 'object' && one !== null) {
        const record = one as Record<string, unknown>
        if (kind === 'message') eachNamed(inside, record, visit)
        else if (isHash(record['ref'])) visit(record['ref'], kind, Number(record['bytes'] ?? 0))
      }
    }
  }
}

/** Every blob that a payload names directly, decoded or as it came from the wire. */
export function blobsNamed(type: EventType, payload: object): BlobName[] {
  const fields = namingsOf(MESSAGE_OF[type])
  const out: BlobName[] = []
  if (fields.length === 0) return out
  eachNamed(fields, payload as Record<string, unknown>, (hash, kind, bytes) => {
    const known = out.findIndex((blob) => blob.hash === hash && blob.kind === kind)
    if (known < 0) out.push({ hash, kind, bytes })
    else out[known] = { hash, kind, bytes }
  })
  return out
}
