import { beforeEach, expect, test } from 'vitest'
import { KymoError } from '../../../schemas/errors.ts'
import { MemoryBlobs } from '../../../src/blobs/index.ts'
import { cachedAnswer, keepAnswer, withCache } from '../../../src/effects/completion/cache/index.ts'
import type { ProviderAnswer } from '../../../src/effects/completion/provider.ts'
import { Journal, MemoryStore } from '../../../src/journal/index.ts'

type Good = Extract<ProviderAnswer, { ok: true }>
const good: Good = {
  ok: true, reply: 'Grüße 🌱', toolCalls: [{ id: 'c1', name: 'read', arguments: { path: 'a.py', '': 'x' } }], stopReason: 'tool_calls', servedModel: 'm-2026', usage: { input: 10, output: 3, cached: 4, cacheWrite: 1 },
  raw: Uint8Array.of(0, 255, 128, 7), providerRequest: 'req_1', source: 'live',
}
const settings = { provider: 'openai', model: 'm', max_tokens: 10, cache: true }
const asked = { key: 'a'.repeat(64), endpoint: '', settings }

let journal: Journal
let store: Parameters<typeof cachedAnswer>[0]
beforeEach(async () => {
  journal = await new Journal({ store: new MemoryStore() }).open()
  store = { viewGet: journal.viewGet.bind(journal), viewPut: journal.viewPut.bind(journal), blobs: new MemoryBlobs() as unknown as typeof store.blobs }
})

/** The store with other bytes in its rows. */
const damaged = (change: (data: Buffer) => Uint8Array): typeof store =>
  ({ ...store, viewGet: async (request) => { const reply = await store.viewGet(request); return { ...reply, data: change(Buffer.from(reply.data)) } } })

test('the same request gets the same answer again, marked as one from the cache, with the usage of the call that was paid for', async () => {
  expect(await cachedAnswer(store, asked)).toBeUndefined()
  await keepAnswer(store, asked, good)
  expect(await cachedAnswer(store, asked)).toEqual({ ...good, raw: Buffer.from(good.raw), source: 'cache' })
})

test('another request, and the same one to another server, get nothing', async () => {
  await keepAnswer(store, asked, good)
  expect(await cachedAnswer(store, { ...asked, key: 'b'.repeat(64) })).toBeUndefined()
  expect(await cachedAnswer(store, { ...asked, endpoint: 'http://elsewhere/v1' })).toBeUndefined()
})

test('an answer that is too large for a row is kept as a blob', async () => {
  const large = { ...good, reply: 'x'.repeat(200_000) }
  await keepAnswer(store, asked, large)
  expect((await cachedAnswer(store, asked))?.reply).toBe(large.reply)
  const lost = { ...store, blobs: new MemoryBlobs() as unknown as typeof store.blobs }
  expect(await cachedAnswer(lost, asked)).toBeUndefined()
})

test.each<[string, ProviderAnswer]>([
  ['a reply that was cut off', { ...good, stopReason: 'length' }],
  ['a refusal', { ...good, stopReason: 'refusal' }],
  ['a filtered reply', { ...good, stopReason: 'content_filter' }],
  ['an empty reply', { ...good, stopReason: 'stop', reply: ' \n', toolCalls: [] }],
  ['a failure', { ok: false, error: { source: 'provider', code: 'server_error', message: 'x' }, retryable: true }],
  ['what was scripted', { ...good, source: 'scripted' }],
])('%s is not kept', async (_, answer) => {
  await keepAnswer(store, asked, answer)
  expect(await cachedAnswer(store, asked)).toBeUndefined()
})

test('a damaged row is a miss, whatever is wrong with it', async () => {
  let size = 0
  await keepAnswer({ ...store, viewPut: (request) => { size = request.data?.length ?? 0; return store.viewPut(request) } }, asked, good)
  const changes: Array<(data: Buffer) => Uint8Array> = [() => new Uint8Array(), () => Buffer.from('blob nonsense'), () => Buffer.from(`blob ${'0'.repeat(64)}`), (data) => data.subarray(0, -1), (data) => Buffer.concat([data, data])]
  expect(size).toBeGreaterThan(100)
  for (let at = 0; at < size; at++) changes.push((data) => { const copy = Buffer.from(data); copy[at] = (copy[at] ?? 0) ^ 1; return copy })
  for (const change of changes) expect(await cachedAnswer(damaged(change), asked)).toBeUndefined()
})

test('an entry that stands under the name of another request is a miss', async () => {
  await keepAnswer(store, asked, good)
  const elsewhere = { ...store, viewGet: (request: Parameters<typeof store.viewGet>[0]) => store.viewGet({ ...request, name: elsewhereName }) }
  let elsewhereName = ''
  await keepAnswer({ ...store, viewPut: (request) => { elsewhereName = request.name ?? ''; return store.viewPut(request) } }, asked, good)
  expect(await cachedAnswer(elsewhere, asked)).toBeDefined()
  expect(await cachedAnswer(elsewhere, { ...asked, key: 'c'.repeat(64) })).toBeUndefined()
})

test('a cache that cannot be read or written is a miss; a store that is away is not', async () => {
  const broken = { ...store, viewGet: () => Promise.reject(new Error('disk')), viewPut: () => Promise.reject(new Error('disk')) }
  expect(await withCache(broken, asked, () => Promise.resolve(good))).toBe(good)
  const away = { ...store, viewGet: () => Promise.reject(new KymoError('KYMO_STORE_UNREACHABLE', 'away')) }
  await expect(withCache(away, asked, () => Promise.resolve(good))).rejects.toThrow('away')
})

test('only a role that asks for the cache uses it, and a hit asks nobody', async () => {
  let calls = 0
  const ask = (): Promise<ProviderAnswer> => Promise.resolve({ ...good, reply: `answer ${++calls}` })
  const without = { ...asked, settings: { ...settings, cache: false } }
  const replies = []
  for (const request of [without, asked, asked, without, asked]) {
    const answer = await withCache(store, request, ask)
    replies.push(answer.ok ? `${answer.reply} ${answer.source}` : '')
  }
  expect(replies).toEqual(['answer 1 live', 'answer 2 live', 'answer 2 cache', 'answer 3 live', 'answer 2 cache'])
})
