import type { ReadText } from '../host/index.ts'
import type { BlobReader } from './source.ts'

const KEPT_CHARACTERS = 16 * 2 ** 20

/** Blobs as texts, the newest ones remembered: a fold reads what one actor wrote when the next one receives it. */
export function textReader(blobs: Pick<BlobReader, 'get'>): ReadText {
  const kept = new Map<string, string>()
  let characters = 0
  const keep = (hash: string, text: string): string => {
    kept.set(hash, text)
    characters += text.length
    for (const [oldest, old] of kept) {
      if (characters <= KEPT_CHARACTERS) break
      kept.delete(oldest)
      characters -= old.length
    }
    return text
  }
  return (hash) => kept.get(hash) ?? blobs.get(hash).then((bytes) => keep(hash, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()))
}
