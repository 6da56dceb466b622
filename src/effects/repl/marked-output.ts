import { captureEnds } from '../sandbox/index.ts'
import type { Captured } from '../sandbox/index.ts'

/** The bytes with which a command's end stands in its output streams. */
export const endMark = (nonce: string): Buffer => Buffer.from(`\u001ekymo-end:${nonce}\n`)

/** One output stream of a session, cut into commands by marks that nobody can guess. */
export interface MarkedOutput {
  /** From now on the stream belongs to a command, whose end is marked so. What came since the last one is its beginning. */
  begin(mark: Buffer, onChunk: (chunk: Uint8Array) => void): void
  /** Settles when the mark has come. */
  marked(): Promise<void>
  push(chunk: Uint8Array): void
  /** What was written until the mark; without one, until now. */
  finish(): Captured
  /** Bytes of the command so far. */
  bytes(): number
}

/** Of the end of `data`, how many bytes may be the beginning of `mark`. */
function heldBack(data: Buffer, mark: Buffer): number {
  for (let at = data.lastIndexOf(mark.subarray(0, 1)); at >= 0 && data.length - at < mark.length; at = at === 0 ? -1 : data.lastIndexOf(mark.subarray(0, 1), at - 1)) {
    if (mark.subarray(0, data.length - at).equals(data.subarray(at))) return data.length - at
  }
  return 0
}

/** Output that comes between two commands, from threads and children that were about to write, belongs to the next one. */
export function markedOutput(): MarkedOutput {
  let capture = captureEnds()
  let total = 0
  let captured: Captured | undefined
  let mark: Buffer | undefined
  let rest: Buffer = Buffer.alloc(0)
  let tell: (chunk: Uint8Array) => void = () => undefined
  let resolveMarked: () => void = () => undefined
  let waiting: Promise<void> = Promise.resolve()

  const keep = (chunk: Uint8Array): void => {
    if (chunk.length === 0) return
    capture.push(chunk)
    total += chunk.length
    tell(chunk)
  }
  const close = (): Captured => {
    const done = capture.finish()
    capture = captureEnds()
    total = 0
    mark = undefined
    tell = () => undefined
    return done
  }

  return {
    begin(next, onChunk) {
      mark = next
      captured = undefined
      tell = onChunk
      waiting = new Promise((resolve) => { resolveMarked = resolve })
    },
    marked: () => waiting,
    push(chunk) {
      if (mark === undefined) return keep(chunk)
      const data = rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([rest, chunk])
      const at = data.indexOf(mark)
      if (at < 0) {
        const held = heldBack(data, mark)
        rest = Buffer.from(data.subarray(data.length - held))
        return keep(data.subarray(0, data.length - held))
      }
      rest = Buffer.alloc(0)
      const after = data.subarray(at + mark.length)
      keep(data.subarray(0, at))
      captured = close()
      resolveMarked()
      keep(after)
    },
    finish() {
      if (captured !== undefined) return captured
      keep(rest)
      rest = Buffer.alloc(0)
      return close()
    },
    bytes: () => total,
  }
}
