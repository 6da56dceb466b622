import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StoreClient, startService } from '../../src/bus/index.ts'
import { createRun, serveRun } from '../../src/effects/index.ts'
import { seeded } from '../seeded.ts'
import { MACHINE_OPTIONS, TASKS, script } from './kymo-process.ts'
import { eventsOfRun, judge } from './recorded.ts'

process.env['KYMO_TASKS'] = TASKS

test('over a NATS that loses publications at random, or every one, the last of a run too, runs end with the same story', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kymo-lost-'))
  const random = seeded(9)
  let loss = 0
  const service = await startService({ directory: join(folder, 'store'), dropPublish: () => random() < loss })
  const client = await StoreClient.connect({ directory: join(folder, 'store'), what: 'test', autostart: false })
  const machine = { ...MACHINE_OPTIONS, work: join(folder, 'work') }
  const play = async (): Promise<{ runId: string; ms: number }> => {
    const began = performance.now()
    const { runId } = await createRun(client, { task: 'arithmetic', profile: 'small', agent: 'scripted', agentConfig: { script: script('short') }, ...machine })
    const session = await serveRun({ client, runId, ...machine })
    expect(await session.finished).toEqual({ how: 'sealed' })
    return { runId, ms: performance.now() - began }
  }
  try {
    const quiet = await play()
    const undisturbed = await eventsOfRun(client, quiet.runId)
    const told: string[] = []
    for (loss of [0.2, 0.5, 1]) {
      const { runId, ms } = await play()
      const { problems, attempts } = await judge(client, runId, undisturbed)
      expect(problems).toEqual([])
      expect(attempts.lost).toBe(0)
      told.push(`${loss * 100} % lost: ${(ms / 1000).toFixed(1)} s`)
    }
    console.log(`publications over NATS: none lost: ${(quiet.ms / 1000).toFixed(1)} s, ${told.join(', ')}`)
  } finally {
    await client.close()
    await service.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
