import type { FileHandle } from 'node:fs/promises'
import { notABundle } from './format.ts'

export interface TarEntry { offset: number; size: number }

const BLOCK = 512

/**
 * Where each file of a tar lies, without reading their contents: a bundle of many gigabytes opens at once and its blobs are read
 * where they are. tar-stream reads from front to back only, which is why this is here.
 */
export async function indexTar(file: FileHandle, path: string): Promise<Map<string, TarEntry>> {
  const { size: total } = await file.stat()
  const entries = new Map<string, TarEntry>()
  const header = Buffer.alloc(BLOCK)
  for (let at = 0; at + BLOCK <= total;) {
    await file.read(header, 0, BLOCK, at)
    if (header.every((byte) => byte === 0)) break
    if (number(header, 148, 8) !== checksum(header)) throw notABundle(path, `the tar header at byte ${at} is damaged`)
    const size = number(header, 124, 12)
    const offset = at + BLOCK
    if (offset + size > total) throw notABundle(path, `it ends in the middle of ${text(header, 0, 100)}: the file was cut short, so copy it again`)
    const type = header[156]
    const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : ''
    const name = `${prefix === '' ? '' : `${prefix}/`}${text(header, 0, 100)}`.replace(/^\.\//, '')
    if (type === 0x30 || type === 0) entries.set(name, { offset, size })
    at = offset + Math.ceil(size / BLOCK) * BLOCK
  }
  return entries
}

const text = (header: Buffer, at: number, length: number): string => {
  const end = header.indexOf(0, at)
  return header.toString('utf8', at, end < 0 || end > at + length ? at + length : end)
}

/** Octal digits, or for large files a number with its top bit set. */
function number(header: Buffer, at: number, length: number): number {
  if (((header[at] ?? 0) & 0x80) !== 0) {
    let value = 0
    for (let index = at + length - 6; index < at + length; index++) value = value * 256 + (header[index] ?? 0)
    return value
  }
  return Number.parseInt(text(header, at, length).trim() || '0', 8)
}

function checksum(header: Buffer): number {
  let sum = 8 * 0x20
  for (let index = 0; index < BLOCK; index++) if (index < 148 || index >= 156) sum += header[index] ?? 0
  return sum
}
