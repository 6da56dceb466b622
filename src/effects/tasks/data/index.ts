/** The data of tasks: made once per machine, kept in a cache that all runs share, named by what it is made from. */
export { listCache, pruneCache } from './cache-listing.ts'
export type { CacheState, CachedFolder } from './cache-listing.ts'
export { LOCK_FILE, readDataLock } from './data-lock.ts'
export { findData, isLarge, isQuick, prepareData } from './prepare-data.ts'
export type { PrepareData } from './prepare-data.ts'
export { layerFolder } from './prepared-data.ts'
export type { PreparedData } from './prepared-data.ts'
