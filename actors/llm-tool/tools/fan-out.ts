import type { TextValue } from '../../protocol.ts'

/** One completion's share of a tool's work: characters of the document or, after the first level, reports of the level before. */
export interface Job {
  from: number
  to: number
  /** number of the first line of a stretch of the document */
  line: number
  /** number of the instance that was asked last; 0: not asked yet */
  call: number
  answer: TextValue | null
}

/** Completions of one tool that are under way at once. */
export const MAX_OPEN = 4
/** Bytes of reports that one merging completion reads, unless two alone are longer. */
export const MERGED_BYTES = 20_000

export const isOpen = ({ call, answer }: Job): boolean => call > 0 && answer === null
export const openCalls = (jobs: readonly Job[]): number[] => jobs.filter(isOpen).map(({ call }) => call)
export const isRead = (jobs: readonly Job[]): boolean => jobs.every(({ answer }) => answer !== null)

/** Gives the next jobs their numbers, in order, as many as may be open at once. */
export function startJobs(jobs: readonly Job[], asked: number): { jobs: Job[]; asked: number; started: Job[] } {
  let free = MAX_OPEN - openCalls(jobs).length
  let count = asked
  const started: Job[] = []
  const next = jobs.map((job) => {
    if (free <= 0 || job.call > 0 || job.answer !== null) return job
    free--
    count++
    const begun = { ...job, call: count }
    started.push(begun)
    return begun
  })
  return { jobs: next, asked: count, started }
}

/** Bytes of a text in the store; of one that is not there yet at least its characters. */
const sizeOf = (value: TextValue): number => value.bytes ?? value.text?.length ?? 0

/**
 * The next level: neighbouring reports in groups of two or more, as many as fit together. One that is left over goes up as it is.
 * Each level has at most half as many jobs, rounded up, so that there is a last one.
 */
export function mergingJobs(parts: readonly TextValue[]): Job[] {
  const jobs: Job[] = []
  for (let from = 0; from < parts.length;) {
    let to = from
    let bytes = 0
    for (let part = parts[to]; part !== undefined && (to - from < 2 || bytes + sizeOf(part) <= MERGED_BYTES); part = parts[to]) {
      bytes += sizeOf(part)
      to++
    }
    jobs.push({ from, to, line: 0, call: 0, answer: to - from === 1 ? (parts[from] ?? null) : null })
    from = to
  }
  return jobs
}
