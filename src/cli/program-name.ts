import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join, relative } from 'node:path'
import { packageRoot } from '../effects/tasks/index.ts'

let known: string | undefined

/** What to type so that this program starts: `kymo` if a shell finds it, otherwise the way to it from here. Lines to paste begin with it. */
export function programName(): string {
  known ??= onPath('kymo') ? 'kymo' : wayTo(join(packageRoot(), 'deploy/kymo'))
  return known
}

const onPath = (name: string): boolean => (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute).some((folder) => {
  try {
    accessSync(join(folder, name), constants.X_OK)
    return true
  } catch {
    return false
  }
})

function wayTo(file: string): string {
  const near = relative('', file)
  const short = near.length < file.length && !near.startsWith('../../..') ? near : file
  return short.includes('/') ? short : `./${short}`
}
