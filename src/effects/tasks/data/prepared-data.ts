import { chmodSync, lstatSync, lutimesSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { sha256Hex } from '../../../../schemas/hash.ts'
import { formatTree, parseTree } from '../../../../schemas/tree.ts'
import type { TreeEntry } from '../../../../schemas/tree.ts'
import { directoriesOf } from '../../../../schemas/tree-edit.ts'
import { MemoryBlobs } from '../../../blobs/index.ts'
import { CONSTANT_MTIME_S, scanDirectory } from '../../../workspace/index.ts'
import { defaultCacheDir } from '../../python/index.ts'
import type { DataSide, MadeData } from './data-lock.ts'

/** Data of a task as it lies in the cache: `public` is what the agent sees, `answers` what only evaluators see. Nothing in it changes any more. */
export interface PreparedData extends MadeData {
  public: PreparedSide
  answers: PreparedSide
  folder: string
}
export interface PreparedSide extends DataSide { folder: string; manifest: string }

const SIDES = ['public', 'answers'] as const
const noteSchema = z.object({
  task: z.string(), profile: z.string(), public: z.string(), answers: z.string(),
  downloads: z.record(z.string(), z.object({ url: z.string(), bytes: z.number(), sha256: z.string() })),
})

export const taskCache = (task: string, profile: string, cacheDir = defaultCacheDir()): string => join(cacheDir, 'tasks', task, profile)

/** Takes a finished folder's measure, once, and makes it read-only. `dropped` names what cannot be in a workspace. */
export async function seal(folder: string, about: { task: string; profile: string; downloads: MadeData['downloads'] }): Promise<{ dropped: string[] }> {
  const dropped: string[] = []
  const trees: Record<string, string> = {}
  for (const side of SIDES) {
    const scan = await scanDirectory(join(folder, side), new MemoryBlobs(), { own: true, store: false })
    dropped.push(...scan.dropped.map((line) => `${side}/${line}`))
    writeFileSync(join(folder, `${side}.tree`), treeText(scan.entries))
    trees[side] = scan.tree
    for (const { path, kind } of scan.entries.values()) chmodSync(join(folder, side, path), kind === 'dir' ? 0o555 : (lstatSync(join(folder, side, path)).mode & 0o555))
    for (const path of directoriesOf(scan.entries)) chmodSync(join(folder, side, path), 0o555)
  }
  writeFileSync(join(folder, 'prepared.json'), `${JSON.stringify({ ...about, ...trees }, null, 2)}\n`)
  return { dropped }
}

const treeText = (entries: ReadonlyMap<string, TreeEntry>): string => formatTree(entries.values())

/** What lies in a folder of the cache; undefined when there is nothing, `damaged` names the first thing that is not as it was made. Looks at names, sizes and times; reads only what looks touched. */
export async function openPrepared(folder: string): Promise<PreparedData | { damaged: string } | undefined> {
  let note: z.infer<typeof noteSchema>
  const sides: Partial<Record<(typeof SIDES)[number], PreparedSide>> = {}
  try {
    note = noteSchema.parse(JSON.parse(readFileSync(join(folder, 'prepared.json'), 'utf8')))
  } catch {
    return lstatSync(folder, { throwIfNoEntry: false }) === undefined ? undefined : { damaged: 'prepared.json' }
  }
  for (const side of SIDES) {
    const manifest = readText(join(folder, `${side}.tree`))
    if (manifest === undefined || sha256Hex(manifest) !== note[side]) return { damaged: `${side}.tree` }
    const entries = parseTree(manifest)
    const damaged = await firstDamage(join(folder, side), entries)
    if (damaged !== undefined) return { damaged: `${side}/${damaged}` }
    sides[side] = { folder: join(folder, side), tree: note[side], manifest, entries }
  }
  return { public: sides.public as PreparedSide, answers: sides.answers as PreparedSide, downloads: note.downloads, folder }
}

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

async function firstDamage(folder: string, entries: ReadonlyMap<string, TreeEntry>): Promise<string | undefined> {
  const strange = firstStranger(folder, '', entries, directoriesOf(entries))
  if (strange !== undefined) return strange
  const touched: TreeEntry[] = []
  for (const entry of entries.values()) {
    const stats = lstatSync(join(folder, entry.path), { throwIfNoEntry: false })
    if (entry.kind === 'dir') {
      if (stats?.isDirectory() !== true) return entry.path
      continue
    }
    if (stats?.isFile() !== true || stats.size !== entry.size) return entry.path
    if (stats.mtimeMs !== CONSTANT_MTIME_S * 1000) touched.push(entry)
  }
  for (const { path, sha256 } of touched) {
    if (sha256Hex(readFileSync(join(folder, path))) !== sha256) return path
    lutimesSync(join(folder, path), CONSTANT_MTIME_S, CONSTANT_MTIME_S)
  }
  return undefined
}

/** Something that preparing did not put there. */
function firstStranger(folder: string, prefix: string, entries: ReadonlyMap<string, TreeEntry>, directories: ReadonlySet<string>): string | undefined {
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (directories.has(path)) {
      const inside = entry.isDirectory() ? firstStranger(folder, path, entries, directories) : path
      if (inside !== undefined) return inside
    } else if (!entries.has(path)) return path
  }
  return undefined
}

// ---- where the files of a layer lie, by the hash of its tree ----

const layerNote = (tree: string, cacheDir: string): string => join(cacheDir, 'layers', tree)

/** Notes that the files of this tree lie in the cache, and are used now: runs name their data by its tree. */
export function noteLayer({ folder, tree }: PreparedSide, cacheDir = defaultCacheDir()): void {
  noteUse(join(folder, '..'))
  const note = layerNote(tree, cacheDir)
  if (readText(note) === folder) return
  mkdirSync(join(cacheDir, 'layers'), { recursive: true })
  writeFileSync(`${note}.${process.pid}`, folder)
  renameSync(`${note}.${process.pid}`, note)
}

/** The folder whose content is this tree; undefined when it was not prepared on this machine. */
export function layerFolder(tree: string, cacheDir = defaultCacheDir()): string | undefined {
  const folder = readText(layerNote(tree, cacheDir))
  if (folder === undefined || lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined
  noteUse(join(folder, '..'))
  return folder
}

/** Drops the notes that lead into a folder that is gone. */
export function forgetLayers(folder: string, cacheDir = defaultCacheDir()): void {
  const notes = join(cacheDir, 'layers')
  for (const tree of readdirSync(notes)) if (readText(join(notes, tree)) === join(folder, 'public')) rmSync(join(notes, tree), { force: true })
}

// ---- when data were used last: the time of prepared.json, which nobody else looks at ----

function noteUse(folder: string): void {
  try {
    const now = new Date()
    lutimesSync(join(folder, 'prepared.json'), now, now)
  } catch { /* a cache that others own can be read all the same */ }
}

/** Milliseconds since 1970. */
export const usedAt = (folder: string): number => (lstatSync(join(folder, 'prepared.json'), { throwIfNoEntry: false }) ?? lstatSync(folder, { throwIfNoEntry: false }))?.mtimeMs ?? 0
