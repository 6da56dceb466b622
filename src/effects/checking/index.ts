/** Proves a task: starter, reference and forgeries through the sandbox and the grader, without a store. */
export { checkTask } from './check-task.ts'
export type { CheckOptions, CheckedForgery, CheckedTask } from './check-task.ts'
