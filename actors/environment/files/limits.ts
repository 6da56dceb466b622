const MIB = 1024 * 1024

/** What Read File and Undo Edit Script show at most, in bytes. */
export const READ_LIMIT = MIB
/** Files above this are for scripts: file actions neither show nor extend them. */
export const FILE_LIMIT = 64 * MIB
/** Inspect Script Lines shows this many lines, first and last included. */
export const INSPECT_LIMIT = 100
/** Inspect Script Lines shows this much of one line, in UTF-16 units. */
export const LINE_LIMIT = 10_000
/** List Files names this many entries. */
export const LIST_LIMIT = 2_000
/** A script that a model reads or rewrites as a whole has at most this many bytes. */
export const SOURCE_LIMIT = MIB
/** What the observation of an edit shows of its diff, in UTF-16 units. */
export const DIFF_LIMIT = 40_000
/** Lines that may differ before a diff is no longer minimal: its cost grows with the square of them. */
export const DIFF_EFFORT = 1_000
