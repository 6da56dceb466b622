import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../deploy/kymo', import.meta.url))
export const TASKS = fileURLToPath(new URL('../fixtures/tasks', import.meta.url))
export const script = (name: string): string => fileURLToPath(new URL(`../fixtures/scripts/${name}.yaml`, import.meta.url))
export const MACHINE_OPTIONS = { sandbox: 'none', python: '/usr/bin/python3' } as const
export const MACHINE = ['--sandbox', MACHINE_OPTIONS.sandbox, '--python', MACHINE_OPTIONS.python]

export interface Exit { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }

/** Throws with the command's own words when it failed. */
export function mustSucceed({ code, signal, stderr, stdout }: Exit): string {
  if (code !== 0) throw new Error(`the command ended with ${signal ?? code}:\n${stderr.slice(-3000)}`)
  return stdout
}

/** The real `kymo` command as a process of its own. */
export class KymoProcess {
  readonly what: string
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  stdout = ''
  stderr = ''
  running = true
  readonly startedAt = performance.now()

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.what = args.slice(0, 2).join(' ')
    this.child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, KYMO_TASKS: TASKS, ...env } })
    this.child.stdout?.on('data', (chunk: Buffer) => { this.stdout += chunk.toString() })
    this.child.stderr?.on('data', (chunk: Buffer) => { this.stderr += chunk.toString() })
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.running = false
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** Waits for a sentence on either stream. */
  async says(words: string | RegExp, timeoutMs = 15_000): Promise<void> {
    const deadline = performance.now() + timeoutMs
    while (!this.text.match(words)) {
      if (!this.running || performance.now() > deadline) throw new Error(`${this.what} did not say ${String(words)}${this.running ? '' : ' before it ended'}:\n${this.text.slice(-3000)}`)
      await pause(5)
    }
  }

  get text(): string {
    return this.stdout + this.stderr
  }

  /** kill -9 */
  async kill(): Promise<void> {
    if (this.running) this.child.kill('SIGKILL')
    await this.exited
  }

  async stop(): Promise<void> {
    if (this.running) this.child.kill('SIGTERM')
    const hard = setTimeout(() => this.child.kill('SIGKILL'), 5000)
    await this.exited
    clearTimeout(hard)
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Processes whose command line holds all these words: for what a test did not start itself, as a store's service that a command started. */
export function processesWith(...words: string[]): number[] {
  const found: number[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
      if (words.every((word) => line.includes(word))) found.push(Number(name))
    } catch {
      // it ended meanwhile
    }
  }
  return found
}

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** kill -9 of a process that is not our child; resolves when it is gone. */
export async function killProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    return
  }
  while (isRunning(pid)) await pause(2)
}
