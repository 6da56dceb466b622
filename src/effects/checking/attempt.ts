import { mkdirSync, mkdtempSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GradingOutcome } from '../../../schemas/generated/events.ts'
import type { MeasuredBaseline } from '../../../schemas/task-data.ts'
import type { ProfileName } from '../../../schemas/task.ts'
import { formatTree, parseTree } from '../../../schemas/tree.ts'
import type { BlobStore } from '../../blobs/index.ts'
import { removeTree } from '../../workspace/index.ts'
import { brokerFor, servicesOf } from '../broker/index.ts'
import { gradeTree } from '../grading/index.ts'
import type { Grading } from '../grading/index.ts'
import type { Python } from '../python/index.ts'
import { runScript } from '../sandbox/index.ts'
import type { Sandbox, ScriptOutcome } from '../sandbox/index.ts'
import { filesUnder, scriptLimits, scriptVariables } from '../tasks/index.ts'
import type { PreparedData, PreparedTask, Task } from '../tasks/index.ts'
import { openWorkspace } from '../workspace-layers.ts'

/** All that an attempt at a task needs; `task` as it is for the profile. */
export interface Bench {
  task: Task
  profile: ProfileName
  prepared: PreparedTask
  data: PreparedData | undefined
  blobs: BlobStore
  sandbox: Sandbox
  interpreter: Python
  /** a folder for work in progress */
  folder: string
  signal?: AbortSignal
}

/** What is tried: `overlay` over the starter, run or as it stands, graded against `baseline`. */
export interface Attempt { overlay?: string | undefined; run?: boolean; baseline: MeasuredBaseline | null; seed: number; measure?: Grading['measure'] }

export interface Attempted { script: ScriptOutcome | null; outcome: GradingOutcome; seconds: { script: number; grading: number } }

/**
 * What a run of the baseline agent does: the starter's workspace with `overlay` (a file of the task that takes the entry's place, or a
 * folder laid over all) is run in the sandbox, unless `run` is false, and what it left is graded.
 */
export async function attempt(bench: Bench, { overlay, run = true, baseline, seed, measure }: Attempt): Promise<Attempted> {
  const { task, profile, prepared, data, blobs, sandbox, interpreter, signal } = bench
  let tree = overlay === undefined ? prepared.tree : await laidOver(bench, overlay)
  const began = performance.now()
  let script: ScriptOutcome | null = null
  if (run) {
    mkdirSync(bench.folder, { recursive: true })
    const folder = mkdtempSync(join(bench.folder, 'attempt-'))
    const services = servicesOf(task, profile)
    const broker = services === undefined ? undefined : await brokerFor(services, { sandbox, blobs, folder: data?.public.folder ?? task.folder })
    try {
      const { warm, layers } = await openWorkspace(join(folder, 'workspace'), blobs, prepared.layers, sandbox)
      await warm.checkout(tree)
      script = await runScript({
        sandbox, interpreter, script: prepared.entry, directory: warm.root, layers, limits: scriptLimits(prepared.settings), mounts: broker?.mounts ?? [], env: { ...scriptVariables(prepared.settings), ...broker?.variables }, network: prepared.settings.network,
        spool: join(folder, 'spool'), ...(signal === undefined ? {} : { signal }),
      })
      tree = (await warm.rescan()).tree
    } finally {
      await broker?.close()
      removeTree(folder)
    }
  }
  const graded = performance.now()
  const outcome = await gradeTree({ task, profile, tree, data, baseline, blobs, sandbox, interpreter, seed, workDir: bench.folder, ...(measure === undefined ? {} : { measure }), ...(signal === undefined ? {} : { signal }) })
  return { script, outcome, seconds: { script: (graded - began) / 1000, grading: (performance.now() - graded) / 1000 } }
}

async function laidOver({ task, prepared, blobs }: Bench, overlay: string): Promise<string> {
  const entries = parseTree(Buffer.from(await blobs.get(prepared.tree)).toString())
  for (const { path, source, empty } of await filesUnder(join(task.folder, overlay))) {
    if (empty) continue
    const at = path === '' ? prepared.entry : path
    const content = await readFile(source)
    entries.set(at, { path: at, kind: 'file', mode: entries.get(at)?.mode ?? 0o644, sha256: await blobs.put(content), size: content.length })
  }
  return blobs.put(Buffer.from(formatTree(entries.values())))
}
