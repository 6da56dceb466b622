import { messageOf } from '../../schemas/errors.ts'
import { EMPTY_TREE, parseTree } from '../../schemas/tree.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { eventsOf } from './source.ts'
import type { BlobReader, RunSource } from './source.ts'
import { attemptsProjection, metricsProjection, project, semanticProjection, stepIndexProjection, traceProjection, treeAfter } from './projections/index.ts'
import type { RepeatedEffect, RunMetrics, SemanticLog, StepIndex, TextRef, TraceStep } from './projections/index.ts'

export interface TraceOptions {
  /** read arguments, thoughts, observations and script output; otherwise they are named by their blobs only */
  texts?: boolean
}

/** What happened at each step of a run. */
export async function traceOf(source: RunSource, { texts = false }: TraceOptions = {}): Promise<TraceStep[]> {
  const steps = await project(traceProjection, eventsOf(source))
  if (texts) for (const step of steps) await readTexts(step, source.blobs)
  return steps
}

/** Puts the texts of a step in their places. One that is missing is replaced by a sentence that says so. */
export async function readTexts(step: TraceStep, blobs: BlobReader): Promise<void> {
  const refs: Array<TextRef | null | undefined> = [
    step.arguments, step.thought, step.observation, step.script?.stdout.text, step.script?.stderr.text,
    ...step.primitives.flatMap((primitive) => [primitive.arguments, primitive.observation]), ...step.tools.flatMap((tool) => [tool.arguments, tool.answer]),
  ]
  await Promise.all(refs.map(async (text) => {
    if (text !== null && text !== undefined) text.text = await blobs.get(text.ref).then((bytes) => Buffer.from(bytes).toString(), (error: unknown) => `[${messageOf(error)}]`)
  }))
}

/** The run's summary, and the size of its workspace as far as its manifest can be read. */
export async function metricsOf(source: RunSource): Promise<RunMetrics & { workspace: { files: number; bytes: number } | null }> {
  const metrics = await project(metricsProjection, eventsOf(source))
  if (metrics.status === 'interrupted' && source.served === true) metrics.status = 'running'
  return { ...metrics, workspace: await workspaceSize(metrics.tree, source.blobs) }
}

async function workspaceSize(tree: string, blobs: BlobReader): Promise<{ files: number; bytes: number } | null> {
  if (tree === '' || tree === sha256Hex(EMPTY_TREE)) return { files: 0, bytes: 0 }
  try {
    const files = [...parseTree(Buffer.from(await blobs.get(tree)).toString()).values()].filter(({ kind }) => kind === 'file')
    return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) }
  } catch {
    return null
  }
}

/** Where each step stands in the log and which tree it left. */
export const stepIndex = (source: RunSource): Promise<StepIndex> => project(stepIndexProjection, eventsOf(source))

/** Hash of the workspace's tree after a step (0: before the first), undefined when the run did not get there. */
export const workspaceAt = async (source: RunSource, step: number): Promise<string | undefined> => treeAfter(await stepIndex(source), step)

/** Everything but times, ids, positions and attempts, by speaker. */
export const semanticLog = (source: RunSource): Promise<SemanticLog> => project(semanticProjection, eventsOf(source))

/** Effects that took more than one attempt. */
export const attemptsOf = (source: RunSource): Promise<RepeatedEffect[]> => project(attemptsProjection, eventsOf(source))
