import { randomUUID } from 'node:crypto'
import { chmodSync, constants, copyFileSync, fstatSync, lutimesSync, renameSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { dirname } from 'node:path'
import { sha256Hex } from '../../schemas/hash.ts'
import { comparePaths, formatTree } from '../../schemas/tree.ts'
import type { TreeEntry } from '../../schemas/tree.ts'
import type { BlobStore } from '../blobs/index.ts'
import { inParallel } from './in-parallel.ts'
import { codeOf, hashFile, keepsChanging, openRegular, storeFile } from './regular-file.ts'
import type { OpenFile } from './regular-file.ts'
import { CONSTANT_MTIME_S, RACY_WINDOW_MS, describeFile, looksSame, newStatCache } from './stat-cache.ts'
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
  entries: ReadonlyMap<string, TreeEntry>
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
  let bytes = 0
  for (const file of found.files) {
    const cached = cache.files.get(file.path)
    if (cached !== undefined && cached.settled && (cached.stored || !store) && looksSame(cached, file.stats)) {
      known.set(file.path, cached)
      bytes += cached.size
    } else unsure.push(file)
  }
  if (own) await tidy(found, unsure)
  let hashedBytes = 0
  await inParallel(16, unsure, async (file) => {
    const described = await readFile(file, cache.files.get(file.path), store ? blobs : undefined)
    if (described === undefined) return void found.dropped.push(`${file.path}: not readable`)
    hashedBytes += described.size
    known.set(file.path, described)
  })
  const { tree, entries } = unsure.length === 0 && known.size === cache.files.size ? await sameFiles(found, known, cache, store ? blobs : undefined) : await keep(found, known, cache, store ? blobs : undefined)
  cache.files = known
  return { tree, entries, dropped: found.dropped.sort(), hashed: unsure.length, hashedBytes, bytes: bytes + hashedBytes }
}

const modeOf = (stats: Stats): number => ((stats.mode & 0o100) === 0 ? 0o644 : 0o755)

type Kept = NonNullable<StatCache['newest']>

/** No file was read and none is gone, so every file is the one it was: modes too, since changing one changes the ctime. */
async function sameFiles(found: Walked, known: Map<string, CachedFile>, cache: StatCache, blobs: BlobStore | undefined): Promise<Kept> {
  const { newest } = cache
  const same = newest !== undefined && (newest.stored || blobs === undefined) && newest.emptyDirectories === found.emptyDirectories.join('\0') && newest.entries.size === known.size + found.emptyDirectories.length
  return same ? newest : await keep(found, known, cache, blobs)
}

/** Formats the manifest and stores it when it is another one than the newest. */
async function keep(found: Walked, known: Map<string, CachedFile>, cache: StatCache, blobs: BlobStore | undefined): Promise<Kept> {
  const list: TreeEntry[] = found.emptyDirectories.map((path) => ({ path, kind: 'dir', mode: 0o755, sha256: '', size: 0 }))
  for (const { path, stats } of found.files) {
    const file = known.get(path)
    if (file !== undefined) list.push({ path, kind: 'file', mode: modeOf(stats), sha256: file.sha256, size: file.size })
  }
  list.sort((a, b) => comparePaths(a.path, b.path))
  const text = formatTree(list)
  let tree = sha256Hex(text)
  const stored = cache.newest?.tree === tree && cache.newest.stored
  if (!stored && blobs !== undefined) tree = await blobs.put(Buffer.from(text))
  cache.newest = { tree, stored: stored || blobs !== undefined, entries: new Map(list.map((entry) => [entry.path, entry])), emptyDirectories: found.emptyDirectories.join('\0') }
  return cache.newest
}

/**
 * Reads once more what was too young to be trusted when it was scanned, so that the next scan need not. For idle moments: it
 * writes nothing, and what has changed meanwhile it leaves to that scan. Ends early when `stopped` says so.
 */
