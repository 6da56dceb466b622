import { runFileActionWith } from '../workspace/index.ts'
import type { EffectHandler } from './attempt.ts'

/** Carries a file action out: the action itself is pure, this only fetches and keeps its blobs. */
export const fileHandler: EffectHandler = async ({ client, request, put }) => {
  const spec = request.file
  if (spec === undefined) return { ok: false, error: { source: 'system', code: 'no_spec', message: 'the file effect says nothing' } }
  const args: unknown = JSON.parse(Buffer.from(await client.blobs.get(spec.arguments?.ref ?? '')).toString())
  const { result, named } = await runFileActionWith(client.blobs, {
    action: spec.action, args: args as Record<string, unknown>, tree: spec.tree, layers: spec.layers, edits: spec.edits?.ref ?? '', readOnly: spec.read_only, step: spec.step,
  }, put)
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
