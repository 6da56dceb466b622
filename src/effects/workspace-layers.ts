import { join } from 'node:path'
import { KymoError } from '../../schemas/errors.ts'
import { parseTree } from '../../schemas/tree.ts'
import type { BlobStore } from '../blobs/index.ts'
import { WarmDirectory, changedCopies } from '../workspace/index.ts'
import type { BindTarget, WorkspaceLayer } from '../workspace/index.ts'
import type { Sandbox, ScriptLayer } from './sandbox/index.ts'
import { layerFolder } from './tasks/index.ts'

/** A directory for scripts, with the task's data in it: bound read-only where a sandbox can, else as copies that are looked at after each script. */
export interface LayeredWorkspace {
  warm: WarmDirectory
  /** what a script's sandbox has to bind */
  layers: readonly ScriptLayer[]
  /** Restores data files that a script changed although they are read-only, and gives a line about each. */
  repair(): Promise<string[]>
}

/** Throws KYMO_TASK_NOT_PREPARED when the data is neither in this machine's cache nor in the store. */
export async function openWorkspace(root: string, blobs: BlobStore, layers: readonly { mount: string; tree: string }[], sandbox: Sandbox): Promise<LayeredWorkspace> {
  const placed: WorkspaceLayer[] = layers.map(({ mount, tree }) => {
    const source = layerFolder(tree)
    return { mount, tree, ...(source === undefined ? {} : { source }) }
  })
  for (const { tree, source } of placed) if (source === undefined) await checkStored(tree, blobs)
  const copied = placed.length > 0 && (sandbox.name === 'none' || placed.some(({ source }) => source === undefined))
  const warm = await WarmDirectory.open(root, blobs, { layers: placed, copyLayers: copied, clear: true })
  return {
    warm,
    layers: copied ? [] : warm.targets.map(toBind),
    repair: async () => {
      if (!copied) return []
      const changed = await changedCopies(warm.targets, root, blobs)
      if (changed.length > 0) await warm.restoreLayers()
      return changed.map((path) => `${path}: data of the task, which cannot be changed; it is as it was`)
    },
  }
}

const toBind = ({ layer, inside, target }: BindTarget): ScriptLayer => ({ source: inside === '' ? (layer.source ?? '') : join(layer.source ?? '', inside), mount: target })

async function checkStored(tree: string, blobs: BlobStore): Promise<void> {
  const entries = [...parseTree(Buffer.from(await blobs.get(tree)).toString()).values()].filter(({ kind }) => kind === 'file')
  if (!(await blobs.has(entries.map(({ sha256 }) => sha256))).every(Boolean)) {
    throw new KymoError('KYMO_TASK_NOT_PREPARED', `the data that this run began with (tree ${tree.slice(0, 12)}) is not on this machine. Type here: kymo task prepare TASK --profile PROFILE, as the run has them, with the version of the task that it began with`)
  }
}
