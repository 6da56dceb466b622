import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Level } from 'level'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import type { KeyValueStore, Operation } from './key-value-store.ts'

type Bytes = Uint8Array

/**
 * The journal's store on disk. Opening LevelDB is a write: it repairs a damaged log in silence and deletes the evidence.
 * So an existing log is never created anew, and one that reported damage before is copied aside before it is opened again.
 */
export class LevelStore implements KeyValueStore {
  readonly #directory: string
  #db: Level<Bytes, Bytes> | undefined

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
    const suspect = `${this.#directory}.suspect`
    const known = existsSync(this.#directory) && (await readdir(this.#directory)).some((name) => name.endsWith('.log') || name.endsWith('.ldb') || name.startsWith('MANIFEST'))
    if (known && existsSync(suspect)) {
      await cp(this.#directory, `${this.#directory}.copy-${Date.now()}`, { recursive: true })
      await rm(suspect)
    }
    await mkdir(this.#directory, { recursive: true })
    const db = new Level<Bytes, Bytes>(this.#directory, { keyEncoding: 'view', valueEncoding: 'view', createIfMissing: !known, writeBufferSize: 16 * 2 ** 20 })
    try {
      await db.open()
    } catch (error) {
      throw await this.#openError(error, suspect)
    }
    this.#db = db
  }

  async #openError(error: unknown, suspect: string): Promise<KymoError> {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (code === 'LEVEL_LOCKED') {
      return new KymoError('KYMO_STORE_LOCKED', `the store at ${join(this.#directory, '..')} is in use by another process: stop it with "kymo down", or choose another store with --store`, { cause })
    }
    if (code === 'LEVEL_CORRUPTION' || /corrupt|missing files|does not exist \(create_if_missing/i.test(messageOf(cause))) {
      await writeFile(suspect, `${new Date().toISOString()} ${messageOf(cause)}\n`).catch(() => undefined)
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
    const batch = this.#handle.batch()
    for (const { key, value } of operations) {
      if (value === undefined) batch.del(key)
      else batch.put(key, value)
    }
    await batch.write({ sync })
  }

  async reopen(): Promise<void> {
    const db = this.#db
    this.#db = undefined
    await db?.close().catch(() => undefined)
    await this.#open()
  }

  async close(): Promise<void> {
    await this.#db?.close()
    this.#db = undefined
  }
}
