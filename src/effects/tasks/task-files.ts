import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KymoError } from '../../../schemas/errors.ts'

export interface FoundFile { path: string; source: string; executable: boolean; empty: boolean }

/** Regular files below a folder (or the file itself, as path ''), sorted; caches of Python are left out, links and devices refused. */
export async function filesUnder(source: string, path = ''): Promise<FoundFile[]> {
  const facts = await stat(source)
  if (facts.isFile()) return [{ path, source, executable: (facts.mode & 0o100) !== 0, empty: false }]
  const names = (await readdir(source, { withFileTypes: true })).filter((entry) => entry.name !== '__pycache__').sort((a, b) => (a.name < b.name ? -1 : 1))
  if (names.length === 0) return path === '' ? [] : [{ path, source, executable: false, empty: true }]
  const lists: FoundFile[][] = []
  for (const entry of names) {
    if (!entry.isFile() && !entry.isDirectory()) {
      throw new KymoError('KYMO_TASK_FILE', `${join(source, entry.name)} is neither a file nor a folder. Replace it by a plain file: a workspace holds no links or devices`)
    }
    lists.push(await filesUnder(join(source, entry.name), path === '' ? entry.name : `${path}/${entry.name}`))
  }
  return lists.flat()
}
