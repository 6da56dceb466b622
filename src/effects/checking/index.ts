/** Proves tasks: starter, reference and forgeries through the sandbox and the grader, without a store. */
export { checkTask } from './check-task.ts'
export type { CheckOptions, CheckedTask } from './check-task.ts'
export type { CheckedForgery } from './check-forgery.ts'
export { checkTasks, jobsHere } from './check-tasks.ts'
export type { HinderedTask } from './check-tasks.ts'
