import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { formatRunId } from '../../../schemas/record.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import { StoreClient } from '../../../src/bus/index.ts'
import { until } from '../../conformance/world.ts'
import { KymoProcess, MACHINE, killProcess, mustSucceed, processesWith } from '../../faults/kymo-process.ts'
import { eventsOfRun, judge } from '../../faults/recorded.ts'

const REPLIES = fileURLToPath(new URL('replies.mjs', import.meta.url))

/** What the agent saw, by hash. */
const observations = (events: readonly AnyEvent[]): string[] => events.flatMap((event) => (event.type === 'observation.delivered' ? [event.payload.observation?.ref ?? ''] : []))
const sources = (events: readonly AnyEvent[]): string[] => [...new Set(events.flatMap((event) => (event.type === 'effect.succeeded' && event.payload.completion !== undefined ? [event.payload.completion.source] : [])))]
const running = (events: readonly AnyEvent[]): boolean => events.at(-1)?.type !== 'run.finished'

test('a run that is answered from another one, or from its file, tells the same story, also when it is killed with -9 and resumed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kymo-replayed-'))
  const store = join(folder, 'store')
  const env = { KYMO_WORK: join(folder, 'work') }
  const start = (model: string, where = store): KymoProcess => new KymoProcess(['run', 'arithmetic', '--profile', 'small', '--agent', 'react', '--model', model, '--store', where, ...MACHINE, '--json'], env)
  const play = async (model: string, where = store): Promise<string> => (JSON.parse(mustSucceed(await start(model, where).exited)) as { run_id: string }).run_id
  try {
    const original = await play(`scripted/${REPLIES}`)
    const client = await StoreClient.connect({ directory: store, what: 'a test' })
    const recorded = await eventsOfRun(client, original)
    expect(new Set(observations(recorded)).size).toBe(observations(recorded).length)

    const replayed = await eventsOfRun(client, await play(`recorded/${original}`))
    expect(observations(replayed)).toEqual(observations(recorded))
    expect([sources(recorded), sources(replayed)]).toEqual([['scripted'], ['recorded']])

    // Dies twice in the middle of its log, as far as one can hit it.
    let id = ''
    for (const share of [0.2, 0.45]) {
      const victim = id === '' ? start(`recorded/${original}`) : new KymoProcess(['resume', id, '--store', store, ...MACHINE], env)
      if (id === '') id = await until(async () => (await runs(client))[2], 'the run to begin')
      await until(async () => !victim.running || (await eventsOfRun(client, id)).length > replayed.length * share, 'the run to get on', 30_000)
      await victim.kill()
    }
    expect(running(await eventsOfRun(client, id))).toBe(true)
    mustSucceed(await new KymoProcess(['resume', id, '--store', store, ...MACHINE], env).exited)
    const { problems, events } = await judge(client, id, replayed)
    expect(problems).toEqual([])
    expect(events.some(({ type }) => type === 'run.resumed')).toBe(true)

    const file = join(folder, 'answers.json')
    mustSucceed(await new KymoProcess(['export', original, '--format', 'answers', '--out', file, '--store', store], env).exited)
    const elsewhere = join(folder, 'elsewhere')
    const imported = await play(`recorded/${file}`, elsewhere)
    const other = await StoreClient.connect({ directory: elsewhere, what: 'a test' })
    expect(observations(await eventsOfRun(other, imported))).toEqual(observations(recorded))
    await other.down({})
    await other.close()
    await client.down({})
    await client.close()
  } finally {
    for (const pid of processesWith(folder)) await killProcess(pid)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}, 120_000)

/** Ids of a store's runs, oldest first. */
const runs = async (client: StoreClient): Promise<string[]> =>
  (await client.list({})).runs.toSorted((a, b) => a.created_at_ms - b.created_at_ms).map((row) => formatRunId(Uint8Array.from(row.run_id)))
