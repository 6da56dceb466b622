import { z } from 'zod'

const listRef = z.object({ ref: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int().nonnegative() })

/** One thing the scripted agent does: an action, or a question to the model of a role. */
export const scriptItem = z.union([
  z.strictObject({ action: z.string().min(1), args: z.record(z.string(), z.unknown()).default({}), thought: z.string().optional() }),
  z.strictObject({ ask: z.string().min(1) }),
])
export type ScriptItem = z.infer<typeof scriptItem>

/** A script file as people write it. */
export const scriptFile = z.strictObject({ actions: z.array(scriptItem).min(1), replies: z.array(z.unknown()).optional() })
export type ScriptFile = z.infer<typeof scriptFile>

/** The scripted agent's config as recorded: the script is a list whose `prev` is what follows. */
export const scriptedConfig = z.object({ script: listRef.nullable(), completion: z.record(z.string(), z.unknown()).optional() })
