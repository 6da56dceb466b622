const KEPT = 64

/** A pure reading of a text that remembers the last few: the same settings are read at every step. What it gives is shared, and must not be changed. */
export function readOnce<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, { value: T }>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before.value
    const value = read(text)
    if (known.size >= KEPT) known.clear()
    known.set(text, { value })
    return value
  }
}
