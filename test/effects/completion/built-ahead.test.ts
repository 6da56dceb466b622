import { expect, test } from 'vitest'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { CompletionSpec, EventPayloads } from '../../../schemas/generated/events.ts'
import type { RecordedEvent } from '../../../schemas/record.ts'
import { MemoryBlobs } from '../../../src/blobs/index.ts'
import { completionHandler } from '../../../src/effects/completion/index.ts'
import { client } from './ask.ts'

/** A handler whose reads of blobs are counted, and questions to it. */
async function counted() {
  const blobs = new MemoryBlobs()
  const reads: string[] = []
  const counting = new Proxy(blobs, { get: (target, name, receiver) => (name === 'get' ? (hash: string) => { reads.push(hash); return target.get(hash) } : Reflect.get(target, name, receiver) as unknown) })
  const keep = async (text: string): Promise<{ ref: string; bytes: number }> => ({ ref: await blobs.put(Buffer.from(text)), bytes: text.length })
  const replies = await keep(canonicalJson({ replies: [], model: [{ when: 'first', reply: 'one' }, { when: 'second', reply: 'two' }] }))
  const handle = completionHandler({ blobs: counting, keys: () => undefined, limits: {} })
  const asked = async (question: string): Promise<RecordedEvent<'effect.requested'>> => {
    const completion: CompletionSpec = { provider: 'scripted', model: 'scripted', params: canonicalJson({ provider: 'scripted', model: 'scripted', replies: replies.ref }), role: 'model', omit: [], appended: await keep(question), nth: 0 }
    const payload: EventPayloads['effect.requested'] = { kind: 'completion', call: 1, max_attempts: 5, retry_of: '', completion }
    return { id: 'e1', payload } as RecordedEvent<'effect.requested'>
  }
  const answer = async (event: RecordedEvent<'effect.requested'>): Promise<string> => {
    const settled = await handle({ client: client(), runId: '', effectId: event.id, request: event.payload, event, attempt: 1, signal: new AbortController().signal, put: (bytes) => blobs.put(bytes), output: () => undefined })
    if (!settled.ok) return settled.error.code
    return Buffer.from(await blobs.get(settled.outcome.completion?.reply?.ref ?? '')).toString()
  }
  return { handle, asked, answer, reads, blobs }
}

test('a request that was built while it was recorded is not built again, and is the same', async () => {
  const { handle, asked, answer, reads } = await counted()
  const event = await asked('the first question')
  handle.prepare?.(event)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const prompt = event.payload.completion?.appended?.ref ?? ''
  expect(reads).toContain(prompt)
  reads.length = 0
  expect(await answer(event)).toBe('one')
  expect(reads).not.toContain(prompt)
  // A second attempt is built anew.
  expect(await answer(event)).toBe('one')
  expect(reads).toContain(prompt)
})

test('what was made ready for a question that came out otherwise is not asked', async () => {
  const { handle, asked, answer } = await counted()
  handle.prepare?.(await asked('the first question'))
  expect(await answer(await asked('the second question'))).toBe('two')
})

test('what could not be made ready yet is built when it is asked', async () => {
  const { handle, asked, answer, blobs } = await counted()
  const event = await asked('the first question')
  const prompt = event.payload.completion?.appended?.ref ?? ''
  const bytes = await blobs.get(prompt)
  blobs.contents.delete(prompt)
  handle.prepare?.(event)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await blobs.put(bytes)
  expect(await answer(event)).toBe('one')
})
