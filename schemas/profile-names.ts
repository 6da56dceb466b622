/** The two sizes of a task; their scores never share a table. Apart from its schemas, so that help is there at once. */
export const PROFILES = ['small', 'full'] as const

/** What every command takes where none is named: it needs no download. */
export const DEFAULT_PROFILE = 'small' satisfies (typeof PROFILES)[number]
