import { isChange } from './improvement-words.ts'
import { labelOf, labelsIn } from './metric-names.ts'
import type { Label } from './metric-names.ts'
import type { NumberPool } from './number-pool.ts'
import { quantitiesIn } from './numbers.ts'
import type { Quantity } from './numbers.ts'
import { isGeneral, isHedged, isNegated } from './statements.ts'
import type { Statement } from './statements.ts'

export interface UnseenNumber { quantity: Quantity; label: Label }

const VAGUE = /(?:\b(?:about|around|roughly|approximately|approx\.?|circa|nearly|almost|close to|over|under|above|below|at least|at most|more than|less than|greater than|higher than|lower than|up to|within|between|exceed\w*|near|range of|than)\s*(?:the\s)?|[~≈<>≥≤±]=?\s*|\+\/?-\s*)$/i
const AGGREGATE = /\b(?:mean|means|average\w*|avg|std|standard deviation|deviation|median|sum|total|combined|aggregate\w*|weighted|variance|interval)\b/i
const COMPUTED = /\b(?:ratio|relative|improvement|difference|gap|gain|reduction|margin|times|twice|half)\b|\d\s?[-/]\s?\d|\)\s?[/=]/i
const OF_SOMETHING_ELSE = /^\s?(?:%|percent)?\s?(?:of\b|split|confidence|dropout|hold-?out|validation (?:split|set)|ci\b|quantile|percentile)/i

/**
 * Results in a statement that nothing seen supports. Only numbers that the sentence calls a result are asked about: counts,
 * settings, steps, vague numbers and averages are not.
 */
export function unseenNumbers(statement: Statement, seen: NumberPool): UnseenNumber[] {
  if (statement.planned || isGeneral(statement.text)) return []
  return statement.clauses.flatMap((clause) => {
    if (isHedged(clause) || isNegated(clause) || AGGREGATE.test(clause.replace(/\bmean (?=absolute|squared)/gi, ''))) return []
    const labels = labelsIn(clause)
    return quantitiesIn(clause).flatMap((quantity) => {
      const label = labelOf(clause, quantity, labels)
      return label !== undefined && isResult(clause, quantity, label) && !supported(clause, quantity, label, seen) ? [{ quantity, label }] : []
    })
  })
}

function isResult(clause: string, quantity: Quantity, label: Label): boolean {
  if (!label.metric || VAGUE.test(clause.slice(0, quantity.at)) || OF_SOMETHING_ELSE.test(clause.slice(quantity.end)) || /^\s?(?:million|billion|thousand|k\b)/i.test(clause.slice(quantity.end))) return false
  if (label.time) return quantity.decimals > 0 && /^\s?(?:s|sec|secs|seconds|ms|milliseconds)\b/.test(clause.slice(quantity.end))
  return quantity.decimals > 0 || quantity.percent || (label.direction === 'down' && quantity.value >= 1000) || (label.direction === 'up' && quantity.value >= 10 && quantity.value <= 100)
}

function supported(clause: string, quantity: Quantity, label: Label, seen: NumberPool): boolean {
  if (quantity.value === 0 || seen.shows(quantity)) return true
  if (label.time && seen.showsInOtherUnits(quantity)) return true
  return (isChange(clause, quantity) || COMPUTED.test(clause)) && seen.follows(quantity)
}
