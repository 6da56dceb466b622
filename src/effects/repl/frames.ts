import { z } from 'zod'

/** What the inside says when a command is over. Nothing else may come from it. */
const replySchema = z.strictObject({ nonce: z.string(), end: z.enum(['ready', 'finished', 'raised']) })
export type Reply = z.infer<typeof replySchema>

/** The longest reply there is: anything that claims more is no reply. */
const MAX_REPLY = 1024

/** A 4-byte big-endian length, then JSON. */
export function encodeFrame(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value))
  const frame = Buffer.alloc(4 + body.length)
  frame.writeUInt32BE(body.length)
  body.copy(frame, 4)
  return frame
}

/** Takes bytes as they come and gives whole replies, or `undefined` for what cannot be one; after that nothing more can be read. */
export function replyReader(): (chunk: Uint8Array) => (Reply | undefined)[] {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const replies: (Reply | undefined)[] = []
    while (rest.length >= 4) {
      const length = rest.readUInt32BE()
      if (length > MAX_REPLY) return [...replies, undefined]
      if (rest.length < 4 + length) break
      replies.push(parse(rest.subarray(4, 4 + length)))
      rest = rest.subarray(4 + length)
    }
    return replies
  }
}

function parse(body: Uint8Array): Reply | undefined {
  try {
    return replySchema.parse(JSON.parse(Buffer.from(body).toString()))
  } catch { return undefined }
}
