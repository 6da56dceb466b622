import { chmodSync, constants, copyFileSync, lstatSync, lutimesSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { TreeEntry } from '../../schemas/tree.ts'
import { EMPTY_TREE, parseTree } from '../../schemas/tree.ts'
import { directoriesOf } from '../../schemas/tree-edit.ts'
import type { Tree } from '../../schemas/tree-edit.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import type { BlobStore } from '../blobs/index.ts'
import { inParallel } from './in-parallel.ts'
import { CONSTANT_MTIME_S } from './stat-cache.ts'

const EMPTY_HASH = sha256Hex(EMPTY_TREE)

/** The entries of a tree in the store; '' and the hash of no bytes are the empty tree. */
export const loadTree = async (hash: string, blobs: BlobStore): Promise<Map<string, TreeEntry>> =>
  hash === '' || hash === EMPTY_HASH ? new Map() : parseTree(Buffer.from(await blobs.get(hash)).toString())

/** Writes one file of a tree afresh (never a link into the store), with its mode and the constant modification time. */
export async function writeEntry(entry: TreeEntry, absolute: string, blobs: BlobStore, mode = entry.mode): Promise<void> {
  await blobs.getToFile(entry.sha256, absolute, mode)
  // The mode given at creation passes through the umask.
  chmodSync(absolute, mode)
  lutimesSync(absolute, CONSTANT_MTIME_S, CONSTANT_MTIME_S)
}

/** The same from a file that is known to hold it. */
export function copyEntry(from: string, absolute: string, mode: number): void {
  copyFileSync(from, absolute, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  chmodSync(absolute, mode)
  lutimesSync(absolute, CONSTANT_MTIME_S, CONSTANT_MTIME_S)
}

/** Directories of a tree, parents first. */
export const foldersOf = (tree: Tree): string[] => [...directoriesOf(tree)].sort((a, b) => a.length - b.length)

/** Makes a directory with mode 755 whatever the umask. The parent exists. */
export function makeDirectory(absolute: string): void {
  mkdirSync(absolute)
  chmodSync(absolute, 0o755)
}

export function makeParents(root: string, path: string): void {
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const absolute = `${root}/${path.slice(0, at)}`
    if (lstatSync(absolute, { throwIfNoEntry: false }) === undefined) makeDirectory(absolute)
  }
}

/** Writes a whole tree into an empty directory. `source` is a directory known to hold the same files, `readOnly` takes the write bits away. */
export async function writeTree(tree: Tree, directory: string, blobs: BlobStore, { source, readOnly = false }: { source?: string | undefined; readOnly?: boolean } = {}): Promise<void> {
  const folders = foldersOf(tree)
  for (const folder of folders) {
    makeParents(directory, folder)
    if (lstatSync(`${directory}/${folder}`, { throwIfNoEntry: false }) === undefined) makeDirectory(`${directory}/${folder}`)
  }
  const files = [...tree.values()].filter(({ kind }) => kind === 'file')
  await inParallel(16, files, async (entry) => {
    const absolute = `${directory}/${entry.path}`
    const mode = readOnly ? entry.mode & 0o555 : entry.mode
    if (source === undefined) return await writeEntry(entry, absolute, blobs, mode)
    copyEntry(`${source}/${entry.path}`, absolute, mode)
  })
  for (const folder of folders.toReversed()) setConstantTime(`${directory}/${folder}`)
  setConstantTime(directory)
}

export const setConstantTime = (absolute: string): void => lutimesSync(absolute, CONSTANT_MTIME_S, CONSTANT_MTIME_S)

export const parentOf = (path: string): string => (path.includes('/') ? dirname(path) : '')
