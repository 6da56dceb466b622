/** Numbers as people read them. */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** 340 ms, 2.5 s, 41 s, 1m 23s, 2h 05m, 3d 4h. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return 'no limit'
  if (ms < 0) return `-${duration(-ms)}`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${(ms / SECOND).toFixed(1)} s`
  if (ms < MINUTE - 500) return `${Math.round(ms / SECOND)} s`
  const whole = Math.round(ms / SECOND) * SECOND
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}m ${pad(Math.floor((whole % MINUTE) / SECOND))}s`
  const minutes = Math.round(ms / MINUTE) * MINUTE
  if (minutes < DAY) return `${Math.floor(minutes / HOUR)}h ${pad(Math.floor((minutes % HOUR) / MINUTE))}m`
  const hours = Math.round(ms / HOUR) * HOUR
  return `${Math.floor(hours / DAY)}d ${Math.floor((hours % DAY) / HOUR)}h`
}

const pad = (value: number): string => String(value).padStart(2, '0')

/** now, 12 s ago, 5 min ago, 3 h ago, 2 days ago. */
export function age(ms: number): string {
  if (ms < 2 * SECOND) return 'now'
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`
  const days = Math.floor(ms / DAY)
  return days === 1 ? '1 day ago' : `${days} days ago`
}

/** 512 B, 1.5 KiB, 12 MiB. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  let value = count
  for (const unit of ['KiB', 'MiB', 'GiB', 'TiB']) {
    value /= 1024
    if (value < 1023.5 || unit === 'TiB') return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`
  }
  return `${count} B`
}

/** Four significant digits without an exponent where that can be read: 0.002341, 12.35, 93810, 1.2e-9. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-5 || size >= 1e15)) return value.toExponential(2)
  return String(Number(value.toPrecision(size >= 1000 ? Math.ceil(Math.log10(size)) : 4)))
}

/** +93.2 %, with its sign: an improvement. */
export function change(ratio: number): string {
  if (!Number.isFinite(ratio)) return String(ratio)
  const percent = ratio * 100
  // A baseline of almost nothing, as some of the paper's are.
  if (Math.abs(percent) >= 1e6) return `${percent > 0 ? '+' : ''}${percent.toExponential(1)} %`
  const digits = Math.abs(percent) >= 1000 ? 0 : 1
  const text = percent.toFixed(digits)
  return `${Number(text) === 0 ? '0.0' : percent > 0 ? `+${text}` : text} %`
}

/** 1 step, 2 steps. */
export const count = (amount: number, one: string, many = `${one}s`): string => `${amount} ${amount === 1 ? one : many}`

/** What a terminal shows of a text that programs or models wrote: control characters could move the cursor or hide lines. */
export const printable = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/\r\n/g, '\n').replace(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g, '').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')

/** One line of at most `width` characters; … marks what was cut. */
export function oneLine(text: string, width: number): string {
  const line = printable(text).replace(/\s+/g, ' ').trim()
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`
}

/** A file's name as a terminal may show it: line ends in a name do not end the line. */
export const printableName = (path: string): string => printable(path.replaceAll('\n', '\\n').replaceAll('\r', '\\r'))
