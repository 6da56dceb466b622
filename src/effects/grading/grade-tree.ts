import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GradingOutcome } from '../../../schemas/generated/events.ts'
import type { MeasuredBaseline } from '../../../schemas/task-data.ts'
import type { ProfileName, TaskManifest } from '../../../schemas/task.ts'
import type { ServiceFacts, ServiceSettings } from '../../../schemas/services.ts'
import type { BlobStore } from '../../blobs/index.ts'
import { exportTree } from '../../workspace/index.ts'
import { brokerFor, servicesOf } from '../broker/index.ts'
import type { Broker } from '../broker/index.ts'
import type { Respond } from '../completion/index.ts'
import { diskBytes, scriptEnvironment } from '../sandbox/index.ts'
import type { Interpreter, Sandbox, ScriptLayer } from '../sandbox/index.ts'
import { readBaselines, scriptLimits, scriptVariables, taskFor, taskLibrary } from '../tasks/index.ts'
import type { Task } from '../tasks/index.ts'
import { parseReply } from './reply.ts'
import { runEvaluator } from './run-evaluator.ts'
import { workerCommand } from './worker-command.ts'
import type { WorkerCommand } from './worker-command.ts'

export interface Grading {
  task: Task
  profile: ProfileName
  /** hash of the submitted workspace */
  tree: string
  /** the task's data, where it lies on this machine: the worker sees what agents see, read-only; the answers go to the evaluator alone */
  data?: GradingData | undefined
  /** what the starter reaches; null when nobody measured it. Without it, what the task's baseline.json says */
  baseline?: MeasuredBaseline | null | undefined
  /** what the task offers to workers through a socket; `respond` carries the questions to a real model */
  services?: ServiceSettings | undefined
  respond?: Respond | undefined
  onServices?: (facts: ServiceFacts) => void
  blobs: BlobStore
  sandbox: Sandbox
  interpreter: Interpreter
  seed: number
  signal?: AbortSignal
  /** where temporary folders are made */
  workDir?: string
  /** in place of what the manifest says: fewer repeats and shorter waits for tests and for every-step scores */
  measure?: Partial<Pick<TaskManifest['grading'], 'repeats' | 'start_seconds' | 'call_seconds' | 'total_seconds'>>
}

/** Two folders of the cache. */
export interface GradingData { public: { folder: string }; answers: { folder: string } }

/**
 * Grades a tree with the task's evaluator, which runs outside the sandbox and outside the submission's reach. A submission that cannot be
 * scored is an outcome (`graded: false` with its code); throws KYMO_GRADER when the grader failed, KYMO_CANCELLED when `signal` fired.
 */
export async function gradeTree({ task: given, profile, tree, data, baseline: known, services, respond, onServices, blobs, sandbox, interpreter, seed, signal, workDir = tmpdir(), measure = {} }: Grading): Promise<GradingOutcome> {
  const task = taskFor(given, profile)
  const { manifest, folder } = task
  const baseline = known === undefined ? (await readBaselines(task))[profile] : known
  const layers: ScriptLayer[] = data === undefined ? [] : [{ source: data.public.folder, mount: '' }]
  const grading = { ...manifest.grading, ...measure }
  const evaluator = join(folder, grading.evaluator)
  const settings = manifest.profiles[profile]
  const limits = scriptLimits(settings)
  const library = taskLibrary()
  await mkdir(workDir, { recursive: true })
  const directory = await mkdtemp(join(workDir, 'kymo-grading-'))
  const releases: Array<() => void> = []
  let broker: Broker | undefined
  try {
    const treeDir = join(directory, 'tree')
    const scratch = join(directory, 'scratch')
    await mkdir(scratch)
    await exportTree(tree, treeDir, blobs)
    const offered = services ?? servicesOf(task, profile)
    if (offered !== undefined) broker = await brokerFor(offered, { sandbox, blobs, respond, folder: data?.answers.folder ?? join(folder, grading.answers ?? ''), control: true })

    /** A worker gets a copy of its own, so that what it writes is seen by nobody. */
    const command = async (name: string, fill: (target: string) => Promise<void>): Promise<WorkerCommand | null> => {
      if (grading.worker === undefined) return null
      const target = join(directory, name)
      await fill(target)
      const made = workerCommand({
        sandbox, interpreter, directory: target, layers, mounts: broker?.mounts ?? [], worker: join(folder, grading.worker), library, entry: manifest.entry, scratch,
        limits, variables: { ...scriptVariables(settings), ...broker?.variables }, network: settings.network,
      })
      releases.push(made.release)
      return made.command
    }
    const starterDir = join(folder, manifest.starter)
    const request = {
      protocol: 1,
      task: task.name,
      profile,
      seed,
      tree_dir: treeDir,
      starter_dir: starterDir,
      data_dir: data?.public.folder ?? null,
      answers_dir: data?.answers.folder ?? (grading.answers === undefined ? null : join(folder, grading.answers)),
      baseline: baseline === null ? null : { runs: baseline.runs, mean: baseline.mean, deviation: baseline.deviation },
      submission: await command('submission', (target) => exportTree(tree, target, blobs)),
      starter: grading.starter_timed ? await command('starter', (target) => cp(starterDir, target, { recursive: true })) : null,
      services: broker?.control === undefined ? null : { control: broker.control },
      repeats: grading.repeats,
      limits: { start_seconds: grading.start_seconds, call_seconds: grading.call_seconds },
    }
    const answer = await runEvaluator({
      python: interpreter.executable, launcher: join(library, 'launch.py'), evaluator, request, cwd: scratch, directory, deadlineMs: grading.total_seconds * 1000,
      limits: { ...limits, diskBytes: limits.diskBytes + (await diskBytes(directory)) },
      env: scriptEnvironment({ executable: interpreter.executable, home: scratch, tmp: scratch }), ...(signal === undefined ? {} : { signal }),
    })
    if ('passed' in answer) return refused(answer.passed)
    return parseReply(answer.text, evaluator, baseline)
  } finally {
    for (const release of releases) release()
    if (broker !== undefined) {
      onServices?.(broker.facts())
      await broker.close()
    }
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

const PASSED = {
  memory: ['out_of_memory', 'the submission used more memory than a script may. Use less.'],
  processes: ['too_many_processes', 'the submission started more processes than a script may. Start fewer.'],
  disk: ['disk_limit', 'the submission wrote more to disk than a script may. Write less.'],
} as const

const refused = (limit: keyof typeof PASSED): GradingOutcome => ({ graded: false, code: PASSED[limit][0], message: PASSED[limit][1], value: 0, baseline: 0, details: '{}', paper: [] })
