export { costOf } from './cost.ts'
export { parseProviderLimits } from './gate/index.ts'
export { completionHandler } from './handler.ts'
export { rebuildRequest } from './request/index.ts'
