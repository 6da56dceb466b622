const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

export const encodeText = (text: string): Uint8Array => encoder.encode(text)

/** The text of UTF-8 bytes, a byte order mark included; undefined when they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)/g

/** A text that cannot steer a terminal: control characters other than tab and line ends become pictures of themselves. A leading byte order mark is left out. */
export const neutralise = (text: string): string =>
  text.replace(/^\ufeff/, '').replace(CONTROL, (char) => {
    const code = char.charCodeAt(0)
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : `\\x${code.toString(16)}`
  })

// oxlint-disable-next-line no-control-regex
const ODD_NAME = /[\0-\x1f\x7f-\x9f\u2028\u2029"\\]|^\s|\s$|^$/

/** A file name inside a sentence or a listing: as it is, or quoted like a JSON string when it could be misread. */
export const quote = (name: string): string =>
  ODD_NAME.test(name) || !name.isWellFormed()
    // oxlint-disable-next-line no-control-regex
    ? JSON.stringify(name).replace(/[\x7f-\x9f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : name

/** Lines without their ends; a newline at the end of the text begins no further line. */
export function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
}

export const count = (number: number, noun: string): string => `${number.toString().replace(/\B(?=(\d{3})+$)/g, ',')} ${noun}${number === 1 ? '' : 's'}`

/** At most `limit` bytes from the start of UTF-8 bytes, never cutting a character. */
export function headOf(bytes: Uint8Array, limit: number): Uint8Array {
  if (bytes.length <= limit) return bytes
  let end = limit
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}
