import { directionOf, labelOf, labelsIn } from './metric-names.ts'
import type { Direction, Label } from './metric-names.ts'
import { claimsBetter, comparisonIn, isBetter, isBetterment, isChange, trendAround } from './improvement-words.ts'
import { quantitiesIn } from './numbers.ts'
import type { Quantity } from './numbers.ts'
import { onOneScale } from './results.ts'
import type { Result } from './results.ts'
import { isDoubted, isGeneral, isHedged, isNegated } from './statements.ts'
import type { Statement } from './statements.ts'

export interface DeniedImprovement {
  /** what the statement is about, for telling repetitions */
  subject: string
  metric: string
  explanation: string
  /** the numbers in question, to be found in what was observed */
  quantities: Quantity[]
  /** recorded results that deny it */
  results: Result[]
}
interface Task { metric: string; higher_is_better: boolean }
/** The results of each script run that went well, oldest first. */
export type Runs = readonly (readonly Result[])[]

const ARROW = /^\s?(?:%|percent)?\s?(?:\([^()]{0,30}\)\s?)?(?:[\w ,-]{0,30}\s)?(?:to|→|->|-->|=>|⇒)\s?(?:only |just |a |an )?$/i
const ONLY_ARROW = /(?:→|->|=>|⇒)\s?$/
const ANOTHER_REFERENCE = /\b(?:previous\w*|earlier|last|prior|former|compared|versus|vs|than|over|from|failed|collapsed|epochs?|during|throughout|as training|progress\w*)\b/i
const WITHIN_A_RUN = /\b(?:epochs?|during|throughout|over time|as training|each iteration|steadily|gradually|converg\w*)\b/i
const SUBJECT = /\b(?:performance|scores?|results?|model|metric|accuracy|predictions?)\b/i
const BASELINE = /\b(?:baseline|starter|starting|original|initial)\b/i

/** Claims of an improvement that their own numbers, or the results recorded until then, deny. One at most for a statement. */
export function deniedImprovement(statement: Statement, task: Task, runs: Runs): DeniedImprovement | undefined {
  if (statement.planned || isDoubted(statement.text) || isGeneral(statement.text)) return undefined
  for (const part of new Set([...statement.clauses, statement.text])) {
    if (isHedged(part) || isNegated(part)) continue
    const labels = labelsIn(part)
    const quantities = quantitiesIn(part)
    const found = movedBetween(part, quantities, labels, task) ?? comparedWith(part, quantities, labels, task) ?? againstRecord(part, quantities, labels, task, runs)
    if (found !== undefined) return found
  }
  return undefined
}

/** "improved accuracy from A to B". */
function movedBetween(text: string, quantities: readonly Quantity[], labels: readonly Label[], task: Task): DeniedImprovement | undefined {
  for (const [index, left] of quantities.entries()) {
    const right = quantities[index + 1]
    if (right === undefined) continue
    const between = text.slice(left.end, right.at)
    const before = text.slice(0, left.at)
    const forwards = ARROW.test(between) && (/\bfrom (?:[\w-]+ ){0,4}(?:of )?$/i.test(before) || ONLY_ARROW.test(between))
    const backwards = /\bto $/i.test(before) && /^\s?(?:%|percent)?,? from $/i.test(between)
    if (!forwards && !backwards) continue
    const [a, b] = forwards ? [left, right] : [right, left]
    const label = labelOf(text, right, labels.filter(({ at }) => at >= right.end || at < left.at)) ?? labelOf(text, left, labels)
    if (label?.metric === false || (label === undefined && !SUBJECT.test(text))) continue
    const direction = directionOf(label, task)
    const trend = trendAround(text, left.at, right.end)
    const scaled = onOneScale(a, b, label?.name ?? '')
    if (direction === null || trend === undefined || trend === 'worse' || scaled === undefined || !isBetterment(trend, direction) || isBetter(...scaled, direction)) continue
    return denial(label?.name ?? task.metric, direction, a, b, `The statement calls a move from ${said(a)} to ${said(b)} an improvement`)
  }
  return undefined
}

