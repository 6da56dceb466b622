import { createInterface } from 'node:readline/promises'
import type { ProfileName } from '../../../schemas/task.ts'
import { defaultCacheDir, findPython, ownOrPrepared, preparePython } from '../../effects/python/index.ts'
import { findData, isLarge, loadTask, prepareData, prepareDependencies, pythonDependencies, taskFor } from '../../effects/tasks/index.ts'
import { EXIT } from '../exit-codes.ts'
import { bytes, count } from '../format.ts'
import { printJson, stderr, stdout } from '../output.ts'
import { programName } from '../program-name.ts'
import { usageError } from '../usage-error.ts'

const MIB = 2 ** 20

/**
 * `kymo task prepare TASK`: installs what the task's scripts import, in an environment of their own unless --python names one that has it, and makes or fetches its data.
 * Neither happens during a run, except for data that takes seconds. Large downloads want a yes: --yes, or from the person at the terminal.
 */
export async function taskPrepare(name: string, { profile, python: own, updateLock = false, yes = false, json = false }: { profile: ProfileName; python?: string; updateLock?: boolean; yes?: boolean; json?: boolean }): Promise<number> {
  const task = taskFor(await loadTask(name), profile)
  const { manifest } = task
  const settings = manifest.profiles[profile]
  const screen = json ? stderr() : stdout()
  const log = (line: string): void => screen.line(`  ${line}`)
  // What is there already may be damaged or of an older version: preparing says so and makes it anew.
  const there = manifest.data === undefined ? undefined : await findData(task, profile).catch(() => undefined)
  if (manifest.data !== undefined && (there === undefined || 'missing' in there || updateLock)) {
    const costs = [
      settings.download_mib > 0 ? `downloads about ${bytes(settings.download_mib * MIB)}` : 'downloads nothing', `takes about ${bytes(Math.max(settings.disk_mib, 0.001) * MIB)} of disk in ${defaultCacheDir()}`,
      ...(settings.consent === undefined ? [] : [`needs an account at ${settings.consent}`]),
    ]
    screen.line(`${manifest.name} (${profile}): ${costs.join(', ')}`)
    if (isLarge(settings) && !yes && !(await saysYes(json))) {
      throw usageError(`Nothing was fetched: ${manifest.name} (${profile}) ${costs.join(', ')}. If you want that, type: ${programName()} task prepare ${manifest.name} --profile ${profile} --yes`)
    }
  }
  const python = own === undefined ? await preparePython({ dependencies: pythonDependencies(settings), log }) : await findPython({ explicit: own, dependencies: pythonDependencies(settings) })
  const ended = new AbortController()
  const end = (): void => ended.abort()
  for (const signal of ENDINGS) process.once(signal, end)
  const data = await prepareData(task, profile, { python: () => ownOrPrepared(own, { dependencies: prepareDependencies(settings), log }), updateLock, log, signal: ended.signal }).finally(() => { for (const signal of ENDINGS) process.off(signal, end) })
  if (json) {
    const side = (one: { folder: string; tree: string; entries: ReadonlyMap<string, { size: number }> }): Record<string, unknown> => ({ folder: one.folder, tree: one.tree, files: one.entries.size, bytes: bytesOf(one.entries) })
    printJson({ task: manifest.name, profile, python: { executable: python.executable, version: python.version, packages: python.packages }, data: data === undefined ? null : { public: side(data.public), answers: side(data.answers), downloads: data.downloads } })
    return EXIT.ok
  }
  screen.line(`${manifest.name} (${profile}) is ready: Python ${python.version} (${python.executable})`)
  if (data !== undefined) screen.line(`  data: ${count(data.public.entries.size, 'file')} for the agent, ${bytes(bytesOf(data.public.entries))}, in ${data.public.folder}; the answers lie apart`)
  return EXIT.ok
}

/** Ctrl-C and kill end the preparation in order: what is half made is removed, what was fetched stays. */
const ENDINGS = ['SIGINT', 'SIGTERM'] as const

/** Asks the person at the terminal; where nobody is, nobody says yes, and nothing waits. */
async function saysYes(json: boolean): Promise<boolean> {
  if (json || process.stdin.isTTY !== true || process.stderr.isTTY !== true) return false
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question('Fetch it? [y/N] ', { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => '')).trim())
  } finally {
    lines.close()
  }
}

const ANSWER_MS = 10 * 60_000

const bytesOf = (entries: ReadonlyMap<string, { size: number }>): number => [...entries.values()].reduce((sum, { size }) => sum + size, 0)
