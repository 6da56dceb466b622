export { Decision, decisionName } from './decision.ts'
export { isGone, thisHolder } from './holder.ts'
export type { Holder } from './holder.ts'
export { Journal } from './journal.ts'
export { MAX_CONSEQUENCES, MAX_RECORD, SMALL_BLOB } from './limits.ts'
export type { CommittedRecord } from './group.ts'
export type { JournalOptions } from './journal.ts'
export { OPERATIONS } from './journal-port.ts'
export type { JournalPort, OperationName, Reply, Request } from './journal-port.ts'
export type { KeyValueStore, Operation } from './key-value-store.ts'
export { MemoryStore } from './memory-store.ts'
export { Witness } from './witness.ts'
/** LevelDB loads a native module: only the process that owns a store pays for it. */
export const openLevelStore = async (directory: string) => (await import('./level-store.ts')).LevelStore.open(directory)
