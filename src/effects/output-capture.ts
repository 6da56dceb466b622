import type { OutputCapture } from '../../schemas/generated/events.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { Captured } from './sandbox/index.ts'

/** Stores one output stream. Kept as text that decodes the same everywhere: a byte that is no UTF-8 becomes U+FFFD here and nowhere else. */
export async function storeCapture({ bytes, totalBytes, truncated }: Captured, blobs: BlobStore): Promise<OutputCapture> {
  const text = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  return { text: { ref: await blobs.put(text), bytes: text.length }, total_bytes: totalBytes, truncated }
}
