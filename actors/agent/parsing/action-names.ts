/** What is left of a name when case, spaces and punctuation do not count: "Edit Script (AI)" and "edit_script_ai" agree. */
export const plainName = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

const MARKUP = /^[\s*_`'"“”[\]<>]+|[\s*_`'"“”[\]<>.,;:]+$/g

/**
 * The action that a line names, among those that there are: as written, or with other case, spaces, markup, or a remark behind it in
 * brackets or after a dash. Undefined when it names none of them: what a name might have meant is not guessed.
 */
export function resolveAction(line: string, names: readonly string[]): { name: string; repaired: boolean } | undefined {
  if (names.includes(line)) return { name: line, repaired: false }
  if (line.length > 300) return undefined
  const bare = line.replace(MARKUP, '')
  for (const candidate of [bare, bare.replace(/\s*#.*$/, ''), bare.replace(/\s+[-–—]\s.*$/, ''), bare.replace(/\s*\([^()]*\)?$/, '')]) {
    const plain = plainName(candidate)
    const found = plain === '' ? undefined : names.find((name) => plainName(name) === plain)
    if (found !== undefined) return { name: found, repaired: found !== bare && found !== line.trim() }
  }
  return undefined
}
