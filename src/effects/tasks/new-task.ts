import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KymoError } from '../../../schemas/errors.ts'
import { filesUnder } from './task-files.ts'
import { taskFolders, taskLibrary } from './task-folders.ts'

/** The word that stands for the new task's name in the skeleton. */
const PLACEHOLDER = /\bskeleton\b/g

/** Writes a small working task that an author turns into another one. Gives its folder. Throws KYMO_TASK_NAME for a name that cannot be or is taken. */
export async function newTask(name: string, root = taskFolders()[0] ?? ''): Promise<string> {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/i.test(name) || name === 'lib') throw new KymoError('KYMO_TASK_NAME', `"${name.slice(0, 80)}" cannot be a task's name. Use letters, digits and single hyphens, like sea-level`)
  const folder = join(root, name)
  if (existsSync(folder)) throw new KymoError('KYMO_TASK_NAME', `${folder} is there already. Choose another name, or set KYMO_TASKS to another folder of tasks`)
  for (const { path, source, empty } of await filesUnder(join(taskLibrary(), 'skeleton'))) {
    if (empty) continue
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), (await readFile(source, 'utf8')).replace(PLACEHOLDER, name))
  }
  return folder
}
