import { directoriesOf } from '../../../schemas/tree-edit.ts'
import type { Tree } from '../../../schemas/tree-edit.ts'
import { comparePaths, parseTree } from '../../../schemas/tree.ts'
import type { TreeEntry } from '../../../schemas/tree.ts'
import { protectingGlob } from './globs.ts'
import { normalisePath } from './paths.ts'
import { quote } from './text.ts'
import { FileRefusal, getBlob } from './types.ts'
import type { FileInput, FileSteps } from './types.ts'

/** The workspace and the layers over it, as far as one path needs them. A layer wins over a workspace file in its place, as it does in a sandbox. */
export interface View {
  tree: Tree
  layers: { mount: string; tree: Tree; directories: ReadonlySet<string> }[]
  /** where any layer is mounted, also those that were not read */
  mounts: string[]
  readOnly: readonly string[]
}

export type Place =
  | { kind: 'none' }
  | { kind: 'dir' }
  | { kind: 'file'; entry: TreeEntry; layer: boolean }

/** Manifests of layers stay the same for a whole run and may be long; parsing is pure, so remembering it cannot be noticed. */
const parsed = new Map<string, { tree: Tree; directories: ReadonlySet<string> }>()
const REMEMBERED = 8

const isInside = (folder: string, path: string): boolean => folder === '' || path === folder || path.startsWith(`${folder}/`)

/** SHA-256 of no bytes: a tree without files may be named by it or by ''. */
const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
export const isEmptyTree = (hash: string): boolean => hash === '' || hash === EMPTY_HASH

export function* readTree(hash: string): FileSteps<Tree> {
  if (isEmptyTree(hash)) return new Map()
  return parseTree(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(yield* getBlob(hash)))
}

function* readLayer(hash: string): FileSteps<{ tree: Tree; directories: ReadonlySet<string> }> {
  const known = parsed.get(hash)
  if (known !== undefined) {
    // Asked for all the same: what an action read must not depend on what happened before in this process.
    if (!isEmptyTree(hash)) yield* getBlob(hash)
    return known
  }
  const tree = yield* readTree(hash)
  const layer = { tree, directories: directoriesOf(tree) }
  parsed.set(hash, layer)
  for (const oldest of parsed.keys()) {
    if (parsed.size <= REMEMBERED) break
    parsed.delete(oldest)
  }
  return layer
}

/** Reads the workspace's manifest and those of the layers that can say something about these paths. */
export function* openView(input: FileInput, ...paths: string[]): FileSteps<View> {
  const layers: View['layers'] = []
  const mounted = input.layers.map(({ mount, tree }) => ({ mount: normalisePath(mount), tree }))
  for (const { mount, tree } of mounted) {
    if (paths.some((path) => isInside(mount, path))) layers.push({ mount, ...(yield* readLayer(tree)) })
  }
  layers.sort((a, b) => b.mount.length - a.mount.length)
  return { tree: yield* readTree(input.tree), layers, mounts: mounted.map(({ mount }) => mount).filter((mount) => mount !== ''), readOnly: input.readOnly }
}

/** True when the path belongs to a layer as a whole: at or below a mount, or below a top-level name of a layer that is mounted at the root. */
export function isInLayer(view: View, path: string): boolean {
  const top = path.split('/', 1)[0] ?? ''
  return view.layers.some(({ mount, tree, directories }) => (mount === '' ? tree.has(top) || directories.has(top) : isInside(mount, path)))
    || view.mounts.some((mount) => isInside(mount, path))
}

export function look(view: View, path: string): Place {
  if (path === '' || view.mounts.some((mount) => isInside(path, mount))) return { kind: 'dir' }
  for (const { mount, tree, directories } of view.layers) {
    if (!isInside(mount, path)) continue
    const inside = mount === '' ? path : path.slice(mount.length + 1)
    const entry = tree.get(inside)
    if (entry?.kind === 'file') return { kind: 'file', entry, layer: true }
    if (directories.has(inside)) return { kind: 'dir' }
  }
  if (isInLayer(view, path)) return { kind: 'none' }
  const entry = view.tree.get(path)
  if (entry?.kind === 'file') return { kind: 'file', entry, layer: false }
  if (entry !== undefined) return { kind: 'dir' }
  const prefix = `${path}/`
  for (const other of view.tree.keys()) if (other.startsWith(prefix)) return { kind: 'dir' }
  return { kind: 'none' }
}

/** The names in a directory, sorted; `mark` is / for a directory and * for an executable file, as ls -F has it. */
export function childrenOf(view: View, folder: string): { name: string; mark: string }[] {
  const names = new Map<string, string>()
  const collect = (paths: Iterable<TreeEntry>, prefix: string, skip: (path: string) => boolean) => {
    for (const { path, kind, mode } of paths) {
      if (!path.startsWith(prefix) || skip(path)) continue
      const slash = path.indexOf('/', prefix.length)
      const name = slash < 0 ? path.slice(prefix.length) : path.slice(prefix.length, slash)
      names.set(name, slash >= 0 || kind === 'dir' ? '/' : mode === 0o755 ? '*' : '')
    }
  }
  const prefix = folder === '' ? '' : `${folder}/`
  collect(view.tree.values(), prefix, (path) => isInLayer(view, path))
  for (const { mount, tree } of view.layers.toReversed()) {
    if (isInside(mount, folder)) collect(tree.values(), folder === mount ? '' : mount === '' ? prefix : prefix.slice(mount.length + 1), () => false)
  }
  for (const mount of view.mounts) {
    if (mount !== folder && isInside(folder, mount)) names.set(mount.slice(prefix.length).split('/', 1)[0] ?? '', '/')
  }
  return [...names].map(([name, mark]) => ({ name, mark })).sort((a, b) => comparePaths(a.name, b.name))
}

/** The file at a path; refuses directories and what is not there, naming files of that name elsewhere. */
export function fileAt(view: View, path: string): { entry: TreeEntry; layer: boolean } {
  const place = look(view, path)
  if (place.kind === 'file') return place
  if (place.kind === 'dir') throw new FileRefusal('is_directory', `${quote(path)} is a directory. Use List Files to see what is in it.`)
  const name = path.slice(path.lastIndexOf('/') + 1).normalize('NFC')
  const alike: string[] = []
  for (const other of view.tree.keys()) {
    if (alike.length < 3 && other.slice(other.lastIndexOf('/') + 1).normalize('NFC') === name) alike.push(quote(other))
  }
  throw new FileRefusal('not_found', `There is no file ${quote(path)} in the workspace.${alike.length > 0 ? ` Did you mean ${alike.join(' or ')}?` : ''} Use List Files to see what is there.`)
}

/** Refuses a path that may not be written: read-only, a directory, or below a file. */
export function checkWritable(view: View, path: string): void {
  if (isInLayer(view, path)) {
    throw new FileRefusal('read_only', `${quote(path)} belongs to the task's data and is read-only. Nothing was changed. You can copy it to another name and change the copy.`)
  }
  const glob = protectingGlob(view.readOnly, path)
  if (glob !== undefined) {
    throw new FileRefusal('read_only', `${quote(path)} is read-only in this task (it matches "${glob}"). Nothing was changed. You can copy it to another name and change the copy.`)
  }
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const folder = path.slice(0, at)
    if (look(view, folder).kind === 'file') throw new FileRefusal('not_directory', `${quote(path)} cannot be written because ${quote(folder)} is a file, not a directory.`)
  }
  if (look(view, path).kind === 'dir') throw new FileRefusal('is_directory', `${quote(path)} is a directory. Give a file name, such as ${quote(`${path}/file.py`)}.`)
}
