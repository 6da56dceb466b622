import { InvalidArgumentError } from 'commander'

/** Readers of flag values. Each throws with what to type instead; commander puts the flag's name before it. */

export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
    if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`Write a whole number of at least ${least}, like ${Math.max(least, 10)}.`)
    return value
  }
}

export function amount(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Write a number above zero, like 2.5.')
  return value
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90` (seconds, as in MLAgentBench), `90s`, `5m`, `1h30m` as milliseconds. */
export function timeSpan(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d)?/g)]
  const whole = parts.map(([part]) => part).join('') === text.trim()
  const ms = parts.reduce((sum, [, value, unit]) => sum + Number(value) * (UNITS[unit ?? 's'] ?? Number.NaN), 0)
  if (!whole || parts.length === 0 || !Number.isFinite(ms) || ms <= 0 || (parts.length > 1 && parts.some(([, , unit]) => unit === undefined))) {
    throw new InvalidArgumentError('Write a time like 90s, 15m, 2h or 1h30m (a bare number is seconds).')
  }
  return Math.round(ms)
}

/** A repeatable `key=value`; a later one of the same key wins. */
export function keyValue(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write it as key=value, like script=demo.yaml.')
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1) }
}

/** A comma-separated list out of a few names. */
export function namesOf(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '')
    const unknown = names.find((name) => !known.includes(name))
    if (unknown !== undefined || names.length === 0) throw new InvalidArgumentError(`Write some of ${known.join(', ')}, separated by commas.`)
    return [...new Set(names)]
  }
}
