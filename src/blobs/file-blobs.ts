import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { chmod, constants, copyFile, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { blobDamaged } from './blob-store.ts'

/** Blobs as files, `ab/cdef...` under one folder: temp file, fsync, rename, fsync of the folder. */
export class FileBlobs {
  readonly directory: string
  readonly #made = new Set<string>()
  /** blobs whose names are known to be durable */
  readonly #settled = new Set<string>()

  constructor(directory: string) {
    this.directory = directory
  }

  path(hash: string): string {
    return join(this.directory, hash.slice(0, 2), hash.slice(2))
  }

  has(hash: string): boolean {
    return existsSync(this.path(hash))
  }

  /** Removes what uploads and copies left behind long ago; younger ones may be under way in another process. */
  async clearIncoming(olderThanMs = 24 * 3600 * 1000): Promise<void> {
    const folder = join(this.directory, 'incoming')
    const names = await readdir(folder).catch(() => [])
    for (const name of names) {
      const path = join(folder, name)
      const found = await stat(path).catch(() => undefined)
      if (found !== undefined && Date.now() - found.mtimeMs > olderThanMs) await rm(path, { force: true })
    }
  }

  /** A new temporary file in the store's own file system, to be renamed or removed. */
  async temporary(): Promise<string> {
    const folder = join(this.directory, 'incoming')
    await mkdir(folder, { recursive: true })
    return join(folder, randomBytes(12).toString('hex'))
  }

  async put(hash: string, bytes: Uint8Array): Promise<void> {
    if (this.has(hash)) return this.#settle(hash)
    const temporary = await this.temporary()
    await this.#orRemoved(temporary, async () => {
      const file = await open(temporary, 'wx', 0o444)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await this.adopt(temporary, hash)
    })
  }

  /** A disk that fills up leaves no half files behind. */
  async #orRemoved<T>(temporary: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }

  /** A file that another process put there may have a name that is not durable yet. */
  async #settle(hash: string): Promise<void> {
    if (this.#settled.has(hash)) return
    await syncFolder(dirname(this.path(hash)))
    if (this.#settled.size > 100_000) this.#settled.clear()
    this.#settled.add(hash)
  }

  /** Copies a file in while hashing what was copied, so that a file changed meanwhile cannot get a wrong name. */
  async putFile(path: string): Promise<{ hash: string; size: number }> {
    const temporary = await this.temporary()
    return this.#orRemoved(temporary, async () => {
      const copied = await copyHashing(path, temporary)
      await this.adopt(temporary, copied.hash)
      return copied
    })
  }

  /** Gives a complete, synced temporary file its name. */
  async adopt(temporary: string, hash: string): Promise<void> {
    if (this.has(hash)) {
      await rm(temporary, { force: true })
      return this.#settle(hash)
    }
    const path = this.path(hash)
    const folder = dirname(path)
    if (!this.#made.has(folder)) {
      await mkdir(folder, { recursive: true })
      await syncFolder(this.directory)
      await syncFolder(dirname(this.directory))
      this.#made.add(folder)
    }
    await rename(temporary, path)
    await syncFolder(folder)
    this.#settled.add(hash)
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return readFile(this.path(hash)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
  }

  async getToFile(hash: string, path: string, mode: number): Promise<void> {
    await copyFile(this.path(hash), path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await chmod(path, mode)
  }

  /** Throws KYMO_BLOB_DAMAGED when the file does not hash to its name. */
  async check(hash: string): Promise<number> {
    const sum = createHash('sha256')
    let size = 0
    for await (const chunk of createReadStream(this.path(hash)) as AsyncIterable<Buffer>) {
      sum.update(chunk)
      size += chunk.length
    }
    if (sum.digest('hex') !== hash) throw blobDamaged(hash)
    return size
  }
}

async function copyHashing(from: string, to: string): Promise<{ hash: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const target = await open(to, 'wx', 0o444)
    try {
      const buffer = Buffer.allocUnsafe(1 << 20)
      for (;;) {
        const { bytesRead } = await source.read(buffer, 0, buffer.length, null)
        if (bytesRead === 0) break
        const chunk = buffer.subarray(0, bytesRead)
        hash.update(chunk)
        await target.writeFile(chunk)
        size += bytesRead
      }
      await target.sync()
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
  return { hash: hash.digest('hex'), size }
}

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
