import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { KymoError } from '../../../schemas/errors.ts'
import { decodeText, encodeText } from './text.ts'
import { getBlob, putBlob } from './types.ts'
import type { FileSteps } from './types.ts'

/** What a file was before an action wrote it; null when it was not there. `ref` and `bytes` name the blob for GC and export. */
export type Before = { ref: string; bytes: number; mode: number } | null

/** An entry of the edit list. `filled` is the empty directory that the new file took the place of, if any. */
export interface Edit { path: string; before: Before; step: number; filled?: string }

/** Says that the newest entry of this path that is not yet undone has been undone. */
export interface Undone { path: string; undone: true; step: number }

interface Node { prev: { ref: string; bytes: number } | null; items: (Edit | Undone)[] }

/** The list with one more entry at its head; gives the new head's hash. Nothing is ever taken out of a list. */
export function* pushEdit(head: string, item: Edit | Undone): FileSteps<string> {
  const prev = head === '' ? null : { ref: head, bytes: (yield* getBlob(head)).length }
  return yield* putBlob(encodeText(canonicalJson({ prev, items: [item] } satisfies Node)), 'list')
}

/**
 * The newest edit of a path that was not undone yet. Edits and undos of one path nest like brackets, so walking back with a
 * count of undos still to be matched finds it in one pass.
 */
export function* lastEdit(head: string, path: string): FileSteps<Edit | undefined> {
  let undone = 0
  for (let at = head; at !== '';) {
    const node = parseNode(at, yield* getBlob(at))
    for (const item of node.items.toReversed()) {
      if (item.path !== path) continue
      if ('undone' in item) undone++
      else if (undone > 0) undone--
      else return item
    }
    at = node.prev?.ref ?? ''
  }
  return undefined
}

function parseNode(hash: string, bytes: Uint8Array): Node {
  const node: unknown = JSON.parse(decodeText(bytes) ?? 'null')
  if (typeof node === 'object' && node !== null && 'prev' in node && 'items' in node && Array.isArray(node.items)) return node as Node
  throw new KymoError('KYMO_EDIT_LIST', `blob ${hash} is not a node of an edit list`)
}
