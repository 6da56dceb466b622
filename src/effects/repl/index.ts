/** Python that keeps its variables between the commands of an agent. */
export { MAX_COMMAND_BYTES, ReplSession } from './session.ts'
export type { ReplCommand, ReplOptions, ReplReason, ReplResult } from './session.ts'
export { replHandler } from './repl-handler.ts'
