export { agentSettings, storeScript } from './agent-settings.ts'
export { checkKeys, checkModels, chooseModels } from './choose-models.ts'
export type { ModelChoice } from './choose-models.ts'
export { provenance } from './provenance.ts'
