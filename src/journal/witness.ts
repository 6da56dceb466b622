import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { hex, sha256, unhex } from '../../schemas/hash.ts'

const SLOT = 64

/**
 * A second, tiny memory of every run's head: one 64-byte slot per run, written before an append is acknowledged.
 * LevelDB drops a damaged tail in silence; a head that is behind its witness shows it.
 * Not fsynced: it guards against a damaged log, not against power loss, where the log itself is the record.
 */
export class Witness {
  readonly #file: number
  readonly #slots = new Map<string, number>()
  readonly #heads = new Map<string, { seq: number; hash: string }>()
  #count = 0

  constructor(path: string) {
    closeSync(openSync(path, 'a'))
    const bytes = readFileSync(path)
    this.#file = openSync(path, 'r+')
    this.#count = Math.ceil(bytes.length / SLOT)
    for (let at = 0; at + SLOT <= bytes.length; at += SLOT) {
      const slot = bytes.subarray(at, at + SLOT)
      if (!checksum(slot.subarray(0, 52)).every((byte, index) => byte === slot[52 + index])) continue
      const run = hex(slot.subarray(0, 16))
      this.#slots.set(run, at / SLOT)
      this.#heads.set(run, { seq: slot.readUInt32BE(16), hash: hex(slot.subarray(20, 52)) })
    }
  }

  head(run: string): { seq: number; hash: string } | undefined {
    return this.#heads.get(run)
  }

  get runs(): Iterable<string> {
    return this.#heads.keys()
  }

  /** `run` is the run id as 32 hex digits. */
  record(run: string, seq: number, hash: Uint8Array): void {
    let slot = this.#slots.get(run)
    if (slot === undefined) {
      slot = this.#count++
      this.#slots.set(run, slot)
    }
    const bytes = Buffer.alloc(SLOT)
    bytes.set(unhex(run), 0)
    bytes.writeUInt32BE(seq, 16)
    bytes.set(hash, 20)
    bytes.set(checksum(bytes.subarray(0, 52)), 52)
    writeSync(this.#file, bytes, 0, SLOT, slot * SLOT)
    this.#heads.set(run, { seq, hash: hex(hash) })
  }

  close(): void {
    fsyncSync(this.#file)
    closeSync(this.#file)
  }
}

const checksum = (bytes: Uint8Array): Uint8Array => sha256('kymo.witness\0', bytes).subarray(0, 12)
