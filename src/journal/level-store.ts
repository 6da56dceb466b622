import { appendFile, cp, mkdir, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Level } from 'level'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import type { KeyValueStore, Operation } from './key-value-store.ts'

type Bytes = Uint8Array

const WRITE_BUFFER = 16 * 2 ** 20
/** What opening takes beside a copy of the log: a manifest, a new log, and the first commits. */
const ROOM = 256 * 1024

/**
 * The journal's store on disk. Opening LevelDB is a write: it repairs a damaged log in silence and deletes the evidence.
 * So an existing log is never created anew, and one that reported damage before is copied aside before it is opened again.
 */
export class LevelStore implements KeyValueStore {
  readonly #directory: string
  #db: Level<Bytes, Bytes> | undefined
  #torn = false

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Throws KYMO_STORE_LOCKED when another process owns it, KYMO_STORE_DAMAGED when LevelDB reports damage. */
  static async open(directory: string): Promise<LevelStore> {
    const store = new LevelStore(directory)
    await store.#open()
    return store
  }

  async #open(): Promise<void> {
    const names = existsSync(this.#directory) ? await readdir(this.#directory) : []
    const known = names.some((name) => name.endsWith('.log') || name.endsWith('.ldb') || name.startsWith('MANIFEST') || name === 'CURRENT')
    if (known) await this.#copySuspect()
    await mkdir(this.#directory, { recursive: true })
    const db = new Level<Bytes, Bytes>(this.#directory, { keyEncoding: 'view', valueEncoding: 'view', createIfMissing: !known, writeBufferSize: WRITE_BUFFER })
    try {
      await db.open()
    } catch (error) {
      throw await this.#openError(error)
    }
    await rm(this.#suspect, { force: true })
    this.#db = db
  }

  /** Beside the folder: says that LevelDB reported damage, and where the copy is that was made since. */
  get #suspect(): string {
    return `${this.#directory}.suspect`
  }

  /** One copy for one report of damage, however often the store is tried again. */
  async #copySuspect(): Promise<void> {
    if (!existsSync(this.#suspect)) return
    const noted = /^copy: (.+)$/m.exec(await readFile(this.#suspect, 'utf8'))?.[1]
    if (noted !== undefined && existsSync(noted)) return
    const copy = `${this.#directory}.copy-${Date.now()}`
    await cp(this.#directory, copy, { recursive: true })
    await appendFile(this.#suspect, `copy: ${copy}\n`)
  }

  async #openError(error: unknown): Promise<KymoError> {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (code === 'LEVEL_LOCKED') {
      return new KymoError('KYMO_STORE_LOCKED', `the store at ${join(this.#directory, '..')} is in use by another process: stop it with "kymo down", or choose another store with --store`, { cause })
    }
    if (code === 'LEVEL_CORRUPTION' || /corrupt|missing files|does not exist \(create_if_missing|no such file/i.test(messageOf(cause))) {
      if (!existsSync(this.#suspect)) await writeFile(this.#suspect, `${new Date().toISOString()} ${messageOf(cause)}\n`).catch(() => undefined)
      return new KymoError('KYMO_STORE_DAMAGED',
        `LevelDB reports damage in ${this.#directory} (${messageOf(cause)}). Nothing was repaired: keep a copy of the folder, then import runs from bundles into a new store with "kymo import FILE --store NEW"`, { cause })
    }
    return new KymoError('KYMO_STORE_UNAVAILABLE', `the store at ${this.#directory} cannot be opened: ${messageOf(cause)}`, { cause })
  }

  get #handle(): Level<Bytes, Bytes> {
    if (this.#db === undefined) throw new KymoError('KYMO_STORE_UNAVAILABLE', `the store at ${this.#directory} is closed`)
    return this.#db
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    return this.#handle.get(key)
  }

  async range({ gte, lt, limit }: { gte: Bytes; lt: Bytes; limit: number }): Promise<Array<[Bytes, Bytes]>> {
    // The 16 KiB default makes scans of many small records three times slower.
    const iterator = this.#handle.iterator({ gte, lt, limit, highWaterMarkBytes: 4 * 2 ** 20 })
    try {
      return await iterator.nextv(limit)
    } finally {
      await iterator.close()
    }
  }

  async write(operations: readonly Operation[], { sync }: { sync: boolean }): Promise<void> {
    if (this.#torn) throw new KymoError('KYMO_STORE_UNAVAILABLE', `the store at ${this.#directory} failed to write and was not opened again yet`)
    const batch = this.#handle.batch()
    try {
      for (const { key, value } of operations) {
        if (value === undefined) batch.del(key)
        else batch.put(key, value)
      }
      await batch.write({ sync })
    } catch (error) {
      this.#torn = true
      await batch.close().catch(() => undefined)
      throw error
    }
  }

  /**
   * A record that was cut off by a full disk hides every later one in the same log, so the log is left behind: opening reads it
   * up to the torn record and begins a new one. That takes room, which is tried first, so that reading goes on while there is none.
   */
  async reopen(): Promise<void> {
    await this.#tryRoom()
    const db = this.#db
    this.#db = undefined
    await db?.close().catch(() => undefined)
    await this.#open()
    this.#torn = false
  }

  async #tryRoom(): Promise<void> {
    const names = existsSync(this.#directory) ? await readdir(this.#directory) : []
    const logs = await Promise.all(names.filter((name) => name.endsWith('.log')).map((name) => stat(join(this.#directory, name))))
    const need = logs.reduce((sum, { size }) => sum + size, ROOM)
    const path = `${this.#directory}.room`
    const file = await open(path, 'w')
    try {
      const zeros = Buffer.alloc(64 * 1024)
      for (let written = 0; written < need; written += zeros.length) await file.write(zeros)
      await file.sync()
    } finally {
      await file.close()
      await rm(path, { force: true })
    }
  }

  async close(): Promise<void> {
    await this.#db?.close()
    this.#db = undefined
  }
}
