export { plainRequest } from './plain.ts'
export { rebuildRequest } from './rebuild.ts'
export type { ReadText } from './segments.ts'
