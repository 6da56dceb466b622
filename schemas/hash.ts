import { createHash, hash as hashOnce } from 'node:crypto'

/** SHA-256 as 64 hex digits. */
export const sha256Hex = (...parts: Array<string | Uint8Array>): string => {
  const whole = inOnePiece(parts)
  return whole === undefined ? streamed(parts).digest('hex') : hashOnce('sha256', whole, 'hex')
}

/** SHA-256 as 32 bytes. */
export const sha256 = (...parts: Array<string | Uint8Array>): Uint8Array => {
  const whole = inOnePiece(parts)
  return whole === undefined ? streamed(parts).digest() : hashOnce('sha256', whole, 'buffer')
}

/** Node hashes one piece in half the time that a hash object takes; pieces are copied together as long as copying costs less than that. */
function inOnePiece(parts: ReadonlyArray<string | Uint8Array>): string | Uint8Array | undefined {
  const first = parts[0]
  if (first !== undefined && parts.length === 1) return first
  if (parts.every((part) => typeof part === 'string')) return parts.join('')
  if (parts.some((part) => part.length > 16_384) || parts.length > 4) return undefined
  let end = 0
  for (const part of parts) {
    if (typeof part === 'string') end += room.write(part, end)
    else {
      room.set(part, end)
      end += part.length
    }
  }
  return room.subarray(0, end)
}
/** Room for four pieces of 16,384 characters, three bytes each. */
const room = Buffer.allocUnsafe(4 * 16_384 * 3)

const streamed = (parts: ReadonlyArray<string | Uint8Array>) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash
}

export const hex = (bytes: Uint8Array): string => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('hex')

/** Bytes of a hex string; throws on anything else, since Buffer.from would cut it short in silence. */
export const unhex = (text: string): Uint8Array => {
  const bytes = Buffer.from(text, 'hex')
  if (bytes.length * 2 !== text.length) throw new TypeError(`not a hex string: ${text.slice(0, 80)}`)
  return bytes
}
