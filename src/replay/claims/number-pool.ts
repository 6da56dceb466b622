import { lastPlace, numbersShown } from './numbers.ts'
import type { Quantity } from './numbers.ts'

/** Above this, almost every number is a difference or ratio of two others, so that asking proves nothing. */
const MOST_PAIRED = 600
/** A log of millions of numbers supports nearly everything; it need not cost the memory too. */
const MOST_KEPT = 200_000

/** Numbers that the agent had seen, to be asked whether a number is one of them or follows from them. Signs do not count. */
export interface NumberPool {
  add(text: string): void
  addValues(values: readonly number[]): void
  /** A number seen as it is, rounded, cut off, as a percentage or fraction, or as what is missing to 100 %. */
  shows(quantity: Quantity): boolean
  /** The same quantity in another unit of time or size. */
  showsInOtherUnits(quantity: Quantity): boolean
  /** A difference, ratio or relative change of two numbers seen. */
  follows(quantity: Quantity): boolean
}

export function numberPool(): NumberPool {
  const known = new Set<number>()
  let sorted: readonly number[] = []
  const near = (value: number, within: number): boolean => {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? Infinity) <= value - within) low = middle + 1
      else high = middle
    }
    return (sorted[low] ?? Infinity) < value + within
  }
  const addValues = (values: readonly number[]): void => {
    const fresh = new Set(values.map(Math.abs).filter((value) => !known.has(value)))
    if (fresh.size === 0 || known.size >= MOST_KEPT) return
    for (const value of fresh) known.add(value)
    sorted = merge(sorted, [...fresh].sort((a, b) => a - b))
  }
  return {
    addValues,
    add: (text) => addValues(numbersShown(text)),
    shows: (quantity) => {
      const x = Math.abs(quantity.value)
      const unit = lastPlace(quantity)
      if (near(x, unit)) return true
      if (x <= 100 && (near(x / 100, unit / 100) || near(100 - x, unit) || near(1 - x / 100, unit / 100))) return true
      return !quantity.percent && x <= 1 && (near(x * 100, unit * 100) || near(1 - x, unit) || near(100 - 100 * x, unit * 100))
    },
    showsInOtherUnits: (quantity) => UNITS.some((factor) => near(Math.abs(quantity.value) * factor, lastPlace(quantity) * factor)),
    follows: (quantity) => sorted.length > MOST_PAIRED || sorted.some((a) => partnersOf(a, quantity).some(([b, within]) => near(b, within))),
  }
}

const UNITS = [1000, 60, 3600, 1e6, 1024, 1 / 1000, 1 / 60, 1 / 3600, 1e-6, 1 / 1024]

/** What must have been seen beside `a` for the quantity to follow from both: as a difference, a ratio or a relative change. */
function partnersOf(a: number, quantity: Quantity): ReadonlyArray<readonly [number, number]> {
  const x = Math.abs(quantity.value)
  const unit = lastPlace(quantity)
  const ratios = [[1 + x / 100, unit / 100], [1 - x / 100, unit / 100], [1 + x, unit], [1 - x, unit], [x, unit], [x / 100, unit / 100]] as const
  return [[a + x, unit], [a - x, unit], [a + x / 100, unit / 100], ...(a === 0 ? [] : ratios.filter(([ratio]) => ratio > 0).map(([ratio, step]) => [a * ratio, a * step] as const))]
}

/** Two sorted lists as one. */
function merge(a: readonly number[], b: readonly number[]): number[] {
  const out: number[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length;) out.push((a[i] ?? Infinity) <= (b[j] ?? Infinity) ? (a[i++] ?? 0) : (b[j++] ?? 0))
  return out
}
