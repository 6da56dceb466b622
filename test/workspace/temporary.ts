import { lstatSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { removeTree } from '../../src/workspace/index.ts'

const made: string[] = []
afterEach(() => {
  for (const directory of made.splice(0)) removeTree(directory)
})

/** A new directory that goes away after the test. */
export function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'kymo-workspace-'))
  made.push(directory)
  return directory
}

/** All that a script could see of a directory: names, kinds, modes, times and bytes. */
export function portrait(directory: string, prefix = ''): Record<string, string> {
  const out: Record<string, string> = {}
  for (const name of readdirSync(directory)) {
    const path = `${directory}/${name}`
    const stats = lstatSync(path)
    const what = `${(stats.mode & 0o7777).toString(8)} ${stats.mtimeMs} ${stats.nlink > 1 && stats.isFile() ? 'linked ' : ''}`
    if (stats.isDirectory()) Object.assign(out, { [`${prefix}${name}/`]: what }, portrait(path, `${prefix}${name}/`))
    else out[prefix + name] = stats.isFile() ? what + readFileSync(path, 'latin1') : `${what}not a file`
  }
  return out
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
