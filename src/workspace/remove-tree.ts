import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs'
import { codeOf } from './regular-file.ts'

/** Removes a file or a directory with all that is in it, also when scripts took away their own permissions. Never follows a link. */
export function removeTree(path: string | Buffer): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(codeOf(error))) throw error
    openUp(Buffer.from(path))
    rmSync(path, { recursive: true, force: true })
  }
}

function openUp(path: Buffer): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return
  chmodSync(path, 0o700)
  for (const name of readdirSync(path, { encoding: 'buffer' })) openUp(Buffer.concat([path, Buffer.from('/'), name]))
}
