import { lstatSync, mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { KymoError } from '../../schemas/errors.ts'
import type { BlobStore } from '../blobs/index.ts'
import { bindTargets, copyLayers, isTaken, makeMountPoints } from './layers.ts'
import type { BindTarget, WorkspaceLayer } from './layers.ts'
import { scanDirectory } from './scan.ts'
import type { ScanOptions, ScanResult } from './scan.ts'
import { loadTree, setConstantTime, writeTree } from './write-tree.ts'

export interface Materialised {
  /** what the caller has to bind read-only; with copyLayers, what was copied */
  targets: BindTarget[]
}

/**
 * Writes a tree into a new or empty directory, with mount points for its layers, or with copies of them when nothing can be
 * bound. Workspace files in a layer's place are hidden by it and not written. Throws KYMO_DIRECTORY_NOT_EMPTY.
 */
export async function materialise(tree: string, layers: readonly WorkspaceLayer[], directory: string, blobs: BlobStore, options: { copyLayers?: boolean } = {}): Promise<Materialised> {
  makeEmpty(directory)
  const targets = await bindTargets(layers, blobs)
  const entries = await loadTree(tree, blobs)
  for (const path of [...entries.keys()]) if (isTaken(targets, path)) entries.delete(path)
  await writeTree(entries, directory, blobs)
  if (options.copyLayers === true) await copyLayers(targets, directory, blobs)
  else makeMountPoints(targets, directory)
  setConstantTime(directory)
  return { targets }
}

/** Writes a tree into a new or empty directory, for a person to look at. Throws KYMO_DIRECTORY_NOT_EMPTY. */
export async function exportTree(tree: string, directory: string, blobs: BlobStore): Promise<void> {
  const entries = await loadTree(tree, blobs)
  makeEmpty(directory)
  await writeTree(entries, directory, blobs)
}

/** Turns a directory that is not Kymo's (starter files, prepared data) into a tree. Nothing in it is changed. */
export async function storeDirectory(directory: string, blobs: BlobStore, options: Omit<ScanOptions, 'own'> = {}): Promise<ScanResult> {
  let real = directory
  try {
    real = realpathSync(directory)
  } catch (cause) {
    throw new KymoError('KYMO_NO_DIRECTORY', `${directory} cannot be read: check that it exists and that you may read it`, { cause })
  }
  return await scanDirectory(real, blobs, { ...options, own: false })
}

function makeEmpty(directory: string): void {
  const stats = lstatSync(directory, { throwIfNoEntry: false })
  if (stats === undefined) mkdirSync(directory, { recursive: true })
  else if (!stats.isDirectory() || readdirSync(directory).length > 0) {
    throw new KymoError('KYMO_DIRECTORY_NOT_EMPTY', `${directory} is there already${stats.isDirectory() ? ' and not empty' : ' and not a directory'}: name a new or an empty directory`)
  }
}
