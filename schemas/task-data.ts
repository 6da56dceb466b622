import { z } from 'zod'
import { KymoError, messageOf } from './errors.ts'

/** What stands beside a task's manifest and is written by `kymo task`, never by hand: data.lock.json and baseline.json. */

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'is no SHA-256 of 64 hex digits' })

/** One file that preparing fetches. */
const download = z.strictObject({ url: z.string().min(1), bytes: z.int().min(0), sha256 })
export type LockedDownload = z.infer<typeof download>

const profileLock = z.strictObject({
  downloads: z.record(z.string(), download).default({}),
  /** hash of the tree of what the agent sees, and of the hidden answers */
  public: sha256.optional(),
  answers: sha256.optional(),
  /** SHA-256 of each file, `public/train.csv`, so that a difference has a name; left out where they are too many */
  files: z.record(z.string(), sha256).optional(),
})
export type ProfileLock = z.infer<typeof profileLock>

const dataLock = z.strictObject({ small: profileLock.optional(), full: profileLock.optional() })
export type DataLock = z.infer<typeof dataLock>

/** More files than this are not listed one by one in a lock. */
export const LISTED_FILES = 64

const measuredBaseline = z.strictObject({
  /** the starter's score, once per run */
  runs: z.array(z.number()).min(1),
  mean: z.number(),
  /** sample standard deviation; null after a single run */
  deviation: z.number().min(0).nullable(),
  /** Python and the packages it was measured with */
  versions: z.record(z.string(), z.string()),
  /** the day, as 2026-11-21 */
  measured: z.string(),
})
export type MeasuredBaseline = z.infer<typeof measuredBaseline>

const baselines = z.strictObject({ small: measuredBaseline.nullable().default(null), full: measuredBaseline.nullable().default(null) })
export type Baselines = z.infer<typeof baselines>

/** Throws KYMO_TASK_LOCK. */
export const parseDataLock = (text: string, file: string): DataLock => parse(dataLock, text, file, 'KYMO_TASK_LOCK', '"kymo task prepare TASK --update-lock" writes it anew')

/** Throws KYMO_TASK_BASELINE. */
export const parseBaselines = (text: string, file: string): Baselines => parse(baselines, text, file, 'KYMO_TASK_BASELINE', '"kymo task check TASK --update-baseline" writes it anew')

function parse<T>(schema: z.ZodType<T>, text: string, file: string, code: string, fix: string): T {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new KymoError(code, `${file} is not JSON: ${messageOf(cause)}; ${fix}`, { cause })
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new KymoError(code, `${file}, ${issue?.path.map(String).join('.') || 'top level'}: ${issue?.message ?? 'is wrong'}; ${fix}`)
}

/** Mean and sample deviation of a starter's scores. Equal scores have exactly that mean and a deviation of exactly 0. */
export function spreadOf(runs: readonly number[]): { mean: number; deviation: number | null } {
  const [first = 0] = runs
  if (runs.every((value) => value === first)) return { mean: first, deviation: runs.length > 1 ? 0 : null }
  const mean = runs.reduce((sum, value) => sum + value, 0) / runs.length
  return { mean, deviation: Math.sqrt(runs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (runs.length - 1)) }
}
