import { parseTree } from '../../schemas/tree.ts'
import type { Tree } from '../../schemas/tree-edit.ts'
import { diffTrees } from '../../schemas/tree-diff.ts'
import type { TreeDiff } from '../../schemas/tree-diff.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { readTexts } from './folds.ts'
import { traceProjection } from './projections/index.ts'
import type { TraceStep } from './projections/index.ts'
import { eventsOf } from './source.ts'
import type { BlobReader, RunSource } from './source.ts'

export interface ReplayedStep extends TraceStep {
  /** what the step did to the workspace; null when a manifest cannot be read */
  changes: TreeDiff | null
}

/** The steps of a run one after the other, each as soon as the log has told all of it, with its texts; at most up to step `to`. */
export async function* replayRun(source: RunSource, { to = Infinity }: { to?: number } = {}): AsyncGenerator<ReplayedStep> {
  let state = traceProjection.initial()
  let given = 0
  for await (const event of eventsOf(source)) {
    state = traceProjection.apply(state, event)
    const step = state.steps[given]
    if (step === undefined || given >= to || !(event.type === 'observation.delivered' || event.type === 'run.finished')) continue
    given++
    yield await withTexts(step, source.blobs)
    if (given >= to) return
  }
  const rest = state.steps[given]
  if (rest !== undefined && given < to) yield await withTexts(rest, source.blobs)
}

async function withTexts(from: TraceStep, blobs: BlobReader): Promise<ReplayedStep> {
  const step = structuredClone(from)
  await readTexts(step, blobs)
  return { ...step, changes: await changesOf(step, blobs) }
}

async function changesOf({ tree_before, tree_after }: TraceStep, blobs: BlobReader): Promise<TreeDiff | null> {
  if (tree_before === tree_after) return { added: [], removed: [], changed: [], mode: [] }
  try {
    return diffTrees(await treeOf(tree_before, blobs), await treeOf(tree_after, blobs))
  } catch {
    return null
  }
}

const treeOf = async (hash: string, blobs: BlobReader): Promise<Tree> => (hash === '' || hash === sha256Hex('') ? new Map() : parseTree(Buffer.from(await blobs.get(hash)).toString()))
