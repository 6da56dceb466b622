/** A number in a text. `decimals` is negative where the last digits are not meant: 1e3, 16000. */
export interface Quantity { value: number; decimals: number; percent: boolean; at: number; end: number; text: string }

const NUMBER = /(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?/g
const PERCENT = /^\s?(?:%|percent\b|per cent\b|pct\b)/i

/** Numbers said as such: not parts of names (CIFAR-10, F1, v1.2), dates, times, ranges or fractions (80/20). */
export function quantitiesIn(text: string): Quantity[] {
  const found: Quantity[] = []
  for (const { 0: digits, index } of text.matchAll(NUMBER)) {
    const end = index + digits.length
    if (partOfName(text, index, end)) continue
    found.push({ value: valueOf(digits), decimals: decimalsOf(digits), percent: PERCENT.test(text.slice(end, end + 10)), at: index, end, text: digits })
  }
  return found.filter(({ value }) => Number.isFinite(value))
}

function partOfName(text: string, at: number, end: number): boolean {
  const before = text.slice(Math.max(0, at - 2), at)
  const after = text.slice(end, end + 4)
  if (/[\p{L}\p{N}_.#$@\\^]$/u.test(before) && !/(?:^|\s)\.$/.test(before)) return true
  if (/[\p{L}\p{N}][-–/:]$/u.test(before)) return true
  return /^(?:[_\\]|[-–/:]\d|[-–]?[\p{L}]|\.\d|\.[a-z]{1,5}\b)/u.test(after) && !/^(?:s|ms|sec|secs|min|pp|pts)\b/.test(after)
}

/** Every number that a text shows, however it is written: what counts as seen is read generously. */
export function numbersShown(text: string): number[] {
  const shown: number[] = []
  for (const [digits] of text.matchAll(NUMBER)) {
    shown.push(valueOf(digits))
    // "1,234" may be a list as well
    if (digits.includes(',')) for (const part of digits.split(',')) shown.push(valueOf(part))
  }
  return shown.filter((value) => Number.isFinite(value))
}

const valueOf = (digits: string): number => Number(digits.replaceAll(',', ''))

function decimalsOf(digits: string): number {
  const [mantissa = '', exponent = '0'] = digits.toLowerCase().split('e')
  const point = mantissa.indexOf('.')
  return (point < 0 ? -(/[1-9](0{2,})$/.exec(mantissa)?.[1]?.length ?? 0) : mantissa.length - point - 1) - Number(exponent)
}

/** One unit in the last place that was written: rounding and cutting off both stay below it. */
export const lastPlace = ({ decimals }: Pick<Quantity, 'decimals'>): number => 10 ** -decimals * (1 + 1e-9)
