/** The data of tasks: made once per machine, kept in a cache that all runs share, named by what it is made from. */
export { LOCK_FILE, readDataLock } from './data-lock.ts'
export { findData, isQuick, prepareData } from './prepare-data.ts'
export type { PrepareData } from './prepare-data.ts'
export { layerFolder } from './prepared-data.ts'
export type { PreparedData } from './prepared-data.ts'
