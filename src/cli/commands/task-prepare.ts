import type { ProfileName } from '../../../schemas/task.ts'
import { defaultCacheDir, findPython, ownOrPrepared, preparePython } from '../../effects/python/index.ts'
import { findData, loadTask, prepareData, prepareDependencies, pythonDependencies, taskFor } from '../../effects/tasks/index.ts'
import { EXIT } from '../exit-codes.ts'
import { bytes, count } from '../format.ts'
import { printJson, stderr, stdout } from '../output.ts'

const MIB = 2 ** 20

/**
 * `kymo task prepare TASK`: installs what the task's scripts import, in an environment of their own unless --python names one that has it, and makes or fetches its data.
 * Neither happens during a run, except for data that takes seconds.
 */
export async function taskPrepare(name: string, { profile, python: own, updateLock = false, json = false }: { profile: ProfileName; python?: string; updateLock?: boolean; json?: boolean }): Promise<number> {
  const task = taskFor(await loadTask(name), profile)
  const { manifest } = task
  const settings = manifest.profiles[profile]
  const screen = json ? stderr() : stdout()
  const log = (line: string): void => screen.line(`  ${line}`)
  // What is there already may be damaged or of an older version: preparing says so and makes it anew.
  const there = manifest.data === undefined ? undefined : await findData(task, profile).catch(() => undefined)
  if (manifest.data !== undefined && (there === undefined || 'missing' in there || updateLock)) {
    const costs = [
      settings.download_mib > 0 ? `downloads ${bytes(settings.download_mib * MIB)}` : 'downloads nothing', `takes ${bytes(Math.max(settings.disk_mib, 0.001) * MIB)} of disk in ${defaultCacheDir()}`,
      ...(settings.consent === undefined ? [] : [`needs an account at ${settings.consent}`]),
    ]
    screen.line(`${manifest.name} (${profile}): ${costs.join(', ')}`)
  }
  const python = own === undefined ? await preparePython({ dependencies: pythonDependencies(settings), log }) : await findPython({ explicit: own, dependencies: pythonDependencies(settings) })
  const data = await prepareData(task, profile, { python: () => ownOrPrepared(own, { dependencies: prepareDependencies(settings), log }), updateLock, log })
  if (json) {
    const side = (one: { folder: string; tree: string; entries: ReadonlyMap<string, { size: number }> }): Record<string, unknown> => ({ folder: one.folder, tree: one.tree, files: one.entries.size, bytes: bytesOf(one.entries) })
    printJson({ task: manifest.name, profile, python: { executable: python.executable, version: python.version, packages: python.packages }, data: data === undefined ? null : { public: side(data.public), answers: side(data.answers), downloads: data.downloads } })
    return EXIT.ok
  }
  screen.line(`${manifest.name} (${profile}) is ready: Python ${python.version} (${python.executable})`)
  if (data !== undefined) screen.line(`  data: ${count(data.public.entries.size, 'file')} for the agent, ${bytes(bytesOf(data.public.entries))}, in ${data.public.folder}; the answers lie apart`)
  return EXIT.ok
}

const bytesOf = (entries: ReadonlyMap<string, { size: number }>): number => [...entries.values()].reduce((sum, { size }) => sum + size, 0)
