import { kymo } from '../../schemas/generated/messages.js'

export const Decision = kymo.v1.journal.Decision
export type Decision = kymo.v1.journal.Decision

/** Name of a decision as people read it. */
export const decisionName = (decision: Decision): string =>
  Object.entries(Decision).find(([, value]) => value === decision)?.[0].toLowerCase() ?? String(decision)
