import { labelOf, labelsIn } from './metric-names.ts'
import type { Label } from './metric-names.ts'
import { quantitiesIn } from './numbers.ts'
import type { Quantity } from './numbers.ts'

/** What a script printed about a metric at last. */
export interface Result { step: number; label: Label; quantity: Quantity; quote: string }

const LONGEST_LINE = 400
const QUOTE = 160
/** Only the end of a long log matters here: a metric's last value. */
const LAST_LINES = 400

/** The last value of each metric, and of each of its splits, in a script's output. */
export function resultsOf(step: number, output: string): Result[] {
  const last = new Map<string, Result>()
  for (const line of output.split('\n').slice(-LAST_LINES)) {
    if (line.length > LONGEST_LINE || !/\d/.test(line)) continue
    const labels = labelsIn(line)
    if (!labels.some(({ metric }) => metric)) continue
    for (const quantity of quantitiesIn(line)) {
      const label = labelOf(line, quantity, labels)
      if (label?.metric === true) last.set(`${label.split} ${label.name}`, { step, label, quantity, quote: line.trim().slice(0, QUOTE) })
    }
  }
  return [...last.values()]
}

/** Two results on one scale, percentages where one of them is one; undefined where that is unclear. */
export function onOneScale(a: Quantity, b: Quantity, name: string): [number, number] | undefined {
  if (a.percent !== b.percent) {
    const [percent, other] = a.percent ? [a, b] : [b, a]
    const scaled = other.value <= 1 && percent.value > 1 ? other.value * 100 : other.value
    return a.percent ? [a.value, scaled] : [scaled, b.value]
  }
  if (a.percent || !SHARES.has(name) || (a.value <= 1) === (b.value <= 1)) return [a.value, b.value]
  return undefined
}

/** Metrics that are written as fractions or as percentages. */
const SHARES = new Set(['accuracy', 'auc', 'auroc', 'roc auc', 'f1', 'f1 score', 'f1-score', 'dice', 'iou', 'precision', 'recall', 'error rate', 'error', 'sensitivity', 'specificity'])
