import type { OutputCapture } from '../../schemas/generated/events.ts'
import type { Attempt } from './attempt.ts'
import type { Captured } from './sandbox/index.ts'

/** Keeps one output stream with the outcome that names it. Kept as text that decodes the same everywhere: a byte that is no UTF-8 becomes U+FFFD here and nowhere else. */
export async function storeCapture({ bytes, totalBytes, truncated }: Captured, put: Attempt['put']): Promise<OutputCapture> {
  const text = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  return { text: { ref: await put(text), bytes: text.length }, total_bytes: totalBytes, truncated }
}
