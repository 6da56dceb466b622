import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StoreClient } from '../../src/bus/index.ts'
import { seeded } from '../seeded.ts'
import { Arena } from './arena.ts'
import { KymoProcess, MACHINE, mustSucceed, pause, processesWith, script } from './kymo-process.ts'
import { eventsOfRun } from './recorded.ts'

const KILLS = 50
const ARENAS = 2
const SEED = Number(process.env['SEED'] ?? 2026)

test('kill -9 of the run, its actors, the service and nats-server at random moments loses nothing that was acknowledged', { timeout: 240_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kymo-kills-'))
  const began = performance.now()
  const arenas: Arena[] = []
  try {
    const quiet = join(folder, 'quiet')
    const stdout = mustSucceed(await new KymoProcess(['run', 'arithmetic', '--agent', 'scripted', '--agent-config', `script=${script('slow')}`, '--store', quiet, ...MACHINE, '--json', '--quiet'], { KYMO_WORK: join(folder, 'work') }).exited)
    const client = await StoreClient.connect({ directory: quiet, what: 'test' })
    const undisturbed = await eventsOfRun(client, (JSON.parse(stdout) as { run_id: string }).run_id)
    await client.down({})
    await client.close()

    for (let index = 0; index < ARENAS; index++) arenas.push(new Arena({ folder: join(folder, String(index)), random: seeded(SEED + index), undisturbed, scriptName: 'slow' }))
    const played = await Promise.all(arenas.map((arena) => arena.play(KILLS / ARENAS)))
    const sum = (value: (one: (typeof played)[number]) => number): number => played.reduce((total, one) => total + value(one), 0)
    const kinds = Object.keys(played[0]?.kills ?? {}) as Array<keyof (typeof played)[number]['kills']>
    console.log(`kills: ${kinds.map((kind) => `${sum(({ kills }) => kills[kind])} of ${kind}`).join(', ')}; ${sum(({ runs }) => runs)} runs, ${sum(({ repeated }) => repeated)} repeated attempts, ${sum(({ acknowledged }) => acknowledged)} acknowledged records checked, `
      + `slowest run ${(Math.max(...played.map(({ slowestMs }) => slowestMs)) / 1000).toFixed(1)} s, all ${((performance.now() - began) / 1000).toFixed(0)} s (seed ${SEED})`)
    expect(played.flatMap(({ problems }) => problems)).toEqual([])
    expect(sum(({ kills }) => kinds.reduce((total, kind) => total + kills[kind], 0))).toBe(KILLS)
  } finally {
    await Promise.all(arenas.map((arena) => arena.close()))
    // Nothing may outlive its store; a busy machine takes its time.
    let left = processesWith(folder)
    for (const until = Date.now() + 15_000; left.length > 0 && Date.now() < until; left = processesWith(folder)) await pause(250)
    for (const pid of left) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    expect(left).toEqual([])
  }
})
