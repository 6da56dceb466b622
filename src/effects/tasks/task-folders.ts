import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KymoError } from '../../../schemas/errors.ts'

/** The package's own folder, from its sources as well as from dist/. */
export function packageRoot(from: string = dirname(fileURLToPath(import.meta.url))): string {
  const manifest = join(from, 'package.json')
  if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name === 'kymo') return from
  if (dirname(from) === from) throw new KymoError('KYMO_INSTALLATION', 'the folder that Kymo is installed in cannot be found: its package.json is missing. Install Kymo again')
  return packageRoot(dirname(from))
}

/** Folders whose subfolders are tasks: KYMO_TASKS where it is set (several are separated as in PATH), otherwise the package's tasks/. */
export function taskFolders(environment: Readonly<Record<string, string | undefined>> = process.env): string[] {
  const chosen = (environment['KYMO_TASKS'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return chosen.length > 0 ? chosen.map((folder) => resolve(folder)) : [join(packageRoot(), 'tasks')]
}

/** Python that evaluators and workers share. */
export const taskLibrary = (): string => join(packageRoot(), 'tasks/lib')
