import { hex } from '../../schemas/hash.ts'
import { formatRunId } from '../../schemas/record.ts'
import type { RunState } from './run-state.ts'

/** A run id as people read it, also when it is none. */
export const runName = (bytes: Uint8Array): string => (bytes.length === 16 ? formatRunId(bytes) : `"${hex(bytes).slice(0, 64)}"`)

export const damageText = (state: RunState): string =>
  `run ${formatRunId(state.runBytes)} is damaged at seq ${state.damage?.seq ?? '?'}: ${state.damage?.problem ?? ''}. Nothing was repaired; "kymo verify" shows what still holds, a bundle can be imported into a new store`
