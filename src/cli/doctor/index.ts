/** What this machine has and lacks. */
export { canRun, doctor } from './doctor.ts'
export type { DoctorOptions } from './doctor.ts'
export type { DoctorRow } from './row.ts'
