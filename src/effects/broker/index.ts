/** Services that scripts reach through a socket in their sandbox: a library of papers, and a model whose key stays outside. */
export { openBroker } from './broker.ts'
export type { Broker, BrokerOptions } from './broker.ts'
export { brokerFor, servedFolder } from './for-task.ts'
export { servicesOf } from './services-of.ts'
export { usedOf } from './tally.ts'
