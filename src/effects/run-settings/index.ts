export { agentSettings, storeScript } from './agent-settings.ts'
export { chooseModels, roleOverride } from './choose-models.ts'
export type { ModelChoice } from './choose-models.ts'
export { provenance } from './provenance.ts'
