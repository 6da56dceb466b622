import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { KymoError } from '../../schemas/errors.ts'
import { serviceSettings } from '../../schemas/services.ts'
import { isGone, thisHolder } from '../journal/index.ts'
import { findPython } from './python/index.ts'
import type { Python, PythonDependencies } from './python/index.ts'
import { chooseSandbox, scriptLimitsSchema } from './sandbox/index.ts'
import type { Sandbox, SandboxRequest } from './sandbox/index.ts'
import { removeTree } from '../workspace/index.ts'

/** What one script may use, as run.started records it. */
export const scriptSettings = z.object({ limits: scriptLimitsSchema, variables: z.record(z.string(), z.string()), network: z.boolean(), services: serviceSettings.optional() })

/** The dependency list as it stands in run.started: an executor elsewhere finds its own interpreter by it. */
export const pythonKey = ({ pip, debian, requires }: PythonDependencies): string => canonicalJson({ pip, debian, requires })
const dependencies = z.object({ pip: z.array(z.string()), debian: z.array(z.string()), requires: z.string() })

/** A question to a person: help for the agent, or the next action. Undefined: nobody answered. */
export type Ask = (question: { what: 'help' | 'action'; prompt: string; choices: string }, signal: AbortSignal) => Promise<string | undefined>

export interface MachineRoomOptions {
  /** one that has looked around already */
  room?: MachineRoom
  sandbox?: SandboxRequest
  python?: string
  /** keys of model providers by the name of their variable: they never stand in process.env, so no child inherits them */
  keys?: (name: string) => string | undefined
  /** asks the person who is there; absent: nobody is */
  ask?: Ask
  /** how much is asked of each provider at once and per minute, over all runs of the store, like "anthropic=4,50rpm,80000tpm" */
  providerLimits?: string
  /** where work in progress lies; by default $KYMO_WORK, or a folder of this user among the temporary files */
  work?: string
}

/** What this machine offers to scripts: a sandbox and interpreters, each looked for once, and a folder for work in progress. */
export class MachineRoom {
  readonly #options: MachineRoomOptions
  #sandbox: Promise<Sandbox> | undefined
  readonly #pythons = new Map<string, Promise<Python>>()
  #folder: string | undefined

  constructor(options: MachineRoomOptions = {}) {
    this.#options = options
  }

  /** A provider's key by the name of its variable. */
  key = (name: string): string | undefined => this.#options.keys?.(name)

  /** The interpreter that a person named: it is taken or refused, and none is made in its place. */
  get namedPython(): string | undefined {
    return this.#options.python
  }

  get providerLimits(): string {
    return this.#options.providerLimits ?? ''
  }

  /** Throws KYMO_SANDBOX_... with the probe's words and the fix. */
  sandbox(): Promise<Sandbox> {
    if (this.#sandbox !== undefined) return this.#sandbox
    const choice = chooseSandbox({ requested: this.#options.sandbox ?? 'auto' })
    this.#sandbox = choice
    choice.catch(() => { this.#sandbox = undefined })
    return choice
  }

  /** Throws KYMO_PYTHON_... with what to install, for `task` in the words of a command line where it is known. */
  python(key: string, task?: string): Promise<Python> {
    const known = this.#pythons.get(key)
    if (known !== undefined) return known
    const found = dependencies.safeParse(JSON.parse(key))
    if (!found.success) throw new KymoError('KYMO_PYTHON', 'the run does not say what its interpreter needs')
    const search = findPython({ dependencies: found.data, explicit: this.#options.python, task })
    this.#pythons.set(key, search)
    // What is missing now may be installed by the next time.
    search.catch(() => this.#pythons.delete(key))
    return search
  }

  /** A folder of this process; those of processes that died are cleared away. */
  folder(): string {
    if (this.#folder !== undefined) return this.#folder
    const root = this.#options.work ?? process.env['KYMO_WORK'] ?? join(tmpdir(), `kymo-${userInfo().uid}`)
    mkdirSync(root, { recursive: true, mode: 0o700 })
    const { boot_id, host } = thisHolder('')
    for (const name of readdirSync(root)) {
      const [pid = '', ticks = ''] = name.split('-')
      if (isGone({ host, boot_id, pid: Number(pid), started_ticks: Number(ticks), what: '' })) removeTree(join(root, name))
    }
    const { pid, started_ticks } = thisHolder('')
    this.#folder = join(root, `${pid}-${started_ticks}`)
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    return this.#folder
  }

  close(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }
}
