/** NATS subjects (architecture, section 11). An instance `executor/3` becomes two tokens, `executor.3`. */
export const requestSubject = (store: string, operation: string): string => `kymo.v1.journal.${store}.${operation}`
export const eventSubject = (run: string, to: string): string => `kymo.v1.run.${run}.event.${to === '' ? 'none' : to.replace('/', '.')}`
export const runEvents = (run: string): string => `kymo.v1.run.${run}.event.>`
/** Everything sent to one actor of any run, and to its instances. */
export const actorEvents = (actor: string): string[] => [`kymo.v1.run.*.event.${actor}`, `kymo.v1.run.*.event.${actor}.>`]
export const cancelEvents = 'kymo.v1.run.*.event.runner'
export const outputSubject = (run: string): string => `kymo.v1.telemetry.${run}.output`
export const discoverSubject = 'kymo.v1.discover'
/** The run a subject speaks of, as 32 hex digits. */
export const runOfSubject = (subject: string): string => subject.split('.')[3] ?? ''
