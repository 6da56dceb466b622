/** What is kept of one output stream: all of it, or its two ends around a line that says how many bytes are missing. */
export interface Captured { bytes: Uint8Array; totalBytes: number; truncated: boolean }

export interface Capture { push(chunk: Uint8Array): void; finish(): Captured }

export const HEAD_BYTES = 512 * 1024
/** With room for the marker line: the whole stays within 1 MiB. */
export const TAIL_BYTES = 512 * 1024 - 128

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** The end of the last whole UTF-8 character; bytes that are no UTF-8 are left alone. */
function wholeEnd(bytes: Uint8Array): number {
  let start = bytes.length - 1
  while (start > bytes.length - 4 && isContinuation(bytes[start])) start--
  const lead = bytes[start] ?? 0
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
  return start + length > bytes.length ? start : bytes.length
}

function wholeStart(bytes: Uint8Array): number {
  let start = 0
  while (start < 3 && isContinuation(bytes[start])) start++
  return isContinuation(bytes[start]) ? 0 : start
}

/** Keeps the first 512 KiB and the last 512 KiB of a stream in bounded memory. Cuts fall between characters. */
export function captureEnds(headBytes = HEAD_BYTES, tailBytes = TAIL_BYTES): Capture {
  const head: Uint8Array[] = []
  let headLength = 0
  const ring = new Uint8Array(tailBytes)
  let total = 0
  let tailTotal = 0

  const pushTail = (chunk: Uint8Array): void => {
    const kept = chunk.length > tailBytes ? chunk.subarray(chunk.length - tailBytes) : chunk
    const at = (tailTotal + chunk.length - kept.length) % tailBytes
    const first = Math.min(kept.length, tailBytes - at)
    ring.set(kept.subarray(0, first), at)
    ring.set(kept.subarray(first), 0)
    tailTotal += chunk.length
  }

  return {
    push(chunk) {
      total += chunk.length
      const room = Math.min(headBytes - headLength, chunk.length)
      // A copy: the chunk may be a view of a large pooled buffer.
      if (room > 0) head.push(chunk.slice(0, room))
      headLength += room
      if (room < chunk.length) pushTail(chunk.subarray(room))
    },
    finish() {
      const start = Buffer.concat(head)
      const at = tailTotal % tailBytes
      const end = tailTotal <= tailBytes ? ring.subarray(0, tailTotal) : Buffer.concat([ring.subarray(at), ring.subarray(0, at)])
      if (tailTotal <= tailBytes) return { bytes: new Uint8Array(Buffer.concat([start, end])), totalBytes: total, truncated: false }
      const front = start.subarray(0, wholeEnd(start))
      const back = end.subarray(wholeStart(end))
      const marker = Buffer.from(`\n[... ${total - front.length - back.length} bytes left out ...]\n`)
      return { bytes: new Uint8Array(Buffer.concat([front, marker, back])), totalBytes: total, truncated: true }
    },
  }
}
