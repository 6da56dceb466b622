import { join } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { KymoError } from '../../../../schemas/errors.ts'
import type { LockedDownload } from '../../../../schemas/task-data.ts'
import { taskLibrary } from '../task-folders.ts'

const replySchema = z.object({ prepared: z.boolean(), message: z.string().optional(), downloads: z.record(z.string(), z.object({ url: z.string(), bytes: z.number(), sha256: z.string() })) })

/**
 * Starts a task's prepare.py, trusted and outside the sandbox, and gives what it downloaded. `log` hears its progress, line by line.
 * Throws KYMO_TASK_DATA with prepare.py's own sentence when the data cannot be had, or with its last words when it fails.
 */
export async function runPrepare({ python, program, request, cwd, name, log, signal }: {
  python: string
  program: string
  request: Record<string, unknown>
  cwd: string
  name: string
  log: (line: string) => void
  signal?: AbortSignal
}): Promise<Record<string, LockedDownload>> {
  const child = execa(python, ['-I', '-B', join(taskLibrary(), 'launch.py'), program], {
    // One thread and plain text: what is computed must not depend on this machine's cores or language.
    cwd, env: { PYTHONHASHSEED: '0', OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1', LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    stdin: 'pipe', stdout: 'pipe', stderr: 'pipe', reject: false, cleanup: true, buffer: { stderr: false }, ...(signal === undefined ? {} : { cancelSignal: signal }),
  })
  child.stdin.on('error', () => undefined)
  // The pipe stays open: its end tells the child that nobody waits any more.
  child.stdin.write(`${JSON.stringify({ ...request, lifeline: true })}\n`)
  const last: string[] = []
  const progress = (async () => {
    for await (const line of child.iterable({ from: 'stderr' })) {
      last.push(line)
      if (last.length > 12) last.shift()
      log(line)
    }
  })().catch(() => undefined)
  const result = await child
  await progress
  if (signal?.aborted === true) throw new KymoError('KYMO_CANCELLED', `preparing ${name} was cancelled; what was downloaded is kept`)
  if (result.failed) throw new KymoError('KYMO_TASK_DATA', `${program} failed: ${last.join('\n').trim() || result.shortMessage}`)
  const reply = replySchema.safeParse(readJson(result.stdout))
  if (!reply.success) throw new KymoError('KYMO_TASK_DATA', `${program} did not end through prepare() of kymo_data; see tasks/README.md`)
  if (!reply.data.prepared) throw new KymoError('KYMO_TASK_DATA', `the data of ${name} cannot be prepared: ${reply.data.message ?? ''}`)
  return reply.data.downloads
}

const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
