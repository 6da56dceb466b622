/**
 * Whether a normalised path matches a glob: `?` is one character, `*` any within a name (a leading dot included), a `**` name
 * any number of names. Linear per name and names times names per path: no glob can make it hang.
 */
export function matchesGlob(glob: string, path: string): boolean {
  return matchSequence(glob.split('/'), path.split('/'), '**', matchesName)
}

const matchesName = (pattern: string, name: string): boolean => matchSequence([...pattern], [...name], '*', (one, char) => one === '?' || one === char)

/** `any` in the pattern stands for any number of items. Greedy with one point of return, which is enough: a later `any` swallows what an earlier one could. */
function matchSequence(pattern: readonly string[], items: readonly string[], any: string, matches: (one: string, item: string) => boolean): boolean {
  let at = 0
  let from = 0
  let anyAt = -1
  let anyFrom = 0
  while (from < items.length) {
    const one = pattern[at]
    if (one === any) {
      anyAt = at++
      anyFrom = from
    } else if (one !== undefined && matches(one, items[from] ?? '')) {
      at++
      from++
    } else if (anyAt >= 0) {
      at = anyAt + 1
      from = ++anyFrom
    } else return false
  }
  while (pattern[at] === any) at++
  return at === pattern.length
}

/** A glob in the spelling of normalised paths: ./data/* is data/*, data/ is data. */
const normaliseGlob = (glob: string): string => glob.split('/').filter((part) => part !== '' && part !== '.').join('/')

/** The glob that protects this path or a directory it lies in, if there is one. */
export function protectingGlob(globs: readonly string[], path: string): string | undefined {
  const prefixes = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))
  return globs.find((glob) => {
    const normal = normaliseGlob(glob)
    return normal !== '' && prefixes.some((prefix) => matchesGlob(normal, prefix))
  })
}
