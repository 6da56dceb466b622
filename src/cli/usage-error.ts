import { KymoError } from '../../schemas/errors.ts'

/** Codes that mean the command line was wrong: exit code 2. */
const USAGE = new Set([
  'KYMO_USAGE', 'KYMO_UNKNOWN_TASK', 'KYMO_UNKNOWN_AGENT', 'KYMO_UNKNOWN_ACTION', 'KYMO_UNKNOWN_RUN', 'KYMO_UNKNOWN_STEP', 'KYMO_AMBIGUOUS_RUN', 'KYMO_RUN_ID', 'KYMO_AGENT_CONFIG',
  'KYMO_BAD_SANDBOX', 'KYMO_MODEL', 'KYMO_NO_KEY', 'KYMO_ANSWERS', 'KYMO_ADDED_ACTIONS', 'KYMO_NO_STORE', 'KYMO_SCRIPT_FILE', 'KYMO_TASK_NAME',
])

export const isUsage = (error: unknown): boolean => error instanceof KymoError && USAGE.has(error.code)

/** The command line asks for something that cannot be; `message` says what to type instead. */
export const usageError = (message: string, code = 'KYMO_USAGE'): KymoError => new KymoError(code, message)
