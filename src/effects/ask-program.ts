import { execFile } from 'node:child_process'

export interface Asked { ok: boolean; stdout: string; stderr: string; why: string }

/**
 * What a program says that answers at once and prints little; never throws. Every run begins with such questions, and what runs
 * scripts (execa) takes longer to load than the answers take.
 */
export const askProgram = (file: string, args: readonly string[], { timeoutMs, cwd, env }: { timeoutMs: number; cwd?: string; env?: Record<string, string> }): Promise<Asked> => new Promise((resolve) => {
  const child = execFile(file, args, { timeout: timeoutMs, killSignal: 'SIGKILL', ...(cwd === undefined ? {} : { cwd }), ...(env === undefined ? {} : { env }) }, (error, stdout, stderr) => {
    resolve({ ok: error === null, stdout: stdout.trimEnd(), stderr, why: error === null ? '' : error.killed === true ? `no answer within ${timeoutMs / 1000} s` : typeof error.code === 'number' ? `exit code ${error.code}` : error.message })
  })
  child.stdin?.on('error', () => undefined).end()
})
