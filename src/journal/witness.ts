import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { hex, sha256, unhex } from '../../schemas/hash.ts'

const SLOT = 64

export interface WitnessedHead { seq: number; hash: string }

/**
 * A second, tiny memory of every run's head: one 64-byte slot per run, written before an append is acknowledged.
 * LevelDB drops a damaged tail in silence; a head that is behind its witness shows it.
 * Not fsynced: it guards against a damaged log, not against power loss, where the log itself is the record.
 */
export class Witness {
  readonly #file: number
  readonly #slots = new Map<string, number>()
  readonly #heads = new Map<string, WitnessedHead>()
  #count = 0
  #closed = false

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

  head(run: string): WitnessedHead | undefined {
    return this.#heads.get(run)
  }

  get heads(): ReadonlyMap<string, WitnessedHead> {
    return this.#heads
  }

  /** Takes the room that a run's slot needs, before anything is written about the run: a full disk shows here, not behind a commit. */
  reserve(run: string): void {
    if (this.#slots.has(run)) return
    this.#write(Buffer.alloc(SLOT), this.#count)
    this.#slots.set(run, this.#count++)
  }

  /** `run` is the run id as 32 hex digits. */
  record(run: string, seq: number, hash: Uint8Array): void {
    this.reserve(run)
    const bytes = Buffer.alloc(SLOT)
    bytes.set(unhex(run), 0)
    bytes.writeUInt32BE(seq, 16)
    bytes.set(hash, 20)
    bytes.set(checksum(bytes.subarray(0, 52)), 52)
    this.#write(bytes, this.#slots.get(run) ?? 0)
    this.#heads.set(run, { seq, hash: hex(hash) })
  }

  #write(bytes: Uint8Array, slot: number): void {
    const written = writeSync(this.#file, bytes, 0, SLOT, slot * SLOT)
    if (written !== SLOT) throw new Error(`only ${written} of ${SLOT} bytes of the witness file could be written`)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    fsyncSync(this.#file)
    closeSync(this.#file)
  }
}

const checksum = (bytes: Uint8Array): Uint8Array => sha256('kymo.witness\0', bytes).subarray(0, 12)
