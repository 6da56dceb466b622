import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { outcomeId } from '../../schemas/record.ts'
import type { RecordedEvent } from '../../schemas/record.ts'
import { hex, sha256Hex } from '../../schemas/hash.ts'
import type { StoreConnection } from '../../src/bus/index.ts'
import type { EffectHandler } from '../../src/effects/attempt.ts'
import { Runner } from '../../src/effects/runner.ts'

const RUN = '00000000-0000-4000-8000-000000000000'
const runners: Runner[] = []
afterEach(async () => { for (const runner of runners.splice(0)) await runner.stop() })

/** A runner whose store grants nothing. */
function runnerWith(handle: EffectHandler): Runner {
  const client = { claim: () => new Promise(() => undefined), heartbeat: async () => ({ lost: [], cancelled: [] }), blobs: { remember: () => undefined } } as unknown as StoreConnection
  const runner = new Runner({ client, scope: { run: new Uint8Array(16) }, kinds: { file: { handle, slots: 1 }, execution: { handle, slots: 1 } }, onFatal: (error) => { throw error } })
  runners.push(runner)
  return runner
}
const request = (kind: string): RecordedEvent<'effect.requested'> => ({
  runId: RUN, seq: 7, id: sha256Hex('effect'), type: 'effect.requested', from: 'environment', to: 'runner', prevTo: -1, causeId: sha256Hex('cause'), correlationId: '', attempt: 0, fence: 0, at: 1, epoch: 0, prevHash: '', hash: '', blobs: [], size: 0,
  payload: { kind, call: 3, max_attempts: 5, retry_of: '' },
})
const seen: EffectHandler = async ({ put }) => {
  const ref = await put(Buffer.from('seen'))
  return { ok: true, outcome: { file: { ok: true, code: '', observation: { ref, bytes: 4 }, tree: '', changed: false } } }
}

test('a file action is carried out at once, as the first attempt', async () => {
  const done = await runnerWith(seen).carryOutNow(request('file'))
  expect(done?.event).toMatchObject({ type: 'effect.succeeded', from: 'runner', to: 'environment' })
  expect(hex(done?.event.event_id ?? new Uint8Array())).toBe(outcomeId(RUN, sha256Hex('effect'), 1))
  expect(done?.blobs.map(({ hash, data }) => [hash, Buffer.from(data).toString()])).toEqual([[sha256Hex('seen'), 'seen']])
})

test('every other kind waits for its grant', async () => {
  let ran = false
  expect(await runnerWith(async (attempt) => { ran = true; return seen(attempt) }).carryOutNow(request('execution'))).toBeUndefined()
  expect(ran).toBe(false)
})

test.each<[string, EffectHandler]>([
  ['takes long', async (attempt) => { await sleep(5000, undefined, { ref: false }); return seen(attempt) }],
  ['fails', async () => ({ ok: false, error: { source: 'system', code: 'no', message: 'no' } })],
  ['throws', async () => { throw new Error('no') }],
])('what %s waits for its grant, and holds nothing up', async (_, handle) => {
  const outcome = await Promise.race([runnerWith(handle).carryOutNow(request('file')), sleep(2000, 'held up', { ref: false })])
  expect(outcome).toBeUndefined()
})
