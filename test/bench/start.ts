import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { KYMO, TASKS, start as startProgram, MACHINE } from './child.ts'
import { median, row, timed } from './row.ts'
import type { Bench } from './row.ts'

/** From the start of the process to the run's first event in the log, by the journal's own clock. */
async function firstEvent(store: string): Promise<number> {
  const begun = Date.now()
  const run = startProgram('kymo', ['run', 'arithmetic', '--agent', 'baseline', '--profile', 'small', '--store', store, '--json', ...MACHINE])
  if ((await run.ended) !== 0) throw new Error(run.lines().slice(-5).join('\n'))
  const at = /"started_at": (\d+)/.exec(run.lines().join('\n'))?.[1]
  return Number(at) - begun
}

export const start: Bench = async ({ quick, directory }) => {
  const rounds = quick ? 3 : 9
  const help: number[] = []
  const bare: number[] = []
  for (let round = 0; round < rounds; round++) {
    bare.push(await timed(() => spawnSync(process.execPath, ['-e', '0'])))
    help.push(await timed(() => spawnSync(process.execPath, [KYMO, '--help'])))
  }
  const cold: number[] = []
  const warm: number[] = []
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    const store = join(directory, `store${round}`)
    cold.push(await firstEvent(store))
    warm.push(await firstEvent(store), await firstEvent(store))
    spawnSync(process.execPath, [KYMO, 'down', '--store', store], { env: { ...process.env, KYMO_TASKS: TASKS } })
  }
  const node = { name: 'node -e 0', value: median(bare) }
  return [
    row('kymo --help', 'ms', median(help), node, { text: '<= 150 ms', met: median(help) <= 150 }),
    row('kymo run to its first event, cold', 'ms', median(cold), node, { text: '<= 700 ms', met: median(cold) <= 700 }, { rounds: cold }),
    row('kymo run to its first event, warm', 'ms', median(warm), node, { text: '<= 300 ms', met: median(warm) <= 300 }, { rounds: warm }),
  ]
}
