// node dist/test/tasks/full-data-main.js [--python PATH]... [--runs N] [--json FILE] [--keep FOLDER] [TASK...]
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { checkMiniature, missingFor } from './full-data-check.ts'
import { MINIATURES } from './full-data-miniatures.ts'

/** The full profiles on miniatures of their data, through sandbox and grader: what ran, with which framework, and what came out. */
const { values, positionals } = parseArgs({ allowPositionals: true, options: { python: { type: 'string', multiple: true, default: [] }, runs: { type: 'string', default: '1' }, json: { type: 'string' }, keep: { type: 'string' } } })
const say = (line: string): void => void process.stderr.write(`  ${line.slice(0, 200)}\n`)
const figure = (value: number | undefined): string => (value === undefined ? '' : Number(value.toPrecision(4)).toString())
const spread = (runs: number[]): string => (runs.length < 2 ? figure(runs[0]) : `${figure(Math.min(...runs))} to ${figure(Math.max(...runs))}`)

// Left behind, so that runs can be made there: KYMO_TASKS=FOLDER/tasks KYMO_CACHE=FOLDER/cache kymo run TASK --profile full
const keep = values.keep === undefined ? undefined : resolve(values.keep)
const table = new Table({ head: ['task', 'ran with', 'starter', 'reference', 'better by', 'seconds', ''], colWidths: [null, null, null, null, null, null, 60], wordWrap: true, style: { head: [], border: [] } })
const results: unknown[] = []
let failed = false
for (const name of positionals.length > 0 ? positionals : Object.keys(MINIATURES)) {
  const missing = await missingFor(name, values.python)
  if (missing !== undefined) {
    table.push([name, { colSpan: 5, content: missing.slice(0, 150) }, 'not run'])
    continue
  }
  const { row, python, packages, data } = await checkMiniature(name, { pythons: values.python, runs: Number(values.runs), log: say, keep })
  const { starter, reference, seconds, problems } = row
  results.push({ ...row, python, packages, data })
  failed ||= problems.length > 0
  const versions = [`Python ${python}`, ...Object.entries(packages).map(([one, version]) => `${one} ${version}`)].join('\n')
  table.push([name, versions, spread(starter), figure(reference?.value), reference === null ? '' : `${figure(reference.improvement * 100)} %`, `${Math.round(seconds.starter)} + ${Math.round(seconds.reference)}`, problems.join('\n').slice(0, 400) || 'ok'])
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
}
process.stdout.write(`${table.toString()}\n`)
process.exit(failed ? 1 : 0)
