/** Who may call a provider now, over all runs and processes of a store. */
export { DEFAULT_CONCURRENT, countedAs, limitsFor, parseProviderLimits } from './limits.ts'
export type { LimitTable, ProviderLimits } from './limits.ts'
export { withGate } from './with-gate.ts'
