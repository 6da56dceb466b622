import { isUtf8 } from 'node:buffer'
import { chmodSync, lstatSync, readdirSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { matchesGlob } from '../../actors/environment/files/index.ts'
import { KymoError } from '../../schemas/errors.ts'
import { codeOf } from './regular-file.ts'
import { removeTree } from './remove-tree.ts'

export interface FoundFile { path: string; absolute: string; stats: Stats }

export interface Walked {
  files: FoundFile[]
  directories: { absolute: string; mtimeMs: number }[]
  emptyDirectories: string[]
  dropped: string[]
  /** directories from which something was removed */
  touched: string[]
}

/** Lists a directory without following or opening anything in it. With `own`, removes what does not pass. Throws KYMO_NO_DIRECTORY. */
export function walk(root: string, { mounts, ignore, own }: { mounts: readonly string[]; ignore: readonly string[]; own: boolean }): Walked {
  const mounted = new Set(mounts)
  const out: Walked = { files: [], directories: [], emptyDirectories: [], dropped: [], touched: [] }

  const drop = (absolute: string | Buffer, folder: string, path: string, what: string) => {
    out.dropped.push(`${path}: ${what}`)
    if (!own) return
    removeTree(absolute)
    out.touched.push(folder)
  }

  /** True when something of the directory belongs to the tree or is a mount. */
  const visit = (folder: string, absolute: string, stats: Stats): boolean => {
    if (own && folder !== '' && (stats.mode & 0o777) !== 0o755) chmodSync(absolute, 0o755)
    out.directories.push({ absolute, mtimeMs: stats.mtimeMs })
    const prefix = folder === '' ? '' : `${folder}/`
    let occupied = false
    for (const name of namesIn(absolute, (raw) => drop(Buffer.concat([Buffer.from(`${absolute}/`), raw]), absolute, prefix + printable(raw), 'name is not UTF-8'))) {
      const path = prefix + name
      const child = `${absolute}/${name}`
      if (mounted.has(path)) {
        occupied = true
        continue
      }
      if (ignore.length > 0 && ignore.some((glob) => matchesGlob(glob, path))) continue
      let found: Stats | undefined
      try {
        found = lstatSync(child, { throwIfNoEntry: false })
      } catch (error) {
        if (codeOf(error) !== 'ENAMETOOLONG' && codeOf(error) !== 'EACCES') throw error
        drop(child, absolute, path, codeOf(error) === 'EACCES' ? 'not readable' : 'path is too long')
        continue
      }
      if (found === undefined) continue
      if (found.isFile()) {
        if ((found.mode & 0o7000) !== 0) out.dropped.push(`${path}: setuid, setgid or sticky bit (the file was kept without it)`)
        out.files.push({ path, absolute: child, stats: found })
        occupied = true
      } else if (found.isDirectory()) {
        try {
          if (visit(path, child, found)) occupied = true
          else out.emptyDirectories.push(path)
          occupied = true
        } catch (error) {
          if (codeOf(error) !== 'EACCES') throw error
          drop(child, absolute, path, 'not readable')
        }
      } else drop(child, absolute, path, kindOf(found))
    }
    return occupied
  }

  const stats = lstatSync(root, { throwIfNoEntry: false })
  if (stats?.isDirectory() !== true) throw new KymoError('KYMO_NO_DIRECTORY', `${root} is not a directory${stats?.isSymbolicLink() === true ? ' but a symbolic link; name the directory that it points to' : ''}`)
  visit('', root, stats)
  return out
}

/** Names as text. Node turns bytes that are no UTF-8 into U+FFFD; such a directory is listed again as bytes to tell them apart. */
function namesIn(directory: string, notText: (name: Buffer) => void): string[] {
  const names = readdirSync(directory)
  if (!names.some((name) => name.includes('\ufffd'))) return names
  return readdirSync(directory, { encoding: 'buffer' }).flatMap((raw) => {
    if (isUtf8(raw)) return [raw.toString()]
    notText(raw)
    return []
  })
}

const printable = (raw: Buffer): string => [...raw].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)).join('')

const kindOf = (stats: Stats): string =>
  stats.isSymbolicLink() ? 'symbolic link' : stats.isFIFO() ? 'FIFO' : stats.isSocket() ? 'socket' : stats.isBlockDevice() || stats.isCharacterDevice() ? 'device' : 'not a regular file'
