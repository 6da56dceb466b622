import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KymoError } from '../../../schemas/errors.ts'
import { probePython } from './probe.ts'
import type { PythonFacts } from './probe.ts'
import { dependencyKey, parseClauses, parseRequirement, satisfies } from './requirements.ts'
import type { PythonDependencies } from './requirements.ts'

export type PythonSource = 'explicit' | 'managed venv' | 'system'

/** The interpreter for a task; `prefixes` are what a sandbox must show for it to start. */
export interface Python extends PythonFacts { source: PythonSource }

export interface PythonSearch {
  /** --python PATH: taken or refused, never passed over. */
  explicit?: string | undefined
  dependencies: PythonDependencies
  cacheDir?: string | undefined
  /** the task in the words of a command line, like "clrs --profile full": what is missing can then be installed with a line that is complete */
  task?: string | undefined
}

/** Kymo's own language floor, whatever a task says. */
export const OLDEST_PYTHON = '3.9'

/** `$KYMO_CACHE`, or ~/.cache/kymo. */
export const defaultCacheDir = (): string => process.env['KYMO_CACHE'] ?? join(homedir(), '.cache', 'kymo')

/** Where the managed environment of a dependency list is noted once it is complete; the environment itself lies beside it. */
export const managedNote = (cacheDir: string, dependencies: PythonDependencies): string => join(cacheDir, 'python', `${dependencyKey(dependencies)}.json`)

async function managedExecutable(cacheDir: string, dependencies: PythonDependencies): Promise<string | undefined> {
  try {
    const note = JSON.parse(await readFile(managedNote(cacheDir, dependencies), 'utf8')) as { executable?: unknown }
    return typeof note.executable === 'string' ? note.executable : undefined
  } catch { return undefined }
}

/** What an interpreter lacks, as words; empty if nothing. */
export function lacks(facts: PythonFacts, dependencies: PythonDependencies): string[] {
  const clauses = [{ operator: '>=', version: OLDEST_PYTHON }, ...parseClauses(dependencies.requires)]
  if (!satisfies(facts.version, clauses)) return [`Python ${dependencies.requires || `>=${OLDEST_PYTHON}`} (it is ${facts.version})`]
  return dependencies.pip.flatMap((text) => {
    const requirement = parseRequirement(text)
    const installed = facts.packages[requirement.name]
    if (installed === undefined) return [text]
    return satisfies(installed, requirement.clauses) ? [] : [`${text} (it has ${installed})`]
  })
}

/**
 * The first interpreter that has all a task needs: the given one, the managed environment, python3 on PATH, /usr/bin/python3. Nothing is
 * installed and nothing imported. Throws KYMO_NO_PYTHON, which says what each one lacks and the line that installs it.
 */
export async function findPython({ explicit, dependencies, cacheDir = defaultCacheDir(), task = 'TASK' }: PythonSearch): Promise<Python> {
  const names = dependencies.pip.map((text) => parseRequirement(text).name)
  const candidates: { path: string; source: PythonSource }[] = explicit !== undefined ? [{ path: explicit, source: 'explicit' }] : []
  if (explicit === undefined) {
    const managed = await managedExecutable(cacheDir, dependencies)
    if (managed !== undefined) candidates.push({ path: managed, source: 'managed venv' })
    candidates.push({ path: 'python3', source: 'system' }, { path: '/usr/bin/python3', source: 'system' })
  }
  const complaints: string[] = []
  const versions: string[] = []
  for (const { path, source } of candidates) {
    const probe = await probePython(path, names)
    if (!probe.ok) {
      complaints.push(`${path} did not start (${probe.reason})`)
      continue
    }
    const missing = lacks(probe.facts, dependencies)
    if (missing.length === 0) return { ...probe.facts, source }
    versions.push(probe.facts.version)
    const complaint = `${probe.facts.executable} lacks ${missing.join(', ')}`
    if (!complaints.includes(complaint)) complaints.push(complaint)
  }
  throw new KymoError('KYMO_NO_PYTHON', `No Python here can run this task: ${complaints.join('; ')}. ${advice({ explicit, dependencies, versions, task })}`)
}

function advice({ explicit, dependencies, versions, task }: { explicit: string | undefined; dependencies: PythonDependencies; versions: string[]; task: string }): string {
  const fresh = versions.some((version) => satisfies(version, [{ operator: '>=', version: OLDEST_PYTHON }, ...parseClauses(dependencies.requires)]))
  if (!fresh) return `Install Python ${dependencies.requires || `>=${OLDEST_PYTHON}`} (\`sudo apt-get install python3 python3-venv\`, or python.org), or name one with --python PATH.`
  const pip = dependencies.pip.map((one) => `'${one}'`).join(' ')
  if (explicit !== undefined) return `Install it there (\`${explicit} -m pip install ${pip}\`), or leave --python out.`
  const debian = dependencies.debian.length > 0 ? `, or \`sudo apt-get install --no-install-recommends ${dependencies.debian.join(' ')}\`` : ''
  return `Install it with \`kymo task prepare ${task}\`, or \`python3 -m pip install ${pip}\`${debian}.`
}
