import { sha256Hex } from '../../schemas/hash.ts'
import { parseTree } from '../../schemas/tree.ts'
import type { BlobStore } from '../blobs/index.ts'
import { runFileActionWith } from '../workspace/index.ts'
import type { Attempt, EffectHandler } from './attempt.ts'
import { keepLayerFile, layerFiles, withLayerFiles } from './layer-files.ts'

/** Carries a file action out: the action itself is pure, this only fetches and keeps its blobs. */
export const fileHandler: EffectHandler = async ({ client, request, put }) => {
  const spec = request.file
  if (spec === undefined) return { ok: false, error: { source: 'system', code: 'no_spec', message: 'the file effect says nothing' } }
  const args: unknown = JSON.parse(Buffer.from(await client.blobs.get(spec.arguments?.ref ?? '')).toString())
  const input = { action: spec.action, args: args as Record<string, unknown>, tree: spec.tree, layers: spec.layers, edits: spec.edits?.ref ?? '', readOnly: spec.read_only, step: spec.step }
  const { result, named } = spec.layers.length === 0 ? await runFileActionWith(client.blobs, input, put) : await overData(client.blobs, input, put)
  const observation = Buffer.from(result.observation.toWellFormed())
  const ref = await put(observation)
  const editsBytes = named.find(({ hash }) => hash === result.edits)?.bytes ?? spec.edits?.bytes ?? 0
  return {
    ok: true,
    named,
    outcome: {
      file: {
        ok: result.ok, code: result.code, observation: { ref, bytes: observation.length }, tree: result.tree, changed: result.changed,
        ...(result.edits === '' ? {} : { edits: { ref: result.edits, bytes: editsBytes } }),
      },
    },
  }
}

type FileAction = Parameters<typeof runFileActionWith>[1]

/** A file action on a workspace with the task's data in it, whose files lie in the cache. A copy of one names it without reading it, so it is stored here. */
async function overData(blobs: BlobStore, input: FileAction, put: Attempt['put']): ReturnType<typeof runFileActionWith> {
  const files = await layerFiles(blobs, input.layers)
  const trees = new Map<string, Uint8Array>()
  const done = await runFileActionWith(withLayerFiles(blobs, input.layers, files), input, (bytes) => {
    trees.set(sha256Hex(bytes), bytes)
    return put(bytes)
  })
  const tree = done.result.tree === input.tree ? undefined : trees.get(done.result.tree)
  if (tree !== undefined) for (const { kind, sha256 } of parseTree(Buffer.from(tree).toString()).values()) if (kind === 'file') await keepLayerFile(blobs, files, sha256)
  return done
}
