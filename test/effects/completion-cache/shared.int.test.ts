import { expect, test } from 'vitest'
import { StoreClient } from '../../../src/bus/index.ts'
import { cachedAnswer, keepAnswer } from '../../../src/effects/completion/cache/index.ts'
import { until } from '../../conformance/world.ts'
import { connect, isThere, newStore, servicePid } from '../../bus/service-room.ts'

test('what one process keeps answers another, a remote one too, also after the service was started again', async () => {
  const folder = newStore()
  const first = await connect(folder)
  const settings = { provider: 'openai', model: 'm', max_tokens: 10, cache: true }
  for (const [key, reply] of [['small', 'yes'], ['large', 'y'.repeat(300_000)]] as const) {
    const asked = { key, endpoint: '', settings }
    await keepAnswer(first, asked, { ok: true, reply, toolCalls: [], stopReason: 'stop', servedModel: 'm', usage: { input: 1, output: 1, cached: 0, cacheWrite: 0 }, raw: Buffer.from('{}'), providerRequest: '', source: 'live' })
    const remote = await StoreClient.connect({ nats: first.endpoint, what: 'a test' })
    expect((await cachedAnswer(remote, asked))?.reply).toBe(reply)
    await remote.close()
  }
  await first.down({})
  await until(() => !isThere(servicePid(folder) ?? 0), 'the service to end')
  const next = await connect(folder)
  for (const key of ['small', 'large']) expect((await cachedAnswer(next, { key, endpoint: '', settings }))?.source).toBe('cache')
}, 60_000)
