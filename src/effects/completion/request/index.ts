export { plainRequest } from './plain.ts'
export { paramsOf, rebuildRequest } from './rebuild.ts'
export type { ReadText } from './segments.ts'
export type { KnownPrompts } from './segments.ts'
