import type { TaskProfile } from '../../../schemas/task.ts'
import type { PythonDependencies } from '../python/index.ts'
import { scriptLimitsSchema } from '../sandbox/index.ts'
import type { ScriptLimits } from '../sandbox/index.ts'

const MIB = 2 ** 20

/** The sandbox's limits for one script of a task, from what its manifest says in seconds and MiB. */
export function scriptLimits({ script }: TaskProfile): ScriptLimits {
  return scriptLimitsSchema.parse({
    wallMs: Math.ceil(script.wall_seconds * 1000),
    memoryBytes: script.memory_mib * MIB,
    processes: script.processes,
    fileBytes: script.file_mib * MIB,
    openFiles: script.open_files,
    outputBytes: script.output_mib * MIB,
    tmpBytes: script.tmp_mib * MIB,
    shmBytes: script.shm_mib * MIB,
    diskBytes: script.disk_mib * MIB,
  } satisfies ScriptLimits)
}

/** What a task's profile adds to a script's environment. */
export const scriptVariables = ({ script }: TaskProfile): Record<string, string> =>
  Object.fromEntries(['OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'NUMEXPR_NUM_THREADS'].map((name) => [name, String(script.threads)]))

/** What a profile's interpreter must have, in the words of effects/python. */
export const pythonDependencies = ({ python }: TaskProfile): PythonDependencies => ({ requires: python.requires, pip: python.dependencies, debian: python.debian })

/** What prepare.py needs: the same, or what the profile says for preparing. */
export const prepareDependencies = ({ python, prepare_python }: TaskProfile): PythonDependencies =>
  (prepare_python === undefined ? { requires: python.requires, pip: python.dependencies, debian: python.debian } : { requires: python.requires, pip: prepare_python.dependencies, debian: prepare_python.debian })
