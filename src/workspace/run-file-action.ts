import { runFileAction } from '../../actors/environment/files/index.ts'
import type { FileInput, FileNeed, FileResult } from '../../actors/environment/files/index.ts'
import type { BlobName } from '../../schemas/record.ts'
import type { BlobStore } from '../blobs/index.ts'

/** Manifests of layers are read by nearly every action of a run and never change: the newest few are kept, checked once. */
const manifests = new WeakMap<BlobStore, Map<string, Uint8Array>>()
const KEPT = 8

/**
 * Runs a file action against a blob store. `named` lists every blob that the action put, for the event that records the outcome: all
 * are durable when this resolves, unless `put` makes them so together with that event. Throws what the store throws: KYMO_BLOB_MISSING, KYMO_BLOB_DAMAGED.
 */
export async function runFileActionWith(blobs: BlobStore, input: FileInput, put = (bytes: Uint8Array): Promise<string> => blobs.put(bytes)): Promise<{ result: FileResult; named: BlobName[] }> {
  const layers = new Set(input.layers.map(({ tree }) => tree))
  const named = new Map<string, BlobName>()
  const answer = async (need: FileNeed): Promise<Uint8Array | string> => {
    if ('get' in need) return layers.has(need.get) ? await getManifest(blobs, need.get) : await blobs.get(need.get)
    const hash = await put(need.put)
    named.set(hash, { hash, kind: need.kind, bytes: need.put.length })
    return hash
  }
  const steps = runFileAction(input)
  let step = steps.next()
  while (step.done !== true) step = steps.next(await answer(step.value))
  return { result: step.value, named: [...named.values()] }
}

async function getManifest(blobs: BlobStore, hash: string): Promise<Uint8Array> {
  const kept = manifests.get(blobs) ?? new Map<string, Uint8Array>()
  manifests.set(blobs, kept)
  const bytes = kept.get(hash) ?? (await blobs.get(hash))
  kept.delete(hash)
  kept.set(hash, bytes)
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break
    kept.delete(oldest)
  }
  return bytes
}
