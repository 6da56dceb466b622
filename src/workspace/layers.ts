import { lstatSync, writeFileSync } from 'node:fs'
import { comparePaths } from '../../schemas/tree.ts'
import type { TreeEntry } from '../../schemas/tree.ts'
import { ancestors, directoriesOf } from '../../schemas/tree-edit.ts'
import { normalisePath } from '../../actors/environment/files/index.ts'
import { KymoError } from '../../schemas/errors.ts'
import type { BlobStore } from '../blobs/index.ts'
import { hashFile, openRegular } from './regular-file.ts'
import { copyEntry, loadTree, makeDirectory, makeParents, writeEntry, writeTree } from './write-tree.ts'

export interface WorkspaceLayer {
  /** where it is seen, '' for the workspace's root */
  mount: string
  /** hash of its manifest */
  tree: string
  /** a directory that holds its files already; without it they come from the blob store */
  source?: string
}

/** One thing to bind read-only: `inside` the layer (''  is all of it) at `target` in the workspace. */
export interface BindTarget {
  target: string
  layer: WorkspaceLayer
  inside: string
  kind: 'file' | 'dir'
}

/**
 * What has to be bound where. A layer at the root gives one target per top-level name, so that the workspace's own files can lie
 * beside it. Throws KYMO_LAYERS when two layers want the same place.
 */
export async function bindTargets(layers: readonly WorkspaceLayer[], blobs: BlobStore): Promise<BindTarget[]> {
  const out: BindTarget[] = []
  for (const layer of layers) {
    const mount = normalisePath(layer.mount)
    if (mount !== '') {
      out.push({ target: mount, layer, inside: '', kind: 'dir' })
      continue
    }
    const tree = await loadTree(layer.tree, blobs)
    const directories = directoriesOf(tree)
    const tops = new Set([...tree.keys()].map((path) => path.split('/', 1)[0] ?? ''))
    for (const top of tops) out.push({ target: top, layer, inside: top, kind: directories.has(top) ? 'dir' : 'file' })
  }
  out.sort((a, b) => comparePaths(a.target, b.target))
  const seen = new Set<string>()
  for (const { target } of out) {
    if (seen.has(target)) throw new KymoError('KYMO_LAYERS', `two layers want to be at ${target}: give them different mounts`)
    seen.add(target)
  }
  return out
}

/** True when the path is, or lies below, a place that a layer takes. */
export const isTaken = (targets: readonly BindTarget[], path: string): boolean => targets.some(({ target }) => path === target || path.startsWith(`${target}/`))

/** Makes the empty directories and files that are bound over. */
export function makeMountPoints(targets: readonly BindTarget[], directory: string): void {
  for (const { target, kind } of targets) {
    makeParents(directory, target)
    const absolute = `${directory}/${target}`
    if (lstatSync(absolute, { throwIfNoEntry: false }) !== undefined) continue
    if (kind === 'dir') makeDirectory(absolute)
    else writeFileSync(absolute, '', { flag: 'wx' })
  }
}

/** Where nothing can be bound: real copies without write bits. They can still be changed by a script that insists, hence changedCopies. */
export async function copyLayers(targets: readonly BindTarget[], directory: string, blobs: BlobStore): Promise<void> {
  for (const { target, layer, inside, kind } of targets) {
    makeParents(directory, target)
    const absolute = `${directory}/${target}`
    const entries = await entriesOf(layer, inside, blobs)
    const source = layer.source === undefined ? undefined : inside === '' ? layer.source : `${layer.source}/${inside}`
    if (kind === 'dir') {
      makeDirectory(absolute)
      await writeTree(entries, absolute, blobs, { source, readOnly: true })
      continue
    }
    const entry = entries.get('')
    if (entry === undefined) continue
    if (source === undefined) await writeEntry(entry, absolute, blobs, entry.mode & 0o555)
    else copyEntry(source, absolute, entry.mode & 0o555)
  }
}

/** Copied layer files that are no longer what their layer says or are missing. Files that a script added beside them are not looked for: they are dropped with the directory. */
export async function changedCopies(targets: readonly BindTarget[], directory: string, blobs: BlobStore): Promise<string[]> {
  const changed: string[] = []
  const seen = new Map<string, boolean>()
  const isNoFolder = (absolute: string): boolean => {
    const known = seen.get(absolute) ?? lstatSync(absolute, { throwIfNoEntry: false })?.isDirectory() !== true
    seen.set(absolute, known)
    return known
  }
  for (const { target, layer, inside } of targets) {
    for (const { path, kind, sha256 } of (await entriesOf(layer, inside, blobs)).values()) {
      const full = path === '' ? target : `${target}/${path}`
      if (kind === 'dir') continue
      const file = ancestors(full).some((folder) => isNoFolder(`${directory}/${folder}`)) ? undefined : openRegular(`${directory}/${full}`)
      if (file === undefined) {
        changed.push(full)
        continue
      }
      try {
        if ((await hashFile(file)).hash !== sha256) changed.push(full)
      } finally {
        file[Symbol.dispose]()
      }
    }
  }
  return changed.sort(comparePaths)
}

/** The layer's entries below `inside`, with paths relative to it; a file itself has the path ''. */
async function entriesOf(layer: WorkspaceLayer, inside: string, blobs: BlobStore): Promise<Map<string, TreeEntry>> {
  const tree = await loadTree(layer.tree, blobs)
  if (inside === '') return tree
  const out = new Map<string, TreeEntry>()
  for (const entry of tree.values()) {
    if (entry.path === inside) out.set('', { ...entry, path: '' })
    else if (entry.path.startsWith(`${inside}/`)) out.set(entry.path.slice(inside.length + 1), { ...entry, path: entry.path.slice(inside.length + 1) })
  }
  return out
}
