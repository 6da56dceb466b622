/** A text by its blob; `text` once somebody read it. */
export interface TextRef { ref: string; bytes: number; text?: string }

export const refOf = (value: { ref?: string; bytes?: number } | undefined): TextRef | null => (value?.ref === undefined ? null : { ref: value.ref, bytes: value.bytes ?? 0 })
