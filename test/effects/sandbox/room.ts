import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findPython } from '../../../src/effects/python/index.ts'
import { DEFAULT_SCRIPT_LIMITS, chooseSandbox, runScript } from '../../../src/effects/sandbox/index.ts'
import type { Sandbox, ScriptLimits, ScriptOutcome, ScriptRun } from '../../../src/effects/sandbox/index.ts'

export interface Room {
  sandbox: Sandbox
  /** The workspace on the host. */
  workspace: string
  /** A host folder that no script is shown. */
  outside: string
  spool: string
  run(code: string, options?: Partial<Omit<ScriptRun, 'limits'>> & { limits?: Partial<ScriptLimits> }): Promise<Ran>
  [Symbol.dispose](): void
}

export interface Ran extends ScriptOutcome { out: string; err: string }

const python = findPython({ dependencies: { pip: [], debian: [], requires: '>=3.9' } })

/** A workspace, a secret place beside it, and a way to run a few lines of Python in the first. */
export async function openRoom(requested: 'bwrap' | 'none'): Promise<Room> {
  const sandbox = await chooseSandbox({ requested })
  const home = mkdtempSync(join(tmpdir(), 'kymo-room-'))
  const [workspace, outside, spool] = ['workspace', 'outside', 'spool'].map((name) => join(home, name)) as [string, string, string]
  for (const folder of [workspace, outside, spool]) mkdirSync(folder)
  return {
    sandbox, workspace, outside, spool,
    async run(code, { limits = {}, script = 'script.py', ...rest } = {}) {
      mkdirSync(dirname(join(workspace, script)), { recursive: true })
      writeFileSync(join(workspace, script), code)
      const outcome = await runScript({ sandbox, interpreter: await python, script, directory: workspace, spool, limits: { ...DEFAULT_SCRIPT_LIMITS, ...limits }, ...rest })
      return { ...outcome, out: Buffer.from(outcome.stdout.bytes).toString(), err: Buffer.from(outcome.stderr.bytes).toString() }
    },
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  }
}
