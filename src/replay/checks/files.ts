import type { FileOutcome, FileSpec } from '../../../schemas/generated/events.ts'
import { isKymoError, messageOf } from '../../../schemas/errors.ts'
import { sha256Hex } from '../../../schemas/hash.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import { runFileActionWith } from '../../workspace/index.ts'
import { OverlayBlobs } from '../overlay-blobs.ts'
import { placeOf, problem } from '../problem.ts'
import type { Check, Problem } from '../problem.ts'
import type { BlobReader } from '../source.ts'

export interface FilesCheck extends Check {
  /** actions recomputed so far */
  readonly recomputed: () => number
  /** sentences about actions that could not be recomputed */
  readonly unchecked: string[]
}

/**
 * File actions are functions of (tree, arguments, edit list): each is carried out again over the recorded blobs and must give the
 * recorded outcome. `onRead` hears of every blob that an action read, layer files among them.
 */
export function filesCheck(blobs: BlobReader, onRead?: (event: AnyEvent, hash: string) => void): FilesCheck {
  const overlay = new OverlayBlobs(blobs)
  const asked = new Map<string, FileSpec>()
  const unchecked: string[] = []
  let recomputed = 0

  const recompute = async (event: AnyEvent, spec: FileSpec, outcome: FileOutcome): Promise<Problem[]> => {
    try {
      const found = await compare(event, spec, outcome, overlay)
      recomputed++
      return found
    } catch (error) {
      // A missing blob is the business of the blob check, which names it where it was first named.
      if (!isKymoError(error)) throw error
      unchecked.push(`the file action "${spec.action}" at seq ${event.seq} was not carried out again: ${messageOf(error)}`)
      return []
    } finally {
      if (onRead !== undefined) for (const hash of overlay.read) onRead(event, hash)
      overlay.clear()
    }
  }

  return {
    recomputed: () => recomputed,
    unchecked,
    apply: (event) => {
      if (event.type === 'effect.requested' && event.payload.file !== undefined) asked.set(event.id, event.payload.file)
      if (event.type !== 'effect.succeeded' && event.type !== 'effect.failed') return []
      const spec = asked.get(event.payload.effect)
      asked.delete(event.payload.effect)
      if (spec === undefined || event.type === 'effect.failed') return []
      const outcome = event.payload.file
      if (outcome === undefined) return [problem('files', placeOf(event), 'outcome', 'nothing', 'a file outcome', `seq ${event.seq}: ${spec.action} has no outcome`)]
      return recompute(event, spec, outcome)
    },
  }
}

async function compare(event: AnyEvent, spec: FileSpec, outcome: FileOutcome, overlay: OverlayBlobs): Promise<Problem[]> {
  const args = spec.arguments?.ref === undefined ? '{}' : Buffer.from(await overlay.get(spec.arguments.ref)).toString()
  const { result } = await runFileActionWith(overlay, {
    action: spec.action, args: JSON.parse(args) as Record<string, unknown>, tree: spec.tree, layers: spec.layers, edits: spec.edits?.ref ?? '', readOnly: spec.read_only, step: spec.step,
  })
  const recorded: Array<[string, unknown, unknown]> = [
    ['file.ok', outcome.ok, result.ok],
    ['file.code', outcome.code, result.code],
    ['file.observation', outcome.observation?.ref ?? sha256Hex(''), sha256Hex(result.observation.toWellFormed())],
    ['file.tree', outcome.tree, result.tree],
    ['file.edits', outcome.edits?.ref ?? '', result.edits],
    ['file.changed', outcome.changed, result.changed],
  ]
  return recorded.filter(([, before, now]) => before !== now).map(([field, before, now]) =>
    problem('files', placeOf(event), field, before, now, `seq ${event.seq}: ${spec.action} (step ${spec.step}), carried out again, gives another ${field.slice(5)} than was recorded`))
}
