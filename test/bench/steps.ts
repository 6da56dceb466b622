import { randomBytes } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ACTORS } from '../../schemas/actor-names.ts'
import { StoreClient } from '../../src/bus/index.ts'
import { createRun, serveRun } from '../../src/effects/index.ts'
import { TASKS, start } from './child.ts'
import { inPairs, median, quantile, row, timed } from './row.ts'
import type { Bench } from './row.ts'

/** File actions with a few bytes of content: no script, no model, so that all of a step's time is Kymo's. */
const script = (steps: number): string =>
  `actions:\n${Array.from({ length: steps }, (_, n) => `  - {action: Write File, args: {file_name: note${n % 3}.txt, content: "note ${String(n).padStart(6, '0')}"}}\n`).join('')}`

/** Milliseconds of a step: from one step.begun to the next. */
async function steps(client: StoreClient, file: string, count: number, apart: boolean): Promise<number[]> {
  const { runId } = await createRun(client, { task: 'arithmetic', profile: 'small', agent: 'scripted', agentConfig: { script: file }, maxSteps: count + 1000, checkMachine: false })
  const times: number[] = []
  let last: number | undefined
  let reached: () => void = () => undefined
  const enough = new Promise<void>((resolve) => { reached = resolve })
  const session = await serveRun({
    client, runId, actors: new Set(apart ? [] : ACTORS),
    onEvent: ({ type }) => {
      if (type !== 'step.begun') return
      const now = performance.now()
      if (last !== undefined) times.push(now - last)
      last = now
      if (times.length >= count) reached()
    },
  })
  await Promise.race([enough, session.finished.then((ending) => { if (times.length < count) throw new Error(`the run ended after ${times.length} steps: ${JSON.stringify(ending)}`) })])
  await session.interrupt()
  return inPairs(times)
}

interface Floor { trip: number; sync: number }

/** What an append is made of: a request that is answered after an fsync. */
async function floorOf(client: StoreClient, directory: string, quick: boolean): Promise<Floor> {
  const { url, token } = client.endpoint
  const server = start('echo-server.js', [url, token])
  await server.says('ready')
  const echo = start('echo-client.js', [url, token, '1', quick ? '0.5' : '2'])
  await echo.says('ready')
  echo.go()
  await echo.ended
  server.stop()
  const file = openSync(join(directory, 'raw'), 'a')
  const block = randomBytes(1024)
  const sync: number[] = []
  for (let n = 0; n < (quick ? 200 : 1000); n++) sync.push(await timed(() => { writeSync(file, block); fdatasyncSync(file) }))
  closeSync(file)
  return { trip: 1000 / Number(echo.lines().at(-1)), sync: median(sync) }
}

async function sizeOf(folder: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) if (entry.isFile()) sum += await stat(join(entry.parentPath, entry.name)).then(({ size }) => size, () => 0)
  return sum
}

export const stepCost: Bench = async ({ quick, directory, say }) => {
  process.env['KYMO_TASKS'] = TASKS
  mkdirSync(directory, { recursive: true })
  const store = join(directory, 'store')
  const count = quick ? 300 : 10_000
  const file = join(directory, 'script.yaml')
  writeFileSync(file, script(count + 50))
  const client = await StoreClient.connect({ directory: store, what: 'bench', onNotice: say })
  const floors = [await floorOf(client, directory, quick)]
  const before = await sizeOf(store)
  const one = await steps(client, file, count, false)
  const physical = ((await sizeOf(store)) - before) / count
  floors.push(await floorOf(client, directory, quick))
  const window = quick ? 100 : 1000
  const early = median(one.slice(10, 10 + window))
  const late = median(one.slice(-window))
  say(`one process: p50 ${median(one).toFixed(2)} ms, p99 ${quantile(one, 0.99).toFixed(2)} ms; first ${window} ${early.toFixed(2)}, last ${window} ${late.toFixed(2)}; ${physical.toFixed(0)} bytes a step on disk, its script included`)

  const apartCount = quick ? 100 : 1000
  const address = ['--nats', client.endpoint.url.replace('nats://', `nats://${client.endpoint.token}@`)]
  const actors = ACTORS.map((actor) => start('kymo', ['actor', actor, '--sandbox', 'none', ...address]))
  let apart: number[]
  try {
    await Promise.all(actors.map((actor) => actor.says('serves the store')))
    apart = await steps(client, file, apartCount, true)
  } finally {
    for (const actor of actors) actor.stop()
    await Promise.all(actors.map((actor) => actor.ended))
  }
  floors.push(await floorOf(client, directory, quick))
  await client.down({ reason: 'bench' })
  await client.close()
  // The machine may be busier at one time than at another: the floor is taken before, between and after.
  const trip = median(floors.map((floor) => floor.trip))
  const sync = median(floors.map((floor) => floor.sync))
  const append = `(NATS trip ${trip.toFixed(2)} + fdatasync ${sync.toFixed(2)})`
  // In one process two steps share an append; with every actor apart at least four follow one another in a step.
  const together = { name: `1/2 x ${append}`, value: (trip + sync) / 2 }
  const base = { name: `4 x ${append}`, value: 4 * (trip + sync) }
  const p50 = median(one)
  const p50Apart = median(apart.slice(10))
  return [
    row('framework cost of an agent step, one process and its service, p50', 'ms', p50, together, { text: '<= 6 ms', met: p50 <= 6 }, { steps: count, p99: quantile(one, 0.99), physical_bytes_per_step: physical }),
    row(`the same, step ${(count - window).toLocaleString('en')} to ${count.toLocaleString('en')}, p50`, 'ms', late, { name: `steps 10 to ${10 + window}`, value: early }, { text: 'flat (<= 1.2x)', met: late <= 1.2 * early }),
    row('framework cost of an agent step, every actor apart, p50', 'ms', p50Apart, base, { text: '<= 12 ms', met: p50Apart <= 12 }, { steps: apartCount, p99: quantile(apart.slice(10), 0.99) }),
  ]
}
