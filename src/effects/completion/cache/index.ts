/** Answers that the store remembers by their request, for roles that ask for it. */
export { cachedAnswer, keepAnswer, withCache } from './cache.ts'
