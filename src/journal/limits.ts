/** Blobs up to this size live in LevelDB, larger ones as files: compaction copies every value it holds. */
export const SMALL_BLOB = 64 * 1024
/** An event names its texts by hash; a record over this size is a mistake or an attack. */
export const MAX_RECORD = 128 * 1024
export const MAX_EVENTS = 1024
/** Reactions foreseen in one append. */
export const MAX_CONSEQUENCES = 32
/** An append may assume a moment that is not longer ago than this. */
export const FORESEEN_MS = 2000
/** Records that one read takes from the store. */
export const PAGE = 1000
/** An answer fits into one NATS message whatever the server allows. */
export const MAX_REPLY = 512 * 1024
