import type { Holder } from './holder.ts'

/** Who serves a run, and which of its actors live in processes of their own. */
export interface Serving {
  /** empty: nobody since `at` */
  session: string
  holder: Holder | null
  apart: ReadonlySet<string>
  /** milliseconds since 1970 when it was last known to be served */
  at: number
  /** this journal heard from the session that it serves the run; timers run only then */
  confirmed: boolean
}

export const encodeServing = ({ session, holder, apart, at }: Serving): Uint8Array => Buffer.from(JSON.stringify({ session, holder, apart: [...apart], at }))

/** A row that does not decode says that the run was not served: it is a hint, not history. */
export function decodeServing(bytes: Uint8Array): Serving | undefined {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString()) as Partial<Record<string, unknown>> | null
    if (value === null || typeof value['at'] !== 'number' || typeof value['session'] !== 'string' || !Array.isArray(value['apart'])) return undefined
    return { session: value['session'], holder: (value['holder'] as Holder | null | undefined) ?? null, apart: new Set(value['apart'].map(String)), at: value['at'], confirmed: false }
  } catch {
    return undefined
  }
}
