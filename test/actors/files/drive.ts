import { runFileAction } from '../../../actors/environment/files/index.ts'
import type { FileInput, FileResult } from '../../../actors/environment/files/index.ts'
import { sha256Hex } from '../../../schemas/hash.ts'
import { formatTree, parseTree } from '../../../schemas/tree.ts'
import type { TreeEntry } from '../../../schemas/tree.ts'

/** A workspace driven by hand: the answers to needs come from a map, synchronously. */
export interface Bench {
  blobs: Map<string, Uint8Array>
  tree: string
  edits: string
  step: number
  layers: { mount: string; tree: string }[]
  readOnly: string[]
  gets: string[]
}

export const put = (bench: Bench, bytes: Uint8Array): string => {
  const hash = sha256Hex(bytes)
  bench.blobs.set(hash, bytes)
  return hash
}

type Content = string | Uint8Array | { content: string | Uint8Array; mode: number } | null

/** A tree of the given files; null is an empty directory. */
export function treeOf(bench: Bench, files: Record<string, Content>): string {
  const entries = Object.entries(files).map(([path, value]): TreeEntry => {
    if (value === null) return { path, kind: 'dir', mode: 0o755, sha256: '', size: 0 }
    const { content, mode } = typeof value === 'object' && 'content' in value ? value : { content: value, mode: 0o644 }
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    return { path, kind: 'file', mode, sha256: put(bench, bytes), size: bytes.length }
  })
  return put(bench, Buffer.from(formatTree(entries)))
}

export function newBench(files: Record<string, Content> = {}): Bench {
  const bench: Bench = { blobs: new Map(), tree: '', edits: '', step: 0, layers: [], readOnly: [], gets: [] }
  if (Object.keys(files).length > 0) bench.tree = treeOf(bench, files)
  return bench
}

/** Runs an action and goes on from its result. */
export function act(bench: Bench, action: string, args: Record<string, unknown>): FileResult {
  const input: FileInput = { action, args, tree: bench.tree, layers: bench.layers, edits: bench.edits, readOnly: bench.readOnly, step: ++bench.step }
  const steps = runFileAction(input)
  let step = steps.next()
  while (step.done !== true) {
    const need = step.value
    if ('get' in need) {
      bench.gets.push(need.get)
      const bytes = bench.blobs.get(need.get)
      if (bytes === undefined) throw new Error(`nobody put ${need.get}`)
      step = steps.next(bytes)
    } else step = steps.next(put(bench, need.put))
  }
  bench.tree = step.value.tree
  bench.edits = step.value.edits
  return step.value
}

/** Every file of the workspace with its bytes and mode, and empty directories. */
export const filesOf = (bench: Bench): Record<string, string> =>
  Object.fromEntries([...parseTree(bench.tree === '' ? '' : Buffer.from(bench.blobs.get(bench.tree) ?? []).toString()).values()]
    .map(({ path, kind, mode, sha256 }) => [path, kind === 'dir' ? 'dir' : `${mode.toString(8)} ${Buffer.from(bench.blobs.get(sha256) ?? []).toString('latin1')}`]))
