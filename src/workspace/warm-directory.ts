import { chmodSync, lstatSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { KymoError } from '../../schemas/errors.ts'
import { diffTrees } from '../../schemas/tree-diff.ts'
import type { Tree } from '../../schemas/tree-edit.ts'
import type { BlobStore } from '../blobs/index.ts'
import { inParallel } from './in-parallel.ts'
import { bindTargets, copyLayers, isTaken, makeMountPoints } from './layers.ts'
import type { BindTarget, WorkspaceLayer } from './layers.ts'
import { removeTree } from './remove-tree.ts'
import { scanDirectory, settleCache } from './scan.ts'
import type { ScanResult } from './scan.ts'
import { RACY_WINDOW_MS, describeFile, newStatCache } from './stat-cache.ts'
import { foldersOf, loadTree, makeDirectory, parentOf, setConstantTime, writeEntry } from './write-tree.ts'

export interface WarmOptions {
  layers?: readonly WorkspaceLayer[]
  /** nothing can be bound here: layers are copied once and kept */
  copyLayers?: boolean
  /** throw away what an earlier process left in the directory; otherwise a directory that is not empty is refused */
  clear?: boolean
}

export interface Checkout {
  added: number
  changed: number
  removed: number
  /** bytes written */
  bytes: number
}

/**
 * A directory kept between the attempts of a run, so that a step costs its changed bytes. Nobody else may write to it while
 * `checkout` or `rescan` run. After every call it is what a cold checkout of its tree would be (test/workspace/warm.int.test.ts).
 */
export class WarmDirectory implements AsyncDisposable {
  readonly root: string
  /** what the caller binds read-only at each execution (or what was copied) */
  readonly targets: readonly BindTarget[]
  readonly #blobs: BlobStore
  readonly #copy: boolean
  #cache = newStatCache()
  #layersReady = false
  #settling: NodeJS.Timeout | undefined

  private constructor(root: string, blobs: BlobStore, targets: BindTarget[], copy: boolean) {
    this.root = root
    this.targets = targets
    this.#blobs = blobs
    this.#copy = copy
  }

  /** Takes a new or empty directory. Throws KYMO_DIRECTORY_NOT_EMPTY when it holds anything and `clear` is not set. */
  static async open(root: string, blobs: BlobStore, options: WarmOptions = {}): Promise<WarmDirectory> {
    mkdirSync(root, { recursive: true })
    if (!lstatSync(root).isDirectory() || (options.clear !== true && readdirSync(root).length > 0)) {
      throw new KymoError('KYMO_DIRECTORY_NOT_EMPTY', `${root} is not an empty directory, and a workspace would overwrite what is in it: name a new one`)
    }
    const warm = new WarmDirectory(root, blobs, await bindTargets(options.layers ?? [], blobs), options.copyLayers ?? false)
    if (options.clear === true) await warm.discard()
    return warm
  }

  /** Brings the directory to exactly this tree, whatever it holds now, writing only what differs. */
  async checkout(tree: string): Promise<Checkout> {
    try {
      const done = await this.#checkout(tree)
      this.#settleSoon()
      return done
    } catch (error) {
      this.#cache = newStatCache()
      throw error
    }
  }

  async #checkout(tree: string): Promise<Checkout> {
    const wanted = await loadTree(tree, this.#blobs)
    for (const path of [...wanted.keys()]) if (isTaken(this.targets, path)) wanted.delete(path)
    // What a lost attempt left is compared by hash but never enters the store.
    const { entries } = await this.#scan(false)
    const { added, removed, changed, mode } = diffTrees(entries, wanted)
    const touched = new Set<string>()
    for (const { path, kind } of removed.toReversed()) {
      if (kind === 'dir') rmdirSync(this.#at(path))
      else unlinkSync(this.#at(path))
      this.#cache.files.delete(path)
      touched.add(parentOf(path))
    }
    this.#syncFolders(entries, wanted, touched)
    const fresh = [...added.filter(({ kind }) => kind === 'file'), ...changed.map(({ after }) => after)]
    for (const { before } of changed) unlinkSync(this.#at(before.path))
    await inParallel(16, fresh, async (entry) => {
      await writeEntry(entry, this.#at(entry.path), this.#blobs)
      touched.add(parentOf(entry.path))
    })
    for (const { after } of mode) chmodSync(this.#at(after.path), after.mode)
    await this.#prepareLayers()
    for (const { target } of this.targets) touched.add(parentOf(target))
    for (const folder of touched.add('')) if (lstatSync(this.#at(folder), { throwIfNoEntry: false }) !== undefined) setConstantTime(this.#at(folder))
    const now = Date.now()
    for (const entry of [...fresh, ...mode.map(({ after }) => after)]) this.#cache.files.set(entry.path, describeFile(lstatSync(this.#at(entry.path)), entry.sha256, now, true))
    // Every file is one of the wanted tree now, so its content is in the store.
    for (const file of this.#cache.files.values()) file.stored = true
    return { added: added.length, changed: changed.length + mode.length, removed: removed.length, bytes: fresh.reduce((sum, { size }) => sum + size, 0) }
  }

  /** What the directory holds now, kept in the blob store. Removes what a tree cannot hold and reports it in `dropped`. */
  async rescan(): Promise<ScanResult> {
    const scan = await this.#scan(true)
    this.#settleSoon()
    return scan
  }

  /** Throws everything away: the attempt that ran here is lost. The next checkout writes it all afresh. */
  async discard(): Promise<void> {
    for (const name of readdirSync(this.root, { encoding: 'buffer' })) removeTree(Buffer.concat([Buffer.from(`${this.root}/`), name]))
    this.#stopSettling()
    this.#cache = newStatCache()
    this.#layersReady = false
  }

  /** Brings copied layers back to what they were; bound ones cannot change. */
  async restoreLayers(): Promise<void> {
    if (!this.#copy) return
    for (const { target } of this.targets) removeTree(this.#at(target))
    this.#layersReady = false
    await this.#prepareLayers()
  }

  /** Removes the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopSettling()
    removeTree(this.root)
  }

  /** While a model thinks there is time to make sure of what was written a moment ago. */
  #settleSoon(): void {
    this.#stopSettling()
    if ([...this.#cache.files.values()].every(({ settled }) => settled)) return
    const timer = setTimeout(() => void settleCache(this.root, this.#cache, () => this.#settling !== timer), RACY_WINDOW_MS + 5)
    this.#settling = timer.unref()
  }

  #stopSettling(): void {
    clearTimeout(this.#settling)
    this.#settling = undefined
  }

  #at(path: string): string {
    return path === '' ? this.root : `${this.root}/${path}`
  }

  async #scan(store: boolean): Promise<ScanResult> {
    this.#stopSettling()
    return await scanDirectory(this.root, this.#blobs, { cache: this.#cache, mounts: this.targets.map(({ target }) => target), own: true, store })
  }

  /** Removes directories that the tree does not have, innermost first, and makes the missing ones. */
  #syncFolders(before: Tree, wanted: Tree, touched: Set<string>): void {
    const needed = new Set(foldersOf(wanted))
    for (const { target } of this.targets) for (let folder = parentOf(target); folder !== ''; folder = parentOf(folder)) needed.add(folder)
    const there = new Set(foldersOf(before))
    for (const folder of [...there].toReversed()) {
      if (needed.has(folder)) continue
      removeTree(this.#at(folder))
      touched.add(parentOf(folder))
    }
    for (const folder of [...needed].sort((a, b) => a.length - b.length)) {
      if (lstatSync(this.#at(folder), { throwIfNoEntry: false }) !== undefined) continue
      makeDirectory(this.#at(folder))
      touched.add(folder).add(parentOf(folder))
    }
  }

  async #prepareLayers(): Promise<void> {
    if (!this.#copy) return makeMountPoints(this.targets, this.root)
    if (this.#layersReady) return
    await copyLayers(this.targets, this.root, this.#blobs)
    this.#layersReady = true
  }
}
