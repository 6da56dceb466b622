/** Scores a tree where the submission cannot reach. */
export { gradeTree } from './grade-tree.ts'
export type { Grading } from './grade-tree.ts'
