import { join } from 'node:path'
import { blobDamaged } from '../blobs/index.ts'
import type { BlobStore } from '../blobs/index.ts'
import { parseTree } from '../../schemas/tree.ts'
import { layerFolder } from './tasks/index.ts'

/** Where the files of layers lie on this machine, by their hashes; a layer that is not in the cache has none. */
export interface LayerFiles {
  pathOf(hash: string): string | undefined
}

const known = new Map<string, ReadonlyMap<string, string>>()
const KEPT = 8

/** The files of a run's layers. Manifests are read once and never change. */
export async function layerFiles(blobs: BlobStore, layers: readonly { tree: string }[]): Promise<LayerFiles> {
  const maps: ReadonlyMap<string, string>[] = []
  for (const { tree } of layers) {
    const folder = layerFolder(tree)
    if (folder === undefined) continue
    const key = `${folder} ${tree}`
    const map = known.get(key) ?? new Map([...parseTree(Buffer.from(await blobs.get(tree)).toString()).values()].filter(({ kind }) => kind === 'file').map(({ path, sha256 }) => [sha256, join(folder, path)]))
    known.delete(key)
    known.set(key, map)
    for (const oldest of known.keys()) {
      if (known.size <= KEPT) break
      known.delete(oldest)
    }
    maps.push(map)
  }
  return { pathOf: (hash) => maps.map((map) => map.get(hash)).find((path) => path !== undefined) }
}

const wrapped = new WeakMap<BlobStore, Map<string, BlobStore>>()

/**
 * A store's blobs with a run's data behind them. What is read of the data is kept in the store, so that the run can be verified without
 * the cache. The same layers give the same object.
 */
export function withLayerFiles(blobs: BlobStore, layers: readonly { tree: string }[], files: LayerFiles): BlobStore {
  const key = layers.map(({ tree }) => tree).join(' ')
  const made = wrapped.get(blobs) ?? new Map<string, BlobStore>()
  wrapped.set(blobs, made)
  const before = made.get(key)
  if (before !== undefined) return before
  const store: BlobStore = {
    put: (bytes) => blobs.put(bytes), putFile: (path) => blobs.putFile(path), getToFile: (hash, path, mode) => blobs.getToFile(hash, path, mode), has: (hashes) => blobs.has(hashes),
    get: async (hash) => {
      await keepLayerFile(blobs, files, hash)
      return blobs.get(hash)
    },
  }
  made.set(key, store)
  return store
}

/** Puts a file of the data into the store unless it is there. Throws KYMO_BLOB_DAMAGED when it is not what it was. */
export async function keepLayerFile(blobs: BlobStore, files: LayerFiles, hash: string): Promise<void> {
  const path = files.pathOf(hash)
  if (path === undefined || (await blobs.has([hash]))[0] === true) return
  if ((await blobs.putFile(path)).hash !== hash) throw blobDamaged(hash)
}
