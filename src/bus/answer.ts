import { KymoError, messageOf } from '../../schemas/errors.ts'
import { kymo } from '../../schemas/generated/messages.js'
import type { Codec } from '../../schemas/generated/messages.js'
import { Decision, OPERATIONS } from '../journal/index.ts'
import type { JournalPort, OperationName } from '../journal/index.ts'

type Message = Record<string, unknown>
const codecs = kymo.v1.journal as unknown as Record<string, Codec<Message>>

export const codecOf = (name: string): Codec<Message> => {
  const codec = codecs[name]
  if (codec === undefined) throw new KymoError('KYMO_SCHEMA', `no message ${name} in proto/kymo/v1/journal.proto`)
  return codec
}

/** The answer to one request as bytes, and why it was refused if it was. Never throws: a message cannot end the service. */
export async function answer(port: JournalPort, operation: OperationName, data: Uint8Array, maxBytes: number): Promise<{ bytes: Uint8Array; refused?: string }> {
  const [requestName, replyName] = OPERATIONS[operation]
  const encode = (reply: Message): { bytes: Uint8Array; refused?: string } => {
    const bytes = codecOf(replyName).encode(reply).finish()
    if (bytes.length > maxBytes) return encode({ decision: Decision.REFUSED, reason: `the answer takes ${bytes.length} bytes, more than one NATS message of ${maxBytes}: ask for less` })
    return reply['decision'] === Decision.REFUSED ? { bytes, refused: String(reply['reason']) } : { bytes }
  }
  let request: Message
  try {
    request = codecOf(requestName).decode(data)
  } catch (error) {
    return encode({ decision: Decision.REFUSED, reason: `the request does not decode as ${requestName} (${messageOf(error)})` })
  }
  try {
    const call = port[operation] as unknown as (request: Message) => Promise<Message>
    return encode(await call(request))
  } catch (error) {
    return encode({ decision: isPassing(error) ? Decision.UNAVAILABLE : Decision.REFUSED, reason: messageOf(error) })
  }
}

/** A store or a disk that cannot be used now; asking again may help. */
const isPassing = (error: unknown): boolean => error instanceof Error && 'code' in error && /^(KYMO_STORE_UNAVAILABLE|ENOSPC|EDQUOT|EIO|EMFILE|ENFILE|EAGAIN)$/.test(String(error.code))
