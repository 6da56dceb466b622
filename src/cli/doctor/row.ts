/** One thing that Kymo needs or can use. `fix` is what to type, '' where nothing is to be done. */
export interface DoctorRow { what: string; state: 'ok' | 'missing' | 'too old' | 'warning'; detail: string; fix: string }

export const ok = (what: string, detail: string): DoctorRow => ({ what, state: 'ok', detail, fix: '' })

/** Whether a version is at least another, part by part. */
export function atLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => (/\d+(\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number)) as [number[], number[]]
  for (let index = 0; index < want.length; index++) {
    const difference = (have[index] ?? 0) - (want[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}
