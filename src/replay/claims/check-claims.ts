import { deniedImprovement } from './improvement.ts'
import type { DeniedImprovement, Runs } from './improvement.ts'
import { deniedByScore } from './denied-by-score.ts'
import { judgeCompletion, judgeRun, judgeWrite } from './judge-scripts.ts'
import type { Verdict } from './judge-scripts.ts'
import { numberPool } from './number-pool.ts'
import type { NumberPool } from './number-pool.ts'
import { lastPlace, quantitiesIn } from './numbers.ts'
import type { Quantity } from './numbers.ts'
import { resultsOf } from './results.ts'
import type { Result } from './results.ts'
import { runClaims, writeClaims } from './script-claims.ts'
import { noScripts, noteFiles, noteRun } from './script-record.ts'
import type { ScriptRecord } from './script-record.ts'
import { answerOf, sectionsOf, withoutCode } from './sections.ts'
import { sameSentence, statementsOf } from './statements.ts'
import type { Statement } from './statements.ts'
import type { ClaimReport, ClaimRun, ClaimStep, Evidence, Finding, Where } from './types.ts'
import { unseenNumbers } from './unseen-numbers.ts'

interface Seen {
  run: ClaimRun
  numbers: NumberPool
  scripts: ScriptRecord
  results: Result[][]
  /** steps that are over, oldest first */
  past: ClaimStep[]
  /** script texts whose numbers are known already */
  texts: Set<string>
  /** sentences said before, and what was found in them */
  sentences: Map<string, Finding[]>
  findings: Map<string, Finding>
  statements: number
}

/** The agent's own words: what it only says there does not become something seen. */
const WORDS = new Set(['Final Answer', 'Append Summary to Research Log', 'Reflection', 'Retrieval from Research Log', 'Request Help'])

/**
 * Statements of a run that its own log does not support. Each sentence is judged when it is first said, by what was observed until
 * then; plans, guesses, goals and questions are no claims. What cannot be decided from the log is not reported.
 */
export function checkClaims(run: ClaimRun): ClaimReport {
  const seen: Seen = { run, numbers: numberPool(), scripts: noScripts(), results: [], past: [], texts: new Set(), sentences: new Map(), findings: new Map(), statements: 0 }
  seen.numbers.add(run.problem)
  for (const step of run.steps) {
    arrive(seen, step)
    for (const { where, text } of sectionsOf(step.thought)) judge(seen, step, where, text)
    judge(seen, step, 'final-answer', withoutCode(answerOf(step)))
    leave(seen, step)
  }
  const last = run.steps.at(-1)
  if (last !== undefined && last.action !== 'Final Answer') judge(seen, last, 'final-answer', withoutCode(run.answer))
  return { run_id: run.run_id, statements: seen.statements, findings: [...seen.findings.values()] }
}

/** What the agent knows when it speaks: its own settings, and the files as they are. */
function arrive({ run, numbers, scripts, texts }: Seen, step: ClaimStep): void {
  if (!WORDS.has(step.action)) numbers.add(step.arguments)
  noteFiles(scripts, step)
  for (const hash of step.files?.values() ?? []) {
    const text = texts.has(hash) ? undefined : run.texts.get(hash)
    if (text === undefined) continue
    texts.add(hash)
    numbers.add(text)
  }
}

/** What it knows afterwards: the observation, and what the script printed. */
function leave({ run, numbers, scripts, results, past }: Seen, step: ClaimStep): void {
  numbers.add(step.observation)
  noteRun(scripts, step, run.texts)
  past.push(step)
  if (step.execution === null) return
  numbers.add(step.execution.output)
  numbers.addValues([step.execution.seconds])
  if (step.execution.good) results.push(resultsOf(step.step, step.execution.output))
}

