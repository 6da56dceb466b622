import Table from 'cli-table3'
import type { Screen } from './output.ts'

const PLAIN = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' }

export interface Column { title: string; right?: boolean }

/** Columns without lines, so that a pasted table stays a table; the cells may be coloured. */
export function tableOf(screen: Screen, columns: readonly Column[], rows: readonly string[][]): string {
  const table = new Table({
    head: columns.map(({ title }) => screen.colors.dim(title)), chars: PLAIN, style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: columns.map(({ right }) => (right === true ? 'right' : 'left')),
  })
  table.push(...rows)
  return table.toString().split('\n').map((line) => line.trimEnd()).join('\n')
}
