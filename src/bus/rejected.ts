import { appendFileSync, existsSync, statSync } from 'node:fs'
import { messageOf } from '../../schemas/errors.ts'
import { sha256Hex } from '../../schemas/hash.ts'

const MAX_BYTES = 8 * 2 ** 20

/** Writes down what came and why it was refused, one JSON line each, up to 8 MiB: `<store>/rejected.jsonl`. */
export function rejectedLog(path: string, onProblem: (message: string) => void): (subject: string, data: Uint8Array, reason: string) => void {
  let bytes = existsSync(path) ? statSync(path).size : 0
  return (subject, data, reason) => {
    if (bytes > MAX_BYTES) return
    const line = `${JSON.stringify({ at: new Date().toISOString(), subject, bytes: data.length, sha256: sha256Hex(data), reason })}\n`
    bytes += line.length
    try {
      appendFileSync(path, line)
    } catch (error) {
      onProblem(`a message on ${subject} was refused (${reason}), and that could not be written down: ${messageOf(error)}`)
    }
  }
}
