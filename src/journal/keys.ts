/** Binary keys: one table byte, then fixed-width parts, so that byte order is the order wanted. */
const TABLE = { blob: 0x62, event: 0x65, head: 0x68, meta: 0x6d, served: 0x73, view: 0x76 } as const

const key = (table: number, ...parts: Uint8Array[]): Uint8Array => Buffer.concat([Uint8Array.of(table), ...parts])

export const eventKey = (run: Uint8Array, seq: number): Uint8Array => {
  const bytes = Buffer.allocUnsafe(21)
  bytes[0] = TABLE.event
  bytes.set(run, 1)
  bytes.writeUInt32BE(seq, 17)
  return bytes
}
export const headKey = (run: Uint8Array): Uint8Array => key(TABLE.head, run)
export const servedKey = (run: Uint8Array): Uint8Array => key(TABLE.served, run)
export const blobKey = (hash: Uint8Array): Uint8Array => key(TABLE.blob, hash)
export const viewKey = (run: Uint8Array, name: string): Uint8Array => key(TABLE.view, run, Buffer.from(name))
export const metaKey = (name: string): Uint8Array => key(TABLE.meta, Buffer.from(name))

export const heads = { gte: Uint8Array.of(TABLE.head), lt: Uint8Array.of(TABLE.head + 1) }

const HEAD_BYTES = 4 + 32 + 8 + 8 + 1
export interface HeadRow { seq: number; hash: Uint8Array; createdAt: number; at: number; sealed: boolean }

export const encodeHead = ({ seq, hash, createdAt, at, sealed }: HeadRow): Uint8Array => {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES)
  bytes.writeUInt32BE(seq, 0)
  bytes.set(hash, 4)
  bytes.writeDoubleBE(createdAt, 36)
  bytes.writeDoubleBE(at, 44)
  bytes[52] = sealed ? 1 : 0
  return bytes
}

export const decodeHead = (value: Uint8Array): HeadRow => {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return { seq: bytes.readUInt32BE(0), hash: Uint8Array.from(bytes.subarray(4, 36)), createdAt: bytes.readDoubleBE(36), at: bytes.readDoubleBE(44), sealed: bytes[52] === 1 }
}
