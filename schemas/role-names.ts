/** Who in a run calls a model: the agent itself, the cheaper one for summaries and reading, the one for edits of scripts. Apart from its schemas, so that help is there at once. */
export const ROLES = ['model', 'fast', 'edit'] as const
export type Role = (typeof ROLES)[number]
