import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ACTORS } from '../../schemas/actor-names.ts'
import { StoreClient, readEndpoint } from '../../src/bus/index.ts'
import { KymoProcess, MACHINE, mustSucceed, script } from '../faults/kymo-process.ts'
import { eventsOfRun, judge } from '../faults/recorded.ts'

const folder = mkdtempSync(join(tmpdir(), 'kymo-apart-'))
const store = join(folder, 'store')
const processes: KymoProcess[] = []
const start = (...args: string[]): KymoProcess => {
  const started = new KymoProcess(args, { KYMO_WORK: join(folder, 'work') })
  processes.push(started)
  return started
}
const RUN = ['run', 'arithmetic', '--agent', 'scripted', '--agent-config', `script=${script('with-model')}`, ...MACHINE, '--json', '--quiet']
const runIdOf = (stdout: string): string => (JSON.parse(stdout) as { run_id: string }).run_id
let client: StoreClient

beforeAll(async () => {
  await start('serve', '--store', store).says('serving')
  client = await StoreClient.connect({ directory: store, what: 'test', autostart: false })
})
afterAll(async () => {
  await client.close()
  await Promise.all(processes.toReversed().map((one) => one.stop()))
  rmSync(folder, { recursive: true, force: true })
})

test('five actors in five processes, over NATS alone, tell the same story as one process', { timeout: 60_000 }, async () => {
  const together = mustSucceed(await start(...RUN, '--store', store).exited)
  const undisturbed = await eventsOfRun(client, runIdOf(together))

  const { url = '', token = '' } = readEndpoint(store) ?? {}
  const address = ['--nats', url.replace('nats://', `nats://${token}@`)]
  const actors = ACTORS.map((actor) => start('actor', actor, ...MACHINE, ...address))
  await Promise.all(actors.map((actor) => actor.says('serves the store')))
  const began = performance.now()
  const apart = mustSucceed(await start(...RUN, '--apart', ACTORS.join(','), ...address).exited)
  const took = performance.now() - began
  const { problems, attempts, events } = await judge(client, runIdOf(apart), undisturbed)
  expect(problems).toEqual([])
  expect(attempts.lost).toBe(0)
  // The agent has no effects; the other four carry out their own.
  const pids = new Set(events.flatMap((event) => (event.type === 'effect.started' ? [event.payload.clock?.pid] : [])))
  expect(pids.size).toBe(4)
  expect(events.some(({ type, to }) => type === 'timer.fired' && to.startsWith('llm-tool/'))).toBe(true)
  console.log(`apart: ${events.length} events, ${attempts.effects} effects in ${pids.size} processes, ${took.toFixed(0)} ms`)
})
