/** Blobs up to this size live in LevelDB, larger ones as files: compaction copies every value it holds. */
export const SMALL_BLOB = 64 * 1024
/** An event names its texts by hash; a record over this size is a mistake or an attack. */
export const MAX_RECORD = 128 * 1024
export const MAX_EVENTS = 1024
/** Records that one read takes from the store. */
export const PAGE = 1000
/** An answer fits into one NATS message whatever the server allows. */
export const MAX_REPLY = 512 * 1024
