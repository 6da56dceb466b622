import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { hex } from '../../schemas/hash.ts'

const SLOT = 64
/** run 16, seq 4, hash 32 */
const SUMMED = 52
/** Slots so near to each other are written together. */
const NEAR = 64

export interface WitnessedHead { seq: number; hash: string }

/**
 * A second, tiny memory of every run's head: one 64-byte slot per run, written before an append is acknowledged.
 * LevelDB drops a damaged tail in silence; a head that is behind its witness shows it.
 * Not fsynced: it guards against a damaged log, not against power loss, where the log itself is the record.
 */
export class Witness {
  readonly #file: number
  readonly #slots = new Map<string, number>()
  #bytes: Buffer
  #count: number
  #closed = false
  /** slots whose bytes do not add up: their runs have no witness until they are written again */
  readonly damaged: number = 0

  constructor(path: string) {
    closeSync(openSync(path, 'a'))
    this.#bytes = readFileSync(path)
    this.#file = openSync(path, 'r+')
    this.#count = Math.ceil(this.#bytes.length / SLOT)
    if (this.#bytes.length < this.#count * SLOT) this.#bytes = Buffer.concat([this.#bytes], this.#count * SLOT)
    for (let slot = 0; slot < this.#count; slot++) {
      const bytes = this.#bytes.subarray(slot * SLOT, (slot + 1) * SLOT)
      if (crc32(bytes.subarray(0, SUMMED)) === bytes.readUInt32BE(SUMMED)) this.#slots.set(hex(bytes.subarray(0, 16)), slot)
      else if (bytes.some((byte) => byte !== 0)) this.damaged++
    }
  }

  head(run: string): WitnessedHead | undefined {
    const slot = this.#slots.get(run)
    return slot === undefined ? undefined : this.#headAt(slot)
  }

  #headAt(slot: number): WitnessedHead | undefined {
    const at = slot * SLOT
    // A slot that is only reserved is all zero.
    if (this.#bytes.readUInt32BE(at + SUMMED) === 0) return undefined
    return { seq: this.#bytes.readUInt32BE(at + 16), hash: hex(this.#bytes.subarray(at + 20, at + SUMMED)) }
  }

  /** Every head at this moment. */
  heads(): Map<string, WitnessedHead> {
    const heads = new Map<string, WitnessedHead>()
    for (const [run, slot] of this.#slots) {
      const head = this.#headAt(slot)
      if (head !== undefined) heads.set(run, head)
    }
    return heads
  }

  /** Takes the room that a run's slot needs, before anything is written about the run: a full disk shows here, not behind a commit. */
  reserve(run: string): void {
    if (this.#slots.has(run)) return
    const slot = this.#count
    if ((slot + 1) * SLOT > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], Math.max(4096, this.#bytes.length * 2))
    this.#write(slot, slot)
    this.#slots.set(run, slot)
    this.#count++
  }

  /** Notes the heads of a commit, in few writes. Runs were reserved before. */
  record(heads: Iterable<{ runBytes: Uint8Array; run: string; seq: number; hash: Uint8Array }>): void {
    const dirty: number[] = []
    for (const { run, runBytes, seq, hash } of heads) {
      this.reserve(run)
      const slot = this.#slots.get(run) ?? 0
      const at = slot * SLOT
      this.#bytes.set(runBytes, at)
      this.#bytes.writeUInt32BE(seq, at + 16)
      this.#bytes.set(hash, at + 20)
      this.#bytes.writeUInt32BE(crc32(this.#bytes.subarray(at, at + SUMMED)), at + SUMMED)
      dirty.push(slot)
    }
    dirty.sort((a, b) => a - b)
    for (let index = 0; index < dirty.length; ) {
      const first = dirty[index] ?? 0
      let last = first
      while (index < dirty.length && (dirty[index] ?? 0) - last <= NEAR) last = dirty[index++] ?? last
      this.#write(first, last)
    }
  }

  #write(first: number, last: number): void {
    const length = (last - first + 1) * SLOT
    const written = writeSync(this.#file, this.#bytes, first * SLOT, length, first * SLOT)
    if (written !== length) throw new Error(`only ${written} of ${length} bytes of the witness file could be written`)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    fsyncSync(this.#file)
    closeSync(this.#file)
  }
}
