import type { Direction } from './metric-names.ts'
import type { Quantity } from './numbers.ts'

/** What a word claims: that a number grew, that it shrank, that it became better, or that it became worse. */
export type Trend = Direction | 'better' | 'worse'

const MOVES: ReadonlyArray<readonly [Trend, RegExp]> = [
  ['worse', /\b(?:worsen\w*|degrad\w*|deteriorat\w*|hurts?|harm\w*|worse)\b/gi],
  ['better', /\b(?:improved|improves|improvements?|improving|better|enhanced|progress(?:ed)?)\b/gi],
  ['up', /\b(?:increased|increases|increase|increasing|raised|raises|boosted|boosts|rose|risen|grew|gained|climbed|jumped)\b/gi],
  ['down', /\b(?:decreased|decreases|decrease|decreasing|reduced|reduces|reduction|reducing|lowered|lowers|dropped|drops|fell|cut|declined|shrank)\b/gi],
]
const COMPARISONS: ReadonlyArray<readonly [Trend, RegExp]> = [
  ['better', /\b(?:better than|(?:an? )?(?:\w+ )?improvement (?:over|on|upon|from|compared (?:to|with))|improv(?:ed|es|ing) (?:on|upon|over)|outperform(?:s|ed|ing)|beats?|beating|surpass(?:es|ed|ing)|superior to|improved (?:compared (?:to|with)|from|relative to))\b/i],
  ['up', /\b(?:higher than|greater than|above|exceed(?:s|ed|ing)|up from|more than)\b/i],
  ['down', /\b(?:lower than|smaller than|less than|below|down from|faster than)\b/i],
]

/** The nearest word before `at` (or, where there is none, shortly behind `end`) that says where a number went. "to improve" is an aim. */
export function trendAround(text: string, at: number, end: number): Trend | undefined {
  let found: { trend: Trend; at: number } | undefined
  for (const [trend, pattern] of MOVES) {
    for (const match of text.matchAll(pattern)) {
      if (/\bto $/i.test(text.slice(0, match.index))) continue
      const place = match.index < at ? match.index : match.index - end < 45 ? -match.index : undefined
      if (place !== undefined && (place < 0 || at - place <= 130) && (found === undefined || place > found.at)) found = { trend, at: place }
    }
  }
  return found?.trend
}

/** "better than", "up from": what stands before is said to beat what stands behind. */
export function comparisonIn(text: string): { trend: Trend; at: number; end: number } | undefined {
  for (const [trend, pattern] of COMPARISONS) {
    const match = pattern.exec(text)
    if (match !== null) return { trend, at: match.index, end: match.index + match[0].length }
  }
  return undefined
}

export const claimsBetter = (text: string): boolean => /\b(?:improved|improves|improvements?|better|outperform\w*|beats?|beat|surpass\w*|exceed(?:s|ed))\b/i.test(text)

/** Does the word claim something better, by the metric's direction? */
export const isBetterment = (trend: Trend, direction: Direction): boolean => trend === 'better' || trend === direction

/** Is b really better than a? */
export const isBetter = (a: number, b: number, direction: Direction): boolean => (direction === 'up' ? b > a : b < a)

const CHANGE_BEFORE = /\b(?:by|improvement|increase|gain|drop|reduction|decrease|difference|gap|change|margin|delta|speed-?up|relative|boost|jump)\s*(?:of|is|was|:|=|in [\w ]{1,24} of)?\s*(?:[+-]\s*)?$/i
const CHANGE_BEHIND = /^\s?(?:%|percent)?\s?-?(?:absolute |relative |percentage |accuracy )?(?:points?|pp\b|pts\b|times\b|x\b|fold\b|percentage|higher|lower|better|worse|improvement|increase|reduction|relative|gain|drop|decrease|more|less|faster|slower|speed-?up|difference)/i

/** A number that says how much something changed, not what it is: "by 3.2 points", "a gain of 22 %". */
export const isChange = (text: string, { at, end }: Pick<Quantity, 'at' | 'end'>): boolean => CHANGE_BEFORE.test(text.slice(0, at)) || CHANGE_BEHIND.test(text.slice(end))