export async function settleCache(directory: string, cache: StatCache, stopped: () => boolean): Promise<void> {
  for (const [path, cached] of cache.files) {
    if (cached.settled) continue
    await new Promise((resolve) => setImmediate(resolve))
    if (stopped()) return
    let file: OpenFile | undefined
    try {
      file = openRegular(`${directory}/${path}`)
      if (file === undefined || !looksSame(cached, file.stats)) continue
      const readAt = Date.now()
      const { hash } = await hashFile(file)
      const now = describeFile(fstatSync(file.fd), hash, readAt, cached.stored)
      if (hash === cached.sha256 && now.settled && looksSame(cached, fstatSync(file.fd))) cached.settled = true
    } catch {
      // It cannot be read now: the next scan will say why.
    } finally {
      file?.[Symbol.dispose]()
    }
  }
}

/** Undefined when it may not be read. */
async function readFile(found: FoundFile, cached: CachedFile | undefined, blobs: BlobStore | undefined): Promise<CachedFile | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const file = open(found)
    if (file === undefined) return undefined
    try {
      const readAt = Date.now()
      const content = await contentOf(file, found, cached, blobs)
      const stored = blobs !== undefined || (cached?.stored === true && cached.sha256 === content.hash)
      const described = describeFile(fstatSync(file.fd), content.hash, readAt, stored)
      if (content.size === described.size && looksSame(described, file.stats)) return described
    } finally {
      file[Symbol.dispose]()
    }
  }
  throw keepsChanging(found.path)
}

async function contentOf(file: OpenFile, { absolute, stats }: FoundFile, cached: CachedFile | undefined, blobs: BlobStore | undefined): Promise<{ hash: string; size: number }> {
  if (blobs === undefined) return await hashFile(file)
  if (cached !== undefined && cached.stored && looksSame(cached, stats)) {
    // Only looked at because it is too young to be trusted: most likely its content is in the store.
    const content = await hashFile(file)
    if (content.hash === cached.sha256) return content
  }
  return await storeFile(file, absolute, blobs)
}

function open({ absolute }: FoundFile): OpenFile | undefined {
  try {
    return openRegular(absolute)
  } catch (error) {
    if (codeOf(error) !== 'EACCES') throw error
    return undefined
  }
}

/** Above this many bytes it pays to wait until reading can be trusted, rather than read all of it again at the next scan. */
const WORTH_WAITING = 48 * 1024 * 1024

/** Makes files and directories what a fresh checkout would have written: own content, plain modes, the constant time. */
async function tidy(found: Walked, files: readonly FoundFile[]): Promise<void> {
  const touched = new Set(found.touched)
  let waitFor = 0
  for (const { absolute, stats } of files) {
    const mode = modeOf(stats)
    if ((stats.mode & 0o7777) !== mode) chmodSync(absolute, mode)
    if (stats.nlink > 1) {
      breakHardLink(absolute, mode)
      touched.add(dirname(absolute))
    } else if (stats.mtimeMs === CONSTANT_MTIME_S * 1000) continue
    lutimesSync(absolute, CONSTANT_MTIME_S, CONSTANT_MTIME_S)
    waitFor += stats.size
  }
  for (const { absolute, mtimeMs } of found.directories) {
    if (mtimeMs !== CONSTANT_MTIME_S * 1000 || touched.has(absolute)) lutimesSync(absolute, CONSTANT_MTIME_S, CONSTANT_MTIME_S)
  }
  if (waitFor > WORTH_WAITING) await new Promise((resolve) => setTimeout(resolve, RACY_WINDOW_MS + 5))
}

function breakHardLink(absolute: string, mode: number): void {
  const copy = `${dirname(absolute)}/.kymo-copy-${randomUUID()}`
  copyFileSync(absolute, copy, constants.COPYFILE_EXCL)
  chmodSync(copy, mode)
  renameSync(copy, absolute)
}
