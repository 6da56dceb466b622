import type { TreeEntry } from './tree.ts'

export type Tree = ReadonlyMap<string, TreeEntry>

/** The directories that a path lies in, outermost first: a/b/c gives a and a/b. */
export function ancestors(path: string): string[] {
  const out: string[] = []
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) out.push(path.slice(0, at))
  return out
}

/** Every directory of a tree, the ones that are only implied by their files included. */
export function directoriesOf(tree: Tree): Set<string> {
  const out = new Set<string>()
  for (const { path, kind } of tree.values()) {
    if (kind === 'dir') out.add(path)
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at)
      if (out.has(folder)) break
      out.add(folder)
    }
  }
  return out
}

/** What stands in the way of a file at `path`: a file where a directory is needed, or a directory of that very name. */
export function conflictOf(tree: Tree, path: string): { path: string; kind: 'file' | 'dir' } | undefined {
  for (const folder of ancestors(path)) if (tree.get(folder)?.kind === 'file') return { path: folder, kind: 'file' }
  if (tree.get(path)?.kind === 'dir') return { path, kind: 'dir' }
  if (tree.has(path)) return undefined
  const inside = `${path}/`
  for (const other of tree.keys()) if (other.startsWith(inside)) return { path, kind: 'dir' }
  return undefined
}

/** The tree with this file. The line of an empty directory that it goes into goes away (`filled`). Check conflictOf first. */
export function withFile(tree: Tree, entry: TreeEntry): { tree: Map<string, TreeEntry>; filled: string } {
  const out = new Map(tree)
  const filled = ancestors(entry.path).find((folder) => out.delete(folder)) ?? ''
  out.set(entry.path, entry)
  return { tree: out, filled }
}

/** The tree without this file. `filled` (from withFile) comes back as an empty directory when nothing else is in it. */
export function withoutFile(tree: Tree, path: string, filled = ''): Map<string, TreeEntry> {
  const out = new Map(tree)
  out.delete(path)
  if (filled === '' || out.has(filled) || conflictOf(out, filled) !== undefined) return out
  return out.set(filled, { path: filled, kind: 'dir', mode: 0o755, sha256: '', size: 0 })
}
