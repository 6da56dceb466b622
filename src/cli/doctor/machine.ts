import { statfs } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { execa } from 'execa'
import { findProgram } from './programs.ts'
import type { Environment } from './programs.ts'
import { ok } from './row.ts'
import type { DoctorRow } from './row.ts'

const GIB = 2 ** 30
const gibibytes = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`

/** Space where the store is or will be: its nearest parent that exists. */
export async function diskRow(folder: string, least = 2 * GIB): Promise<DoctorRow> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const facts = await statfs(path).catch(() => undefined)
    if (facts === undefined && path !== dirname(path)) continue
    const free = facts === undefined ? 0 : facts.bavail * facts.bsize
    if (free >= least) return ok('disk', `${gibibytes(free)} free at ${path}`)
    return { what: 'disk', state: 'warning', detail: `only ${gibibytes(free)} free at ${path}`, fix: 'free some space, or choose another place with --store' }
  }
}

export function memoryRow(bytes = totalmem(), least = 3 * GIB): DoctorRow {
  const detail = `${gibibytes(bytes)}, ${availableParallelism()} processors`
  return bytes >= least ? ok('memory', detail) : { what: 'memory', state: 'warning', detail, fix: 'give scripts less with the task\'s memory limit; the default is 2 GiB each' }
}

/** No GPU is no fault: every small profile runs without. */
export async function gpuRow(environment: Environment): Promise<DoctorRow> {
  const path = await findProgram('nvidia-smi', environment)
  if (path === undefined) return ok('gpu', 'none found (nvidia-smi is not installed); small profiles need none')
  const result = await execa(path, ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'], { reject: false, timeout: 15_000, stdin: 'ignore' })
  if (result.failed) return { what: 'gpu', state: 'warning', detail: `nvidia-smi fails: ${(result.stderr || result.stdout || result.shortMessage || '').split('\n')[0]}`, fix: 'check the driver with nvidia-smi' }
  return ok('gpu', result.stdout.trim().split('\n').join('; '))
}
