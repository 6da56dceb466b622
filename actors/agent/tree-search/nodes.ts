import type { TextValue } from '../../protocol.ts'
import type { TreeSearchConfig } from './config.ts'

export type Kind = 'draft' | 'debug' | 'improve'

/** A solution that was tried: a tree of the workspace, how it came about and what came of it. */
export interface Node {
  id: number
  /** 0: the task's own files */
  parent: number
  kind: Kind
  /** hash of the workspace after its script ran */
  tree: string
  code: TextValue
  output: TextValue
  /** what was tried and what came of it, in a sentence or two */
  summary: TextValue
  metric: number | null
  worked: boolean
  /** repairs on the way from the last solution that was not a repair */
  repairs: number
  children: number
}

/** What to try next: a kind, and the solution it begins from (none for a draft). */
export interface Choice { kind: Kind; parent: Node | undefined }

/** Solutions kept in mind; a context may not grow with the run. */
export const MAX_NODES = 20

/** The best solution that worked, the earlier one of equals. */
export function bestOf(nodes: readonly Node[], higherIsBetter: boolean): Node | undefined {
  let best: Node | undefined
  for (const node of nodes) {
    if (!node.worked || node.metric === null) continue
    if (best === undefined || best.metric === null || (higherIsBetter ? node.metric > best.metric : node.metric < best.metric)) best = node
  }
  return best
}

/**
 * The search: first drafts, then either a repair of a solution that failed and was not repaired yet, or an improvement of the best one
 * (in the spirit of AIDE, Jiang et al. 2025, arXiv 2502.13138). `chance` are two numbers from 0 to 1 of the run's own stream.
 */
export function choose(nodes: readonly Node[], drafted: number, higherIsBetter: boolean, config: TreeSearchConfig, chance: readonly [number, number]): Choice {
  if (drafted < config.drafts) return { kind: 'draft', parent: undefined }
  const best = bestOf(nodes, higherIsBetter)
  const failing = nodes.filter((node) => !node.worked && node.children === 0 && node.repairs < config.debug_depth)
  const picked = failing[Math.min(failing.length - 1, Math.floor(chance[1] * failing.length))]
  if (picked !== undefined && (best === undefined || chance[0] < config.debug_share)) return { kind: 'debug', parent: picked }
  return best === undefined ? { kind: 'draft', parent: undefined } : { kind: 'improve', parent: best }
}

/** The nodes with one more; when there are too many, the oldest that is neither the best nor still to be repaired is forgotten. */
export function remember(nodes: readonly Node[], node: Node, higherIsBetter: boolean, config: TreeSearchConfig): Node[] {
  const all = [...nodes.map((one) => (one.id === node.parent ? { ...one, children: one.children + 1 } : one)), node]
  if (all.length <= MAX_NODES) return all
  const best = bestOf(all, higherIsBetter)
  const open = (one: Node): boolean => !one.worked && one.children === 0 && one.repairs < config.debug_depth
  const others = all.filter((one) => one !== best && one !== all.at(-1))
  const forgotten = others.find((one) => !open(one)) ?? others[0]
  return all.filter((one) => one !== forgotten)
}

/** The n-th number, 0 to 1, of the stream that a seed names (mulberry32, public domain): the same in every replay. */
export function chanceAt(seed: number, n: number): number {
  let state = (seed ^ Math.imul(n + 1, 0x9e3779b1)) >>> 0
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
}
