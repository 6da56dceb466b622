import type { Quantity } from './numbers.ts'

export type Direction = 'up' | 'down'
/** What a number is said to be: a result by its metric, or something else (epochs, a learning rate). */
export interface Label { metric: boolean; thing: boolean; name: string; direction: Direction | null; /** train, test, validation ...; '' when it is not said */ split: string; at: number; end: number; time: boolean }

const UP = String.raw`(?:test |train(?:ing)? |validation |val |balanced )?accurac(?:y|ies)|acc|auc|auroc|roc[- ]auc|auprc|f1(?:[- ]score)?|f-?score|dice(?: score| coefficient)?|iou|jaccard|precision|recall|r2|r\^2|r²|bleu|rouge(?:-\w)?|map@\d+|spearman|pearson|correlation|kappa|mcc|ndcg|speed-?up|throughput|sensitivity|specificity|win rate`
const TIME = String.raw`run-?times?|run time|(?:running|execution|training|inference|wall(?:-?clock)?|elapsed|total) time|latency|time|duration`
const DOWN = String.raw`loss(?:es)?|error(?: rate)?|mae|mse|rmse|rmsle|mcrmse|s?mape|nll|perplexity|ppl|log[- ]?loss|cross[- ]entropy|wer|cer|eer|fid|bpb|bpc|(?:root )?mean (?:squared|absolute) error`
/** Settings: the next number is their value, a few words later too. */
const SETTING = String.raw`number of \w+|batch size|learning rates?|lr|dropout (?:rates?|probabilit(?:y|ies))|probability|p|rate|weight decay|momentum|alpha|beta|gamma|lambda|threshold|depth|width|sizes?|confidence|patience|exit codes?|temperature|limit|kernel|stride|padding|decay|warmup|percentile|quantile|ratio|budget`
/** Things that a number counts or picks when it stands right beside them: "5 epochs", "step 3". */
const THING = String.raw`epochs?|steps?|iterations?|layers?|filters?|units?|neurons?|folds?|runs?|seeds?|samples?|examples?|images?|class(?:es)?|features?|columns?|rows?|lines?|files?|param(?:eter)?s?|batch(?:es)?|trees?|estimators?|channels?|heads?|words?|tokens?|dropout|versions?|trials?|attempts?|experiments?|split|code|top|gpus?|workers?|hidden|scheduler|bits?|kb|mb|gb|bytes?|years?|days?|hours?|minutes?`
const SPLIT = /\b(train(?:ing)?|test(?:ing)?|val(?:id(?:ation)?)?|dev|cv|cross[- ]validat(?:ion|ed)|hold-?out|public|private|final|best)\b[\w ]{0,12}$/i
const LABEL = new RegExp(String.raw`\b(?:(?<up>${UP})|(?<down>${TIME}|${DOWN})|(?<setting>${SETTING})|(?<thing>${THING}))(?![\w])`, 'gi')
const TIMES = new RegExp(`^(?:${TIME})$`, 'i')
const SPLITS: Readonly<Record<string, string>> = { train: 'train', training: 'train', test: 'test', testing: 'test', val: 'validation', valid: 'validation', validation: 'validation', dev: 'validation' }

/** Names of what numbers mean, in the order in which they stand. `_` counts as a space: val_acc is a validation accuracy. */
export function labelsIn(text: string): Label[] {
  const plain = text.replace(/_/g, ' ').replace(/\bmAP\b/g, 'auc')
  return [...plain.matchAll(LABEL)].map((match) => {
    const [name] = match
    const own = SPLIT.exec(name)?.[1] ?? /^(train|test|val)\w* /i.exec(name)?.[1]
    const split = (own ?? SPLIT.exec(plain.slice(Math.max(0, match.index - 24), match.index))?.[1] ?? '').toLowerCase()
    const { up, setting, thing } = match.groups ?? {}
    const metric = setting === undefined && thing === undefined
    return { metric, thing: thing !== undefined, name: family(name), direction: metric ? (up === undefined ? 'down' : 'up') : null, split: SPLITS[split] ?? '', at: match.index, end: match.index + name.length, time: TIMES.test(name) }
  })
}

const family = (name: string): string => {
  const plain = name.toLowerCase().replace(/^(?:test|train(?:ing)?|validation|val) /, '')
  const spelt = /^(root )?mean (squared|absolute) error$/.exec(plain)
  if (spelt !== null) return `${spelt[1] === undefined ? '' : 'r'}m${spelt[2] === 'squared' ? 's' : 'a'}e`
  return /^acc/.test(plain) ? 'accuracy' : /^loss/.test(plain) ? 'loss' : /time|latency|duration/.test(plain) ? 'time' : plain
}

const BETWEEN = /^\s?(?:%|percent|s|ms|sec|seconds)?\s?(?:(?:on|in|for|of)\s)?(?:the\s)?(?:final\s|best\s|overall\s|mean\s|average\s|top-1\s|classification\s|test\s|train(?:ing)?\s|val(?:idation)?\s|-)?$/i

/** The farthest that a name may stand before its number. */
const REACH = 90
const DIRECT = /^\s*(?:\(|\[|#|no\.?|=|:|of|at|from|p ?=)?\s*$/i
/** What may stand between the numbers of one name: "from 16 to 32", "0.1, 0.3 and 0.5". */
const LISTED = /^(?:\s|[,;:=()%[\]→&>-]|\b(?:of|is|are|was|were|to|from|at|and|or|set|by|then|has|been|increased|decreased|reduced|changed|raised|lowered|improved|values?)\b)*$/i

/** What a number means: the name right behind it, or else the nearest one before it that has no other number of its own. */
export function labelOf(text: string, quantity: Quantity, labels: readonly Label[] = labelsIn(text)): Label | undefined {
  const behind = labels.find(({ at }) => at >= quantity.end && at - quantity.end < 30)
  if (behind !== undefined && BETWEEN.test(text.slice(quantity.end, behind.at))) return behind
  return labels.findLast((label) => label.end <= quantity.at && quantity.at - label.end <= REACH && isOf(text, quantity, label))
}

function isOf(text: string, quantity: Quantity, label: Label): boolean {
  if (label.metric) return true
  // "5 epochs" has its number.
  if (/\d\s?-?$/.test(text.slice(0, label.at))) return false
  const between = text.slice(label.end, quantity.at)
  if (label.thing && !DIRECT.test(between.replace(/\d.*/su, ''))) return false
  if (!/\d/.test(between)) return true
  return LISTED.test(between.replace(/\d[\d.,]*(?:e[-+]?\d+)?/gi, ''))
}

/** Which way is better: as the task says where it is the task's metric, otherwise by name. Null where nobody can tell. */
export function directionOf(label: Pick<Label, 'name' | 'direction'> | undefined, task: { metric: string; higher_is_better: boolean }): Direction | null {
  const graded: Direction = task.higher_is_better ? 'up' : 'down'
  if (label === undefined) return task.metric === '' ? null : graded
  const metric = task.metric.toLowerCase().replace(/[_-]/g, ' ')
  return metric === label.name || labelsIn(metric).at(-1)?.name === label.name ? graded : label.direction
}
