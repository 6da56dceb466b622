import { z } from 'zod'

const MIB = 2 ** 20
const bytes = (max: number) => z.number().int().positive().max(max)

/** What one script may use. Sizes in bytes: shifts overflow in JavaScript (`4 << 30` is 0), so write `4 * 2 ** 30`. */
export const scriptLimitsSchema = z.strictObject({
  wallMs: z.number().int().positive().max(2 ** 31 - 1),
  /** Of all processes together; also the data limit of each. */
  memoryBytes: bytes(2 ** 50),
  processes: z.number().int().positive().max(2 ** 22),
  /** The largest single file it may write. */
  fileBytes: bytes(2 ** 50),
  openFiles: z.number().int().min(16).max(2 ** 20),
  /** Per stream; the script is stopped when it prints more. */
  outputBytes: bytes(2 ** 40),
  tmpBytes: bytes(2 ** 50),
  shmBytes: bytes(2 ** 50),
  /** Of everything under the workspace. */
  diskBytes: bytes(2 ** 50),
})

export type ScriptLimits = z.infer<typeof scriptLimitsSchema>

export const DEFAULT_SCRIPT_LIMITS: ScriptLimits = {
  wallMs: 60_000,
  memoryBytes: 2048 * MIB,
  processes: 128,
  fileBytes: 512 * MIB,
  openFiles: 1024,
  outputBytes: 64 * MIB,
  tmpBytes: 256 * MIB,
  shmBytes: 512 * MIB,
  diskBytes: 1024 * MIB,
}

/** Limits as a manifest or an event names them: whatever is left out has its default. */
export const partialScriptLimitsSchema = scriptLimitsSchema.partial().transform((given): ScriptLimits => ({ ...DEFAULT_SCRIPT_LIMITS, ...dropUndefined(given) }))

const dropUndefined = (given: Partial<Record<keyof ScriptLimits, number | undefined>>): Partial<ScriptLimits> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
