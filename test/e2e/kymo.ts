import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/effects/tasks/index.ts'

export interface Said { code: number | null; stdout: string; stderr: string; all: string }

/** The built command, as a person has it. */
export const MAIN = join(packageRoot(), 'dist/src/cli/main.js')
export const FIXTURE_TASKS = join(packageRoot(), 'test/fixtures/tasks')
export const DEMO = join(FIXTURE_TASKS, 'arithmetic/demo.yaml')

/** A folder to work in, with a store that is ended and removed when the test is over. */
export class Desk implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'kymo-cli-'))
  readonly environment: NodeJS.ProcessEnv

  constructor(environment: NodeJS.ProcessEnv = {}) {
    // Whatever the machine of the tests has set must not decide.
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KYMO_') && name !== 'FORCE_COLOR'))
    this.environment = { ...clean, NO_COLOR: '1', KYMO_TASKS: FIXTURE_TASKS, ...environment }
  }

  start(args: string[], environment: NodeJS.ProcessEnv = {}): { child: ChildProcess; said: Promise<Said>; until: (text: string) => Promise<void> } {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: this.folder, env: { ...this.environment, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
    const said: Said = { code: null, stdout: '', stderr: '', all: '' }
    const hear = (name: 'stdout' | 'stderr') => (chunk: Buffer) => {
      said[name] += chunk.toString()
      said.all += chunk.toString()
    }
    child.stdout?.on('data', hear('stdout'))
    child.stderr?.on('data', hear('stderr'))
    const ended = new Promise<Said>((resolve) => child.once('close', (code) => resolve({ ...said, code })))
    const until = async (text: string): Promise<void> => {
      const deadline = Date.now() + 30_000
      while (!said.all.includes(text)) {
        if (Date.now() > deadline || child.exitCode !== null) throw new Error(`"${text}" was not said:\n${said.all}`)
        await new Promise((done) => setTimeout(done, 20))
      }
    }
    return { child, said: ended, until }
  }

  run(...args: string[]): Promise<Said> {
    return this.start(args).said
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('down')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Nothing when a command ended as expected, otherwise all it said: for an assertion that shows why it failed. */
export const surprise = (said: Said, code = 0): string => (said.code === code ? '' : `exit code ${said.code}:\n${said.all}`)
