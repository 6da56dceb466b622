import { chmodSync, constants, copyFileSync, fchmodSync, fstatSync, futimesSync, lutimesSync, renameSync, rmSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { dirname } from 'node:path'
import { sha256Hex } from '../../schemas/hash.ts'
import { comparePaths, formatTree } from '../../schemas/tree.ts'
import type { TreeEntry } from '../../schemas/tree.ts'
import type { BlobStore } from '../blobs/index.ts'
import { inParallel } from './in-parallel.ts'
import { codeOf, hashFile, keepsChanging, openRegular, storeFile } from './regular-file.ts'
import type { OpenFile } from './regular-file.ts'
import { CONSTANT_MTIME_S, describeFile, looksSame, newStatCache } from './stat-cache.ts'
import type { CachedFile, StatCache } from './stat-cache.ts'
import { walk } from './walk.ts'
import type { FoundFile, Walked } from './walk.ts'

export interface ScanOptions {
  /** from an earlier scan of the same directory; brought up to date */
  cache?: StatCache
  /** paths where layers are mounted: neither looked into nor part of the tree */
  mounts?: readonly string[]
  /** globs of what is left out without a word */
  ignore?: readonly string[]
  /**
   * The directory is Kymo's own: it is made equal to a fresh checkout of its tree. What does not pass is removed, hard links
   * become copies, modes 644 or 755, modification times constant.
   */
  own?: boolean
  /** false: hash only, keep nothing in the blob store */
  store?: boolean
}

export interface ScanResult {
  /** hash of the manifest */
  tree: string
  entries: Map<string, TreeEntry>
  /** what did not pass: "path: symbolic link" */
  dropped: string[]
  /** files whose content was read, and their bytes */
  hashed: number
  hashedBytes: number
  /** bytes of all files */
  bytes: number
}

/**
 * Turns a directory into a tree: regular files, their executable bit, and empty directories. With a cache, only files whose
 * size, times or inode differ are read, and those touched within the last ticks of the file system's clock.
 * Throws KYMO_WORKSPACE_BUSY when a file keeps changing.
 */
export async function scanDirectory(directory: string, blobs: BlobStore, options: ScanOptions = {}): Promise<ScanResult> {
  const { cache = newStatCache(), own = false, store = true } = options
  const found = walk(directory, { mounts: options.mounts ?? [], ignore: options.ignore ?? [], own })
  const known = new Map<string, CachedFile>()
  const unsure: FoundFile[] = []
  for (const file of found.files) {
    const cached = cache.files.get(file.path)
    if (cached !== undefined && cached.settled && (cached.stored || !store) && looksSame(cached, file.stats)) known.set(file.path, cached)
    else unsure.push(file)
  }
  let hashedBytes = 0
  await inParallel(16, unsure, async (file) => {
    const described = await readFile(file, cache.files.get(file.path), blobs, { own, store })
    if (described === undefined) return void found.dropped.push(`${file.path}: not readable`)
    hashedBytes += described.size
    known.set(file.path, described)
  })
  if (own) tidyDirectories(found, unsure)
  cache.files = known

  const list: TreeEntry[] = found.emptyDirectories.map((path) => ({ path, kind: 'dir', mode: 0o755, sha256: '', size: 0 }))
  let bytes = 0
  for (const { path, stats } of found.files) {
    const file = known.get(path)
    if (file === undefined) continue
    list.push({ path, kind: 'file', mode: modeOf(stats), sha256: file.sha256, size: file.size })
    bytes += file.size
  }
  list.sort((a, b) => comparePaths(a.path, b.path))
  const tree = await keepManifest(formatTree(list), cache, store ? blobs : undefined)
  return { tree, entries: new Map(list.map((entry) => [entry.path, entry])), dropped: found.dropped.sort(), hashed: unsure.length, hashedBytes, bytes }
}

const modeOf = (stats: Stats): number => ((stats.mode & 0o100) === 0 ? 0o644 : 0o755)

async function keepManifest(text: string, cache: StatCache, blobs: BlobStore | undefined): Promise<string> {
  if (cache.manifest?.text === text) return cache.manifest.hash
  const hash = blobs === undefined ? sha256Hex(text) : await blobs.put(Buffer.from(text))
  // A manifest that was only hashed is not in the store yet.
  if (blobs !== undefined) cache.manifest = { text, hash }
  return hash
}

async function readFile(found: FoundFile, cached: CachedFile | undefined, blobs: BlobStore, { own, store }: { own: boolean; store: boolean }): Promise<CachedFile | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const file = open(found, own)
    if (file === undefined) return undefined
    try {
      if (own && file.stats.nlink > 1) {
        breakHardLink(file, found)
        continue
      }
      const stats = own ? tidyFile(file) : file.stats
      const readAt = Date.now()
      const content = await contentOf({ ...file, stats }, found, cached?.stored === true && looksSame(cached, found.stats) ? cached : undefined, store ? blobs : undefined)
      const after = fstatSync(file.fd)
      const described = describeFile(after, content.hash, readAt, store || (cached?.stored === true && cached.sha256 === content.hash))
      if (content.size === after.size && looksSame(described, stats)) return described
    } finally {
      file[Symbol.dispose]()
    }
  }
  throw keepsChanging(found.path)
}

async function contentOf(file: OpenFile, { absolute }: FoundFile, probably: CachedFile | undefined, blobs: BlobStore | undefined): Promise<{ hash: string; size: number }> {
  if (blobs === undefined) return await hashFile(file)
  if (probably !== undefined) {
    const content = await hashFile(file)
    if (content.hash === probably.sha256) return content
  }
  return await storeFile(file, absolute, blobs)
}

function open({ absolute, stats }: FoundFile, own: boolean): OpenFile | undefined {
  try {
    return openRegular(absolute)
  } catch (error) {
    if (codeOf(error) !== 'EACCES') throw error
    if (!own) return undefined
    chmodSync(absolute, modeOf(stats))
    return openRegular(absolute)
  }
}

function breakHardLink({ fd, stats }: OpenFile, { absolute }: FoundFile): void {
  const copy = `${dirname(absolute)}/.kymo-copy-${stats.ino}-${process.pid}`
  rmSync(copy, { force: true })
  copyFileSync(process.platform === 'linux' ? `/proc/self/fd/${fd}` : absolute, copy, constants.COPYFILE_EXCL)
  chmodSync(copy, modeOf(stats))
  renameSync(copy, absolute)
}

function tidyFile({ fd, stats }: OpenFile): Stats {
  if ((stats.mode & 0o7777) !== modeOf(stats)) fchmodSync(fd, modeOf(stats))
  if (stats.mtimeMs !== CONSTANT_MTIME_S * 1000) futimesSync(fd, CONSTANT_MTIME_S, CONSTANT_MTIME_S)
  return fstatSync(fd)
}

/** Directories whose time is not the constant one, or in which this scan has removed or replaced something. */
function tidyDirectories(found: Walked, read: readonly FoundFile[]): void {
  const touched = new Set([...found.touched, ...read.filter(({ stats }) => stats.nlink > 1).map(({ absolute }) => dirname(absolute))])
  for (const { absolute, mtimeMs } of found.directories) {
    if (mtimeMs !== CONSTANT_MTIME_S * 1000 || touched.has(absolute)) lutimesSync(absolute, CONSTANT_MTIME_S, CONSTANT_MTIME_S)
  }
}
