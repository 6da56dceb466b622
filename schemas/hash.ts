import { createHash } from 'node:crypto'

/** SHA-256 as 64 hex digits. */
export const sha256Hex = (...parts: Array<string | Uint8Array>): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** SHA-256 as 32 bytes. */
export const sha256 = (...parts: Array<string | Uint8Array>): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

/** Bytes of a hex string; throws on anything else, since Buffer.from would cut it short in silence. */
export const unhex = (text: string): Uint8Array => {
  const bytes = Buffer.from(text, 'hex')
  if (bytes.length * 2 !== text.length) throw new TypeError(`not a hex string: ${text.slice(0, 80)}`)
  return bytes
}
