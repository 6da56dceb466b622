/** NATS subjects (architecture, section 11). */
export const requestSubject = (store: string, operation: string): string => `kymo.v1.journal.${store}.${operation}`
/** A run's records, a message for each commit. */
export const runEvents = (run: string): string => `kymo.v1.run.${run}.events`
/** Says that there is something for an actor, or for the runners, of a run that leaves actors to processes of their own. */
export const callSubject = (run: string, to: string): string => `kymo.v1.run.${run}.for.${to}`
export const callsFor = (to: string): string => callSubject('*', to)
export const outputSubject = (run: string): string => `kymo.v1.telemetry.${run}.output`
export const discoverSubject = 'kymo.v1.discover'
/** The run a subject speaks of, as 32 hex digits. */
export const runOfSubject = (subject: string): string => subject.split('.')[3] ?? ''