function judge(seen: Seen, step: ClaimStep, where: Where, text: string): void {
  for (const statement of statementsOf(text)) {
    seen.statements++
    const same = sameSentence(statement)
    const key = `${where === 'final-answer' ? 'answer' : 'reply'} ${same}`
    const before = seen.sentences.get(key)
    if (before !== undefined) {
      for (const finding of before) again(finding, step.step)
      continue
    }
    const isNew = !seen.sentences.has(`reply ${same}`)
    const found = verdictsOf(seen, step, statement, where, isNew, text).map((verdict) => report(seen, step.step, where, statement, verdict))
    seen.sentences.set(key, found)
  }
}

function verdictsOf(seen: Seen, step: ClaimStep, statement: Statement, where: Where, isNew: boolean, text: string): Verdict[] {
  const { run, scripts } = seen
  const verdicts: Array<Verdict | undefined> = []
  const runs = runClaims(statement).map((claim) => judgeRun(claim, statement, step, scripts, isNew))
  verdicts.push(...runs, ...writeClaims(statement).map((claim) => judgeWrite(claim, step, scripts, run)))
  const denied = deniedImprovement(statement, run, seen.results)
  if (denied !== undefined) verdicts.push({ kind: 'denied-improvement', subject: denied.subject, explanation: denied.explanation, evidence: evidenceFor(seen, denied) })
  else if (where === 'final-answer') verdicts.push(deniedByScore(statement, run, seen.results))
  for (const { quantity, label } of unseenNumbers(statement, seen.numbers)) {
    const shown = seen.results.flat().filter((result) => result.label.name === label.name).slice(-2)
    verdicts.push({
      kind: 'unseen-number', subject: `${label.name} ${quantity.value}`, explanation: `No observation up to then shows ${quantity.text}${quantity.percent ? ' %' : ''} (${label.name}), and no two observed numbers give it.`, evidence: shown.map(quoted),
    })
  }
  if (where === 'final-answer' && runs.every((verdict) => verdict === undefined)) verdicts.push(judgeCompletion(statement, step, scripts, run.entry, text))
  return verdicts.filter((verdict) => verdict !== undefined)
}

/** A finding, or the earlier one about the same thing, to which this step is added. */
function report({ findings }: Seen, step: number, where: Where, { quote }: Statement, { kind, subject, explanation, evidence }: Verdict): Finding {
  const key = `${kind} ${subject} ${where === 'final-answer' ? 'answer' : 'reply'}`
  const known = findings.get(key)
  if (known !== undefined) {
    again(known, step)
    return known
  }
  const finding: Finding = { step, where, kind, quote, explanation, evidence, again: [] }
  findings.set(key, finding)
  return finding
}

function again(finding: Finding, step: number): void {
  if (step !== finding.step && finding.again.at(-1) !== step) finding.again.push(step)
}

const quoted = ({ step, quote }: Result): Evidence => ({ step, quote })

function evidenceFor({ past, results }: Seen, denied: DeniedImprovement): Evidence[] {
  const found = [...denied.results.map(quoted), ...denied.quantities.flatMap((quantity) => shownAt(past, results, denied.metric, quantity) ?? [])]
  return [...new Map(found.map((evidence) => [`${evidence.step} ${evidence.quote}`, evidence])).values()].slice(0, 6)
}

/** Where a number was seen: best as the metric's result, otherwise on any line. */
function shownAt(past: readonly ClaimStep[], results: Runs, metric: string, quantity: Quantity): Evidence | undefined {
  const near = (value: number): boolean => [1, 100, 0.01].some((factor) => Math.abs(value * factor - quantity.value) < lastPlace(quantity))
  const result = results.flat().find(({ label, quantity: { value } }) => label.name === metric && near(value))
  if (result !== undefined) return quoted(result)
  for (const { step, execution, observation } of past) {
    const line = `${execution?.output ?? ''}\n${observation}`.split('\n').find((one) => one.length < 1000 && one.includes(quantity.text) && quantitiesIn(one).some(({ value }) => near(value)))
    if (line !== undefined) return { step, quote: line.trim().slice(0, 160) }
  }
  return undefined
}
