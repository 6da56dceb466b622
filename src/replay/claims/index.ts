/** The claim checker: statements of an agent that its own log does not support. */
export { checkClaims } from './check-claims.ts'
export { claimsOf } from './claims-of.ts'
export type { ClaimKind, ClaimReport, ClaimRun, ClaimStep, Evidence, Execution, Finding, Where } from './types.ts'
