import { join } from 'node:path'
import type { ProfileName } from '../../../schemas/task.ts'
import type { MachineRoom } from '../machine-room.ts'
import { pythonKey } from '../machine-room.ts'
import { dependencyKey, ownOrPrepared, preparePython } from '../python/index.ts'
import type { Python, PythonDependencies } from '../python/index.ts'
import { dataForRun, findData, isLarge, prepareData, prepareDependencies, prepareTask, pythonDependencies } from '../tasks/index.ts'
import type { Task } from '../tasks/index.ts'
import type { Bench } from './attempt.ts'
import { folderBlobs } from './folder-blobs.ts'
import type { Turns } from './turns.ts'

/**
 * Gets ready what attempts at a task need: installs what its scripts import and makes its data where they are not there yet. `task` as it
 * is for the profile. Throws for what hinders: no interpreter, no sandbox, no data.
 */
export async function openBench({ task, profile, room, turns, log, signal }: { task: Task; profile: ProfileName; room: MachineRoom; turns: Turns; log: (line: string) => void; signal?: AbortSignal | undefined }): Promise<Bench> {
  const settings = task.manifest.profiles[profile]
  const named = room.namedPython
  // Two that install at once would fetch the same twice.
  const installed = (dependencies: PythonDependencies): Promise<Python> => turns.once(`python ${dependencyKey(dependencies)}`, () => preparePython({ dependencies, log }))
  const dependencies = pythonDependencies(settings)
  await (named === undefined ? installed(dependencies) : room.python(pythonKey(dependencies)))
  const found = await findData(task, profile).catch(() => ({ missing: true }) as const)
  // Data that would take long to fetch are not fetched by the way: dataForRun says what to type.
  if (found !== undefined && 'missing' in found && !isLarge(settings)) {
    const forData = prepareDependencies(settings)
    const { executable } = await (named === undefined ? installed(forData) : turns.once(`named ${dependencyKey(forData)}`, () => ownOrPrepared(named, { dependencies: forData, log })))
    await turns.take(() => prepareData(task, profile, { python: async () => ({ executable }), log, ...(signal === undefined ? {} : { signal }) }))
  }
  const data = await dataForRun(task, profile)
  const folder = join(room.folder(), `check-${task.name}`)
  const blobs = folderBlobs(join(folder, 'blobs'))
  const [sandbox, interpreter, prepared] = await Promise.all([room.sandbox(), room.python(pythonKey(dependencies)), prepareTask(task, profile, blobs)])
  return { task, profile, prepared, data, blobs, sandbox, interpreter, folder, ...(signal === undefined ? {} : { signal }) }
}
