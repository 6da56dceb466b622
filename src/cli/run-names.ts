import { age } from './format.ts'
import { usageError } from './usage-error.ts'

/** What a run can be chosen by. `id` is a UUID. */
export interface NamedRun { id: string; createdAt: number; interrupted?: boolean; about?: string }

/** A UUIDv7 begins with its millisecond: 13 characters tell most runs apart. */
const SHORT = 13

/** The beginning that names a run among others, for people to type. */
export function shortId(id: string, others: Iterable<string> = []): string {
  let length = SHORT
  for (const other of others) if (other !== id) while (length < id.length && other.startsWith(id.slice(0, length))) length++
  return id.slice(0, length).replace(/-$/, '')
}

const bare = (text: string): string => text.toLowerCase().replaceAll('-', '')

const shared = (a: string, b: string): number => {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}

const isLast = (name: string): boolean => name === '-' || name.toLowerCase() === 'last'

/**
 * The run that `name` means: an id, the beginning of one, or `-` or `last` for the newest.
 * Throws KYMO_UNKNOWN_RUN or KYMO_AMBIGUOUS_RUN, which lists what could be meant.
 */
export function chooseRun<T extends NamedRun>(name: string, runs: readonly T[], now: number, where: string): T {
  const newest = runs.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
  const first = newest[0]
  if (first === undefined) throw usageError(`There are no runs in ${where} yet. Begin one with: kymo run TASK (kymo task list shows the tasks).`, 'KYMO_UNKNOWN_RUN')
  if (isLast(name)) return first
  const typed = bare(name)
  const matches = typed === '' ? [] : newest.filter(({ id }) => bare(id).startsWith(typed))
  const [match] = matches
  if (match !== undefined && matches.length === 1) return match
  const ids = runs.map(({ id }) => id)
  const describe = (run: T): string => `${shortId(run.id, ids)} (${[run.about, age(now - run.createdAt)].filter((part) => part !== undefined && part !== '').join(', ')})`
  if (matches.length > 1) {
    const more = matches.length > 8 ? ` and ${matches.length - 8} more` : ''
    throw usageError(`${matches.length} runs begin with ${name}: ${matches.slice(0, 8).map(describe).join(', ')}${more}. Type more of the one you mean.`, 'KYMO_AMBIGUOUS_RUN')
  }
  const near = newest.toSorted((a, b) => shared(bare(b.id), typed) - shared(bare(a.id), typed))[0] ?? first
  throw usageError(`There is no run ${name.slice(0, 60)} in ${where}. The nearest is ${describe(near)}; "kymo list" shows all, and "last" names the newest.`, 'KYMO_UNKNOWN_RUN')
}
