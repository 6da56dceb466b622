/** What a provider asks to wait, in milliseconds: by header (a number or a date), and of a rate limit also by its reset, or in the words of the error. */
export function retryAfterOf(code: string, headers: Headers, message: string, now: number): number | undefined {
  const exact = Number(headers.get('retry-after-ms') ?? NaN)
  if (Number.isFinite(exact) && exact >= 0) return exact
  const after = headers.get('retry-after')?.trim() ?? ''
  if (after !== '') {
    const seconds = Number(after)
    if (Number.isFinite(seconds) && seconds >= 0) return Math.round(seconds * 1000)
    const date = Date.parse(after)
    if (Number.isFinite(date)) return Math.max(0, date - now)
  }
  return code === 'rate_limited' ? (resetOf(headers, now) ?? toldIn(message)) : undefined
}

/** Limits that are used up say when they are filled again. */
function resetOf(headers: Headers, now: number): number | undefined {
  const waits: number[] = []
  for (const [name, value] of headers) {
    const limit = /^(.*ratelimit.*)-remaining(-\w+)?$/.exec(name)
    if (limit === null || Number(value) > 0) continue
    const reset = headers.get(`${limit[1] ?? ''}-reset${limit[2] ?? ''}`)
    const wait = reset === null ? undefined : durationOf(reset, now)
    if (wait !== undefined) waits.push(wait)
  }
  return waits.length === 0 ? undefined : Math.max(...waits)
}

/** "1s", "6m0s", "250ms", or a date. */
function durationOf(text: string, now: number): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length > 0 && parts.map(([whole]) => whole).join('') === text.trim()) return Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0))
  const date = Date.parse(text)
  return Number.isFinite(date) && text.includes('-') ? Math.max(0, date - now) : undefined
}
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function toldIn(message: string): number | undefined {
  const match = /(?:try again|retry) in (\d+(?:\.\d+)?) ?(ms|milliseconds|s|sec|seconds|m|minutes)\b/i.exec(message) ?? /"retryDelay": ?"(\d+(?:\.\d+)?)(s)"/.exec(message)
  if (match === null) return undefined
  const unit = (match[2] ?? '').toLowerCase()
  return Math.round(Number(match[1]) * (unit.startsWith('mi') && unit !== 'minutes' || unit === 'ms' ? 1 : unit.startsWith('m') ? 60_000 : 1000))
}
