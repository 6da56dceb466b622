import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { parseDocument } from 'yaml'
import { isKymoError } from '../../schemas/errors.ts'
import { checkTask } from '../../src/effects/checking/index.ts'
import type { CheckedTask } from '../../src/effects/checking/index.ts'
import { MachineRoom } from '../../src/effects/index.ts'
import { findPython } from '../../src/effects/python/index.ts'
import type { Python, PythonDependencies } from '../../src/effects/python/index.ts'
import { loadTask, packageRoot, prepareData, prepareDependencies, pythonDependencies } from '../../src/effects/tasks/index.ts'
import type { Task } from '../../src/effects/tasks/index.ts'
import { removeTree } from '../../src/workspace/index.ts'
import { fileServer } from './file-server.ts'
import { MINIATURES } from './full-data-miniatures.ts'

/** What a full profile did on its miniature, and with what. */
export interface CheckedMiniature { row: CheckedTask; python: string; packages: Record<string, string>; data: string }

/** The first of the given interpreters that has all that is asked for, then the machine's own. Throws KYMO_NO_PYTHON. */
export async function pickPython(pythons: readonly string[], dependencies: PythonDependencies): Promise<Python> {
  for (const explicit of pythons) {
    try {
      return await findPython({ explicit, dependencies })
    } catch (error) {
      if (!isKymoError(error, 'KYMO_NO_PYTHON')) throw error
    }
  }
  return findPython({ dependencies })
}

/** Undefined where everything that the task's full profile and its miniature import is here; else the sentence that says what is not. */
export async function missingFor(name: string, pythons: readonly string[]): Promise<string | undefined> {
  try {
    const { full } = (await loadTask(name)).manifest.profiles
    for (const dependencies of [pythonDependencies(full), prepareDependencies(full), makerDependencies(name)]) await pickPython(pythons, dependencies)
    return undefined
  } catch (error) {
    if (isKymoError(error, 'KYMO_NO_PYTHON')) return error.message
    throw error
  }
}

const makerDependencies = (name: string): PythonDependencies => ({ requires: '>=3.9', pip: MINIATURES[name]?.maker?.needs ?? [], debian: [] })

/**
 * Prepares the full profile of a task from its miniature, runs starter and reference in the sandbox and grades them, as `kymo task check`
 * does. Everything happens in folders of its own: a copy of the task without the lock of the real files, and a cache. They are left behind
 * as `keep`/tasks and `keep`/cache where that is given.
 */
export async function checkMiniature(name: string, { pythons = [], runs = 1, keep, log = () => undefined }: { pythons?: readonly string[]; runs?: number; keep?: string | undefined; log?: (line: string) => void } = {}): Promise<CheckedMiniature> {
  const miniature = MINIATURES[name]
  if (miniature === undefined) throw new Error(`there is no miniature for ${name}; there are: ${Object.keys(MINIATURES).join(', ')}`)
  const root = keep ?? mkdtempSync(join(tmpdir(), `kymo-full-${name}-`))
  await using server = await fileServer()
  const variables = { KYMO_DATA_MIRROR: server.url, KYMO_CACHE: join(root, 'cache'), KAGGLE_USERNAME: 'ada', KAGGLE_KEY: 'secret', no_proxy: '127.0.0.1' }
  const before = Object.fromEntries(Object.keys(variables).map((variable) => [variable, process.env[variable]]))
  // Its interpreters are looked for first: the machine's own cache may hold one.
  const { full } = (await loadTask(name)).manifest.profiles
  const interpreter = await pickPython(pythons, pythonDependencies(full))
  const preparing = await pickPython(pythons, prepareDependencies(full))
  try {
    if (miniature.maker !== undefined) {
      log(`${name}: making the miniature`)
      await execa((await pickPython(pythons, makerDependencies(name))).executable, ['-B', join(packageRoot(), 'test/fixtures/miniatures', miniature.maker.file), join(root, 'mirror')])
      for (const path of filesOf(join(root, 'mirror'))) server.files.set(`/${path}`, readFileSync(join(root, 'mirror', path)))
    }
    Object.assign(process.env, variables)
    const task = await copyOf(name, root)
    await prepareData(task, 'full', { python: async () => preparing, updateLock: true, log })
    const room = new MachineRoom({ work: join(root, 'work'), python: interpreter.executable })
    try {
      const row = await checkTask(task, { profile: 'full', room, runs, updateBaseline: true, log })
      return { row, python: interpreter.version, packages: interpreter.packages, data: miniature.data }
    } finally {
      room.close()
    }
  } finally {
    for (const [variable, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[variable]
      else process.env[variable] = value
    }
    for (const folder of keep === undefined ? [root] : [join(root, 'mirror'), join(root, 'work')]) removeTree(folder)
  }
}

const filesOf = (folder: string): string[] => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))

async function copyOf(name: string, root: string): Promise<Task> {
  const folder = join(root, 'tasks', name)
  mkdirSync(join(root, 'tasks'), { recursive: true })
  cpSync(join(packageRoot(), 'tasks', name), folder, { recursive: true })
  for (const file of ['data.lock.json', 'baseline.json']) rmSync(join(folder, file), { force: true })
  for (const [file, text, replacement] of MINIATURES[name]?.changes ?? []) {
    const source = readFileSync(join(folder, file), 'utf8')
    if (!source.includes(text)) throw new Error(`${name}/${file} does not hold "${text}" any more: adapt its miniature`)
    writeFileSync(join(folder, file), source.replace(text, replacement))
  }
  const file = join(folder, 'task.yaml')
  const manifest = parseDocument(readFileSync(file, 'utf8'))
  // The room that the real data need is not needed; threads that wait for one another on few cores take longer than one alone.
  manifest.setIn(['profiles', 'full', 'disk_mib'], 1)
  manifest.setIn(['profiles', 'full', 'script', 'threads'], 1)
  writeFileSync(file, manifest.toString())
  return loadTask(name, [join(root, 'tasks')])
}
