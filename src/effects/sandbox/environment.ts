import { delimiter, dirname } from 'node:path'

/**
 * All that a script's environment holds. Nothing of our own environment passes, so no API key can; what is here is constant,
 * so that set order, time zone, thread count and terminal width do not differ between machines.
 */
export function scriptEnvironment({ executable, home = '/home/agent', tmp = '/tmp' }: { executable: string; home?: string; tmp?: string }): Record<string, string> {
  return {
    PATH: [...new Set([dirname(executable), '/usr/local/bin', '/usr/bin', '/bin'])].join(delimiter),
    HOME: home,
    TMPDIR: tmp,
    USER: 'agent',
    LOGNAME: 'agent',
    TZ: 'UTC',
    LC_ALL: 'C.UTF-8',
    TERM: 'dumb',
    COLUMNS: '80',
    PYTHONHASHSEED: '0',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
    PYTHONNOUSERSITE: '1',
    // Training is bit-identical only at an equal thread count; a task may raise it.
    OMP_NUM_THREADS: '1',
    MKL_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    NUMEXPR_NUM_THREADS: '1',
    MPLBACKEND: 'Agg',
    CUBLAS_WORKSPACE_CONFIG: ':4096:8',
    // No GPU without a lease.
    CUDA_VISIBLE_DEVICES: '',
    TOKENIZERS_PARALLELISM: 'false',
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
  }
}
