import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { KymoError, isKymoError, messageOf } from '../../../schemas/errors.ts'
import { cpuTorch } from './cpu-torch.ts'
import { OLDEST_PYTHON, defaultCacheDir, findPython, lacks, managedNote } from './find-python.ts'
import type { Python } from './find-python.ts'
import { probePython } from './probe.ts'
import { dependencyKey, parseClauses, parseRequirement, satisfies } from './requirements.ts'
import type { PythonDependencies } from './requirements.ts'

export interface PreparePython {
  dependencies: PythonDependencies
  /** The Python to build on; default python3 on PATH, then /usr/bin/python3. */
  base?: string | undefined
  cacheDir?: string | undefined
  /** One line per thing installed. */
  log?: (line: string) => void
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-3).join(' ').slice(0, 500)

/** The first that is new enough to build on. */
async function chooseBase(base: string | undefined, dependencies: PythonDependencies): Promise<{ executable: string; version: string }> {
  const clauses = [{ operator: '>=', version: OLDEST_PYTHON }, ...parseClauses(dependencies.requires)]
  for (const path of base === undefined ? ['python3', '/usr/bin/python3'] : [base]) {
    const probe = await probePython(path)
    if (probe.ok && satisfies(probe.facts.version, clauses)) return probe.facts
  }
  throw new KymoError('KYMO_NO_PYTHON', `There is no Python ${dependencies.requires || `>=${OLDEST_PYTHON}`} here${base === undefined ? '' : ` at ${base}`}. Install one (\`sudo apt-get install python3 python3-venv\`, or python.org), or name one with --python PATH.`)
}

/**
 * Makes sure that a task's Python exists and gives it: finds one, or builds a managed environment (venv and pip) under the cache.
 * Called by set-up and by `kymo task prepare`, never during a run. A half-built environment is never seen: a note names it once it is complete.
 */
export async function preparePython({ dependencies, base, cacheDir = defaultCacheDir(), log = () => undefined }: PreparePython): Promise<Python> {
  try {
    return await findPython({ dependencies, cacheDir })
  } catch (error) {
    if (!isKymoError(error, 'KYMO_NO_PYTHON')) throw error
  }
  const python = await chooseBase(base, dependencies)
  const home = join(cacheDir, 'python', `${dependencyKey(dependencies)}-${randomUUID().slice(0, 8)}`)
  const executable = join(home, 'bin', 'python')
  await mkdir(dirname(home), { recursive: true })
  log(`python packages ${dependencies.pip.join(' ')}: a Python ${python.version} environment of their own in ${home}, for the task's scripts`)
  try {
    // Packages that the system has already (Debian's) are used; pip adds what is missing.
    await step([python.executable, '-m', 'venv', '--system-site-packages', home], 'Install venv (`sudo apt-get install python3-venv`) and try again.')
    const fix = dependencies.debian.length > 0 ? `If PyPI cannot be reached from here: \`sudo apt-get install --no-install-recommends ${dependencies.debian.join(' ')}\`.` : 'Check that PyPI can be reached from here.'
    const install = [executable, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input']
    const torch = cpuTorch(dependencies.pip)
    if (torch.length > 0) await step([...install, ...torch], '').catch(() => log("PyTorch's builds for CPUs cannot be had from here; its usual one, which is larger, is taken"))
    if (dependencies.pip.length > 0) await step([...install, ...dependencies.pip], fix)
    const probe = await probePython(executable, dependencies.pip.map((text) => parseRequirement(text).name))
    const missing = probe.ok ? lacks(probe.facts, dependencies) : [probe.reason]
    if (!probe.ok || missing.length > 0) throw new KymoError('KYMO_NO_PYTHON', `The new Python environment in ${home} lacks ${missing.join(', ')}. ${fix}`)
    const note = managedNote(cacheDir, dependencies)
    await writeFile(`${note}.${process.pid}`, JSON.stringify({ executable, version: probe.facts.version, packages: probe.facts.packages }))
    await rename(`${note}.${process.pid}`, note)
    return { ...probe.facts, source: 'managed venv' }
  } catch (error) {
    await rm(home, { recursive: true, force: true })
    throw error
  }
}

/** A person's own interpreter where it has all that is needed, else preparePython's. */
export async function ownOrPrepared(own: string | undefined, options: PreparePython): Promise<Python> {
  if (own !== undefined) {
    try {
      return await findPython({ explicit: own, dependencies: options.dependencies })
    } catch (error) {
      if (!isKymoError(error, 'KYMO_NO_PYTHON')) throw error
    }
  }
  return preparePython(options)
}

async function step([file = '', ...args]: string[], fix: string): Promise<void> {
  try {
    const result = await execa(file, args, { stdin: 'ignore', reject: false, timeout: 20 * 60_000 })
    if (result.failed) throw new KymoError('KYMO_PYTHON_SETUP_FAILED', `\`${[file, ...args].join(' ')}\` failed: ${lastLines(result.stderr || result.stdout) || result.shortMessage}. ${fix}`)
  } catch (error) {
    if (isKymoError(error)) throw error
    throw new KymoError('KYMO_PYTHON_SETUP_FAILED', `${file} could not be started: ${messageOf(error)}. ${fix}`, { cause: error })
  }
}