/** "B, better than A". */
function comparedWith(text: string, quantities: readonly Quantity[], labels: readonly Label[], task: Task): DeniedImprovement | undefined {
  const comparison = comparisonIn(text)
  if (comparison === undefined) return undefined
  const results = quantities.flatMap((quantity) => {
    const label = labelOf(text, quantity, labels)
    return label?.metric === true || (label === undefined && quantity.percent) ? [{ quantity, label }] : []
  })
  const [first, second] = results
  if (first === undefined || second === undefined || results.length !== 2 || quantities.filter(({ percent, decimals }) => percent || decimals > 0).length > 2 || first.quantity.end > comparison.at || second.quantity.at < comparison.end) return undefined
  if (first.label !== undefined && second.label !== undefined && (first.label.name !== second.label.name || (first.label.split !== second.label.split && first.label.split !== '' && second.label.split !== ''))) return undefined
  if (isChange(text, first.quantity) || isChange(text, second.quantity)) return undefined
  const label = first.label ?? second.label
  const direction = directionOf(label, task)
  const scaled = onOneScale(second.quantity, first.quantity, label?.name ?? '')
  if (direction === null || scaled === undefined || !isBetterment(comparison.trend, direction) || isBetter(...scaled, direction)) return undefined
  return denial(label?.name ?? task.metric, direction, second.quantity, first.quantity, `The statement puts ${said(first.quantity)} above ${said(second.quantity)}`)
}

/** "improved accuracy to B" and "better than the baseline", against what the runs until then printed. */
function againstRecord(text: string, quantities: readonly Quantity[], labels: readonly Label[], task: Task, runs: Runs): DeniedImprovement | undefined {
  if (!claimsBetter(text) || WITHIN_A_RUN.test(text)) return undefined
  const results = quantities.flatMap((quantity) => {
    const label = labelOf(text, quantity, labels)
    return label?.metric === true && !label.time ? [{ quantity, label }] : []
  })
  const [said1] = results
  if (results.length > 1 || (said1 === undefined && quantities.length > 0)) return undefined
  const label = said1?.label ?? labels.find(({ metric, time }) => metric && !time)
  const direction = label === undefined ? null : directionOf(label, task)
  if (label === undefined || direction === null || labels.some((other) => other.metric && other.name !== label.name)) return undefined
  const all = runs.map((run) => run.filter((result) => result.label.name === label.name && (label.split === '' || result.label.split === label.split))).filter((run) => run.length > 0)
  const [baseline] = all
  if (baseline === undefined) return undefined
  const worse = (mine: Quantity, theirs: readonly Result[]): boolean => theirs.every(({ quantity }) => {
    const scaled = onOneScale(quantity, mine, label.name)
    return scaled !== undefined && isBetter(scaled[1], scaled[0], direction)
  })
  if (said1 !== undefined) {
    if (!/\b(?:to|at|of|is|was|:|=|achieved|reached|got|obtained)\s*(?:an? )?(?:[\w ]{0,24}\bof )?$/i.test(text.slice(0, said1.quantity.at)) || isChange(text, said1.quantity)) return undefined
    if (ANOTHER_REFERENCE.test(text) && !BASELINE.test(text)) return undefined
    if (!worse(said1.quantity, baseline)) return undefined
    return { subject: `${label.name} ${said1.quantity.text}`, metric: label.name, quantities: [said1.quantity], results: [...baseline], explanation: `${said(said1.quantity)} is called an improvement, but the first run that printed ${label.name} had a better value, and for ${label.name} ${better(direction)} is better.` }
  }
  if (!BASELINE.test(text) || all.length < 2) return undefined
  if (!all.slice(1).every((run) => run.every(({ quantity }) => worse(quantity, baseline)))) return undefined
  return { subject: `${label.name} baseline`, metric: label.name, quantities: [], results: [...baseline, ...all.slice(1).flat()], explanation: `Every later run printed a worse ${label.name} than the first one; for ${label.name} ${better(direction)} is better.` }
}

const better = (direction: Direction): string => (direction === 'up' ? 'higher' : 'lower')
const said = ({ text, percent }: Quantity): string => `${text}${percent ? ' %' : ''}`

const denial = (metric: string, direction: Direction, a: Quantity, b: Quantity, opening: string): DeniedImprovement => ({
  subject: `${metric} ${a.text} ${b.text}`, metric, quantities: [a, b], results: [],
  explanation: `${opening}, but for ${metric} ${better(direction)} is better${a.value === b.value ? ' and the two are equal' : ''}.`,
})
