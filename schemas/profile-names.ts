/** The two sizes of a task; their scores never share a table. Apart from its schemas, so that help is there at once. */
export const PROFILES = ['small', 'full'] as const
