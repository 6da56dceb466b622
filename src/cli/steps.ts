import type { KymoError } from '../../schemas/errors.ts'
import { treeAfter } from '../replay/index.ts'
import type { StepIndex } from '../replay/index.ts'
import { count } from './format.ts'
import { usageError } from './usage-error.ts'

export interface RunTrees { runId: string; index: StepIndex }

/** The workspace's tree after a step, or now. Throws KYMO_UNKNOWN_STEP. */
export function chooseTree({ index }: RunTrees, step: number | undefined): { tree: string; step: number; words: string } {
  const last = index.steps.length
  const chosen = step ?? last
  const tree = treeAfter(index, chosen)
  if (tree === undefined) throw unknownStep(chosen, last)
  return { tree, step: chosen, words: chosen === 0 ? 'at the start' : step === undefined ? `at the end (step ${chosen})` : `after step ${chosen}` }
}

/** Says how far the run came. */
export const unknownStep = (step: number, last: number): KymoError =>
  usageError(last === 0 ? `There is no step ${step}: the run has no steps yet.` : `There is no step ${step}: the run has ${count(last, 'step')}. Type a number from 1 to ${last}, like --step ${last}.`, 'KYMO_UNKNOWN_STEP')
