/** Scores a tree where the submission cannot reach. */
export { gradeTree } from './grade-tree.ts'
export type { Grading, GradingData } from './grade-tree.ts'
