import type { Stats } from 'node:fs'
import type { TreeEntry } from '../../schemas/tree.ts'

/** What a file looked like when its content was hashed. */
export interface CachedFile {
  size: number
  mtimeMs: number
  ctimeMs: number
  ino: number
  sha256: string
  /** false when the file was touched so shortly before that a later write could bear the same time */
  settled: boolean
  /** false when it was only hashed, so that its content may not be in the blob store */
  stored: boolean
}

/** What is known of a directory's files, for the next scan of it. */
export interface StatCache {
  files: Map<string, CachedFile>
  /** what the newest scan gave, to format and store it again only when it changed */
  newest: { tree: string; stored: boolean; entries: ReadonlyMap<string, TreeEntry>; emptyDirectories: string } | undefined
}

export const newStatCache = (): StatCache => ({ files: new Map(), newest: undefined })

/** Kernels stamp files with a clock that ticks every 1 to 10 ms; twice that and more is safe. Milliseconds. */
export const RACY_WINDOW_MS = 25

/** The modification time of every file and directory that Kymo keeps: scripts see the same one on every machine. Seconds. */
export const CONSTANT_MTIME_S = 946_684_800

export function describeFile(stats: Stats, sha256: string, readAtMs: number, stored: boolean): CachedFile {
  const { size, mtimeMs, ctimeMs, ino } = stats
  // A time ahead of the clock (skew, or set by a script) proves nothing either.
  const settled = Math.max(mtimeMs, ctimeMs) + RACY_WINDOW_MS < readAtMs
  return { size, mtimeMs, ctimeMs, ino, sha256, settled, stored }
}

export const looksSame = (cached: CachedFile, stats: Stats): boolean =>
  cached.size === stats.size && cached.ctimeMs === stats.ctimeMs && cached.mtimeMs === stats.mtimeMs && cached.ino === stats.ino
