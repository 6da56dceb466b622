import { join } from 'node:path'
import { WORKSPACE, interpreterMounts, layerDirectory, sandboxArgv, scriptEnvironment } from '../sandbox/index.ts'
import type { Interpreter, Sandbox, SandboxMount, ScriptLayer, ScriptLimits } from '../sandbox/index.ts'

/** A complete command line that an evaluator starts, as often as it likes. */
export interface WorkerCommand { argv: string[]; env: Record<string, string>; cwd: string }

const INSIDE = '/kymo'

/**
 * The command that runs a task's worker over `directory`: the directory as a writable /workspace, the data's layers, the worker and the
 * shared Python, and nothing else of the host. `release` takes the layers' mount points away again.
 */
export function workerCommand({ sandbox, interpreter, directory, layers, mounts, worker, library, entry, limits, variables, network, scratch }: {
  sandbox: Sandbox
  interpreter: Interpreter
  directory: string
  layers: readonly ScriptLayer[]
  mounts: readonly SandboxMount[]
  worker: string
  library: string
  entry: string
  limits: ScriptLimits
  variables: Record<string, string>
  network: boolean
  /** home and temporary folder where there is no sandbox to give one */
  scratch: string
}): { command: WorkerCommand; release: () => void } {
  const layered = layerDirectory(sandbox, directory, layers)
  const bare = sandbox.name === 'none'
  const [lib, program, workspace] = bare ? [library, worker, directory] : [`${INSIDE}/lib`, `${INSIDE}/worker.py`, WORKSPACE]
  const { file, args, env, cwd } = sandboxArgv(sandbox, {
    argv: [interpreter.executable, '-I', '-B', '-u', join(lib, 'launch.py'), program, workspace, entry],
    cwd: WORKSPACE,
    env: { ...scriptEnvironment({ executable: interpreter.executable, ...(bare ? { home: scratch, tmp: scratch } : {}) }), ...variables },
    mounts: [
      ...interpreterMounts(interpreter),
      { source: library, target: `${INSIDE}/lib`, writable: false },
      { source: worker, target: `${INSIDE}/worker.py`, writable: false },
      ...layered.mounts,
      ...mounts,
    ],
    limits,
    network,
  })
  return { command: { argv: [file, ...args], env, cwd }, release: () => layered.release() }
}
