import { join } from 'node:path'
import { parseTree } from '../../schemas/tree.ts'
import type { BlobReader, RunSource } from '../replay/index.ts'
import { eventsOf } from '../replay/index.ts'
import { layerFolder } from '../effects/tasks/index.ts'

/** A file of the task's data, which a run's scripts see beside the workspace's files; `place` is where it lies on this machine, if it does. */
export interface DataFile { path: string; size: number; sha256: string; place: string | undefined }
export interface RunData { task: string; profile: string; files: DataFile[] /** the folder that holds them all, when they are here */; folder: string | undefined }

/** The data that a run began with: named by its first record, told by a manifest in the store, kept in the cache of prepared tasks. */
export async function dataOfRun(source: RunSource, blobs: Pick<BlobReader, 'get'>): Promise<RunData> {
  for await (const event of eventsOf(source)) {
    if (event.type !== 'run.started') break
    const { task, profile, layers } = event.payload
    const files: DataFile[] = []
    for (const { mount, tree } of layers) {
      const folder = layerFolder(tree)
      for (const { path, kind, size, sha256 } of parseTree(Buffer.from(await blobs.get(tree)).toString()).values()) {
        if (kind === 'file') files.push({ path: mount === '' ? path : `${mount}/${path}`, size, sha256, place: folder === undefined ? undefined : join(folder, path) })
      }
    }
    const [only] = layers
    return { task, profile, files, folder: layers.length === 1 && only !== undefined ? layerFolder(only.tree) : undefined }
  }
  return { task: '', profile: '', files: [], folder: undefined }
}
