import { z } from 'zod'

/** Settings of the tree search. */
export const treeSearchConfig = z.strictObject({
  drafts: z.int().min(1).max(10).default(3).describe('solutions written from scratch before any is improved'),
  max_nodes: z.int().min(1).max(1000).default(20).describe('solutions tried in all'),
  debug_depth: z.int().min(0).max(20).default(3).describe('repairs of a failing solution, one on top of the other, before it is left alone'),
  debug_share: z.number().min(0).max(1).default(0.5).describe('how often a failing solution is repaired, rather than the best one improved, when both can be done'),
  max_retries: z.int().min(0).max(20).default(3).describe('further requests when a reply holds no whole script'),
  script: z.string().default('').describe('the file that each solution is written to; empty: the starter script'),
})
export type TreeSearchConfig = z.infer<typeof treeSearchConfig>
