import { count, oneLine, printable } from './format.ts'
import type { Screen } from './output.ts'
import type { ClaimReport, Finding } from '../replay/index.ts'

const KINDS: Readonly<Record<Finding['kind'], string>> = {
  'unseen-number': 'number never seen', 'never-run': 'never run', 'failed-run': 'run that failed', 'stale-run': 'not run since its edit', 'never-written': 'never written', 'denied-improvement': 'no improvement',
}

/** What the agent said that the log does not support, with what the log says instead; '' where it said nothing in words. */
export function claimsBlock({ colors }: Screen, { statements, findings }: ClaimReport): string {
  if (statements === 0) return ''
  if (findings.length === 0) return `${colors.dim('claims'.padEnd(11))}nothing that the log denies in ${count(statements, 'sentence')}`
  const lines = [`${colors.dim('claims'.padEnd(11))}${colors.yellow(`${count(findings.length, 'statement')} that the log does not support`)}, of ${count(statements, 'sentence')}`]
  for (const { step, where, kind, quote, explanation, evidence, again } of findings) {
    lines.push('', `  ${colors.bold(`step ${step}`)}  ${where.replace('-', ' ')}  ${colors.red(KINDS[kind])}${again.length > 0 ? colors.dim(`  again in step ${shortList(again)}`) : ''}`)
    lines.push(`    ${colors.italic(`"${oneLine(quote, 200)}"`)}`, `    ${printable(explanation)}`)
    for (const { step: at, quote: line } of evidence) lines.push(`    ${colors.dim(`${at === 0 ? 'start' : `step ${at}`}: ${oneLine(line, 150)}`)}`)
  }
  return lines.join('\n')
}

const shortList = (steps: readonly number[]): string => steps.slice(0, 6).join(', ') + (steps.length > 6 ? ` and ${steps.length - 6} more` : '')
