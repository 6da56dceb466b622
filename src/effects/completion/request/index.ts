export { rebuildRequest } from './rebuild.ts'
export type { ReadText } from './segments.ts'
