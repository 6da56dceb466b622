/** Takes secrets out of what others wrote: a server may repeat a key in an error. */
export interface Redactor {
  text: (text: string) => string
  bytes: (bytes: Uint8Array) => Uint8Array
  /** for a text that comes in parts: a secret may stand across two of them. The last call says so. */
  parts: () => (part: string, last?: boolean) => string
}

const MARK = '[key]'

export function redactor(secrets: ReadonlyArray<string | undefined>): Redactor {
  const known = secrets.filter((secret) => secret !== undefined).filter((secret) => secret.length >= 6).flatMap((secret) => [...new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])]).toSorted((a, b) => b.length - a.length)
  const text = (value: string): string => known.reduce((rest, secret) => rest.replaceAll(secret, MARK), value)
  return {
    text,
    bytes: (bytes) => {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      if (!known.some((secret) => buffer.includes(secret))) return bytes
      // Byte for byte, so that what is no UTF-8 stays what it was.
      return Buffer.from(known.reduce((rest, secret) => rest.replaceAll(latin(secret), MARK), buffer.toString('latin1')), 'latin1')
    },
    parts: () => {
      let held = ''
      return (part, last = false) => {
        const whole = text(held + part)
        const back = last ? 0 : Math.max(0, ...known.map((secret) => overlap(whole, secret)))
        held = whole.slice(whole.length - back)
        return whole.slice(0, whole.length - back)
      }
    },
  }
}

const latin = (text: string): string => Buffer.from(text).toString('latin1')

/** How many characters at the end of `text` may be the beginning of `secret`. */
function overlap(text: string, secret: string): number {
  for (let length = Math.min(text.length, secret.length - 1); length > 0; length--) if (text.endsWith(secret.slice(0, length))) return length
  return 0
}
