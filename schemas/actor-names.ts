/**
 * The actors of a run. An instance is `executor/3`: created by a request, stepped apart, dropped at its answer. What an instance
 * asks for itself goes to an instance below it, `llm-tool/8/2`.
 */
export const ACTORS = ['agent', 'environment', 'executor', 'llm-tool', 'evaluator'] as const
export type ActorName = (typeof ACTORS)[number]

const NAME = /^(agent|environment|executor|llm-tool|evaluator|scheduler)(?:\/[1-9][0-9]{0,9}){0,2}$/

/** True for what owns an inbox; "runner", "journal", "user" and "" do not. */
export const isActor = (name: string): boolean => NAME.test(name)

/** `executor/3` -> `executor`. */
export const actorKind = (name: string): string => name.split('/', 1)[0] ?? name

/** True for what a request creates and its answer ends. */
export const isInstance = (name: string): boolean => name.includes('/')

/** Who may stand in an envelope's from and to. */
export const isAddress = (name: string): boolean => name === '' || name === 'runner' || name === 'journal' || name === 'user' || isActor(name)
