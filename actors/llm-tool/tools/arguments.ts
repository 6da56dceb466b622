/** The arguments of a tool, as they came; undefined when they are no JSON object. */
export function argumentsOf(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json === '' ? '{}' : json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** A file's name as prompts show it: one line, no quotes, not too long. */
export const shownName = (value: unknown): string => String(typeof value === 'string' ? value : '').replace(/[\p{Cc}"<>\u2028\u2029]/gu, ' ').trim().slice(0, 300).toWellFormed() || 'unnamed'
