/** One line of the table: what was measured beside its floor, and the target of architecture, section 13. */
export interface Row {
  name: string
  measured: number
  unit: string
  /** what the same machine does without Kymo, measured in the same run */
  floor: number
  floorName: string
  /** measured / floor */
  ratio: number
  target: string
  met: boolean
  /** further figures, for the JSON document */
  details?: Record<string, unknown>
}

export interface Sizes { quick: boolean; directory: string; say: (line: string) => void }
export type Bench = (sizes: Sizes) => Promise<Row[]>

export const row = (name: string, unit: string, measured: number, floor: { name: string; value: number }, target: { text: string; met: boolean }, details?: Record<string, unknown>): Row => ({
  name, measured, unit, floor: floor.value, floorName: floor.name, ratio: measured / floor.value, target: target.text, met: target.met, ...(details === undefined ? {} : { details }),
})

export const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Milliseconds of a piece of work. */
export async function timed(work: () => unknown): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** Milliseconds of processor time of a piece of work, its garbage collection included: what one core does, also while others work. */
export async function onOneCore(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Steps that follow one another share writes (a file action is carried out along with the step before it), so a step's cost is half that of two in a row. */
export const inPairs = (times: readonly number[]): number[] => times.slice(1).map((ms, index) => (ms + (times[index] ?? ms)) / 2)
