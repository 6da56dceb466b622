import { isKymoError } from '../../schemas/errors.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import type { AnyEvent, BlobKind } from '../../schemas/record.ts'
import { EMPTY_TREE, parseTree } from '../../schemas/tree.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import type { BlobReader } from './source.ts'

/** A blob that a record names, directly or through a tree or a list. */
export interface Reached { hash: string; kind: BlobKind; seq: number; actor: string; via: string }

const EMPTY_HASH = sha256Hex(EMPTY_TREE)

/**
 * Follows the blobs that records name: trees to their files, lists to what came before and to every {ref, bytes} inside. Of a layer
 * only the manifest: its files belong to the task, and `reach` is told of those that an action read. Each blob is given once,
 * with the record that named it first.
 */
export class Reach {
  readonly #blobs: BlobReader
  readonly #seen = new Map<string, BlobKind>()
  readonly #layers = new Set<string>()

  constructor(blobs: BlobReader) {
    this.#blobs = blobs
  }

  get size(): number {
    return this.#seen.size
  }

  /** Every blob that this event names and none before it did. */
  async *event(event: AnyEvent): AsyncGenerator<Reached> {
    for (const named of this.direct(event)) yield* this.reach(named)
  }

  /** What the event itself names and nothing reached yet; most events name nothing new. */
  direct(event: AnyEvent): Reached[] {
    for (const tree of layersOf(event.payload)) this.#layers.add(tree)
    const out: Reached[] = []
    for (const names of [blobsNamed(event.type, event.payload), event.blobs]) {
      for (const { hash, kind } of names) if (this.#isNew(hash, kind)) out.push({ hash, kind, seq: event.seq, actor: event.from, via: event.type })
    }
    return out
  }

  #follows(hash: string, kind: BlobKind): boolean {
    return kind === 'list' || (kind === 'tree' && !this.#layers.has(hash))
  }

  #isNew(hash: string, kind: BlobKind): boolean {
    const known = this.#seen.get(hash)
    return (known === undefined || (known !== kind && this.#follows(hash, kind))) && !(kind === 'tree' && hash === EMPTY_HASH)
  }

  /** This blob and what it names, as far as it is new. What is missing or damaged is given but not followed. */
  async *reach(first: Reached): AsyncGenerator<Reached> {
    const todo = [first]
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (!this.#isNew(next.hash, next.kind)) continue
      const known = this.#seen.get(next.hash)
      const follow = this.#follows(next.hash, next.kind)
      this.#seen.set(next.hash, follow ? next.kind : (known ?? next.kind))
      if (known === undefined) yield next
      if (follow) todo.push(...(await this.#named(next)))
    }
  }

  async #named({ hash, kind, seq, actor }: Reached): Promise<Reached[]> {
    let bytes: Uint8Array
    try {
      bytes = await this.#blobs.get(hash)
    } catch (error) {
      if (!isKymoError(error)) throw error
      return []
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
    const via = `${kind} ${hash}`
    try {
      if (kind === 'tree') return [...parseTree(text).values()].filter((entry) => entry.kind === 'file').map((entry) => ({ hash: entry.sha256, kind: 'bytes' as const, seq, actor, via }))
      const node: unknown = JSON.parse(text)
      const out: Reached[] = []
      if (typeof node === 'object' && node !== null && 'items' in node) refsIn(node.items, (ref) => out.push({ hash: ref, kind: 'bytes', seq, actor, via }))
      if (typeof node === 'object' && node !== null && 'prev' in node) refsIn(node.prev, (ref) => out.push({ hash: ref, kind: 'list', seq, actor, via }))
      return out
    } catch {
      // Right bytes that are no manifest or list: whoever uses them says so.
      return []
    }
  }
}

const HASH = /^[0-9a-f]{64}$/

function refsIn(value: unknown, found: (ref: string) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const item of value) refsIn(item, found)
    return
  }
  const record = value as Record<string, unknown>
  if (typeof record['ref'] === 'string' && typeof record['bytes'] === 'number' && HASH.test(record['ref'])) found(record['ref'])
  for (const item of Object.values(record)) refsIn(item, found)
}

/** Hashes of the manifests that a payload uses as layers, at any depth of its messages. */
function* layersOf(payload: object): Generator<string> {
  for (const [key, value] of Object.entries(payload) as Array<[string, unknown]>) {
    if (key === 'layers' && Array.isArray(value)) {
      for (const layer of value as Array<{ tree?: unknown }>) if (typeof layer.tree === 'string' && layer.tree !== '') yield layer.tree
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) yield* layersOf(value)
  }
}
