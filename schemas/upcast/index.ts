/**
 * Stored bytes are never rewritten: a change of meaning gets a new schema_version and a pure step vN -> vN+1 here, applied when read.
 * Keyed `type@version`. Empty while every type is at its first version.
 */
const STEPS: Readonly<Record<string, (payload: Record<string, unknown>) => Record<string, unknown>>> = {}

export function upcast(type: string, version: number, payload: Record<string, unknown>): Record<string, unknown> {
  let lifted = payload
  for (let at = version; ; at++) {
    const step = STEPS[`${type}@${at}`]
    if (step === undefined) return lifted
    lifted = step(lifted)
  }
}
