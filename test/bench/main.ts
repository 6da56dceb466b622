// npm run bench -- [--quick] [--rows journal,steps,...] [--json FILE] [--dir FOLDER]
import { mkdtempSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { removeTree } from '../../src/workspace/index.ts'
import { agentSteps } from './agents.ts'
import { bytesPerStep } from './bytes.ts'
import { journalInProcess } from './journal.ts'
import { journalOverNats } from './journal-nats.ts'
import { replay } from './replay.ts'
import type { Bench, Row } from './row.ts'
import { snapshot } from './snapshot.ts'
import { start } from './start.ts'
import { stepCost } from './steps.ts'

const BENCHES: Readonly<Record<string, Bench>> = { journal: journalInProcess, nats: journalOverNats, steps: stepCost, agents: agentSteps, bytes: bytesPerStep, replay, snapshot, start }

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, rows: { type: 'string', default: Object.keys(BENCHES).join(',') }, json: { type: 'string' }, dir: { type: 'string', default: tmpdir() } } })
const directory = mkdtempSync(join(values.dir, 'kymo-bench-'))
const rows: Row[] = []
try {
  for (const name of values.rows.split(',')) {
    const bench = BENCHES[name]
    if (bench === undefined) throw new Error(`there are no rows "${name}"; there are ${Object.keys(BENCHES).join(', ')}`)
    process.stderr.write(`${name} ...\n`)
    rows.push(...(await bench({ quick: values.quick, directory: join(directory, name), say: (line) => process.stderr.write(`  ${line}\n`) })))
  }
} finally {
  removeTree(directory)
}

const figure = (value: number): string => (value >= 1000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString())
const table = new Table({ head: ['what', 'measured', 'floor', 'ratio', 'target', 'met'], style: { head: [], border: [] } })
for (const { name, measured, unit, floor, floorName, ratio, target, met } of rows) table.push([name, `${figure(measured)} ${unit}`, `${figure(floor)} ${unit}\n${floorName}`, figure(ratio), target, target === '' ? '' : met ? 'yes' : 'NO'])
process.stdout.write(`${table.toString()}\n`)
if (values.json !== undefined) {
  const machine = { node: process.versions.node, platform: `${process.platform} ${process.arch}`, cpu: cpus()[0]?.model ?? '', cores: cpus().length, memory_gib: Math.round(totalmem() / 2 ** 30) }
  writeFileSync(values.json, `${JSON.stringify({ at: new Date().toISOString(), quick: values.quick, machine, rows }, null, 2)}\n`)
}
// Services that were started leave by themselves; nothing here waits for them.
process.exit(0)
