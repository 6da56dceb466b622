import { describe, expect, it } from 'vitest'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import type { Ask, Attempt, Settled } from '../../src/effects/index.ts'
import { humanHandler } from '../../src/effects/human-handler.ts'

const blobs = new MemoryBlobs()
const put = (text: string): Promise<string> => blobs.put(Buffer.from(text))

async function asked(ask: Ask | undefined, human: object = {}, signal = new AbortController().signal): Promise<Settled> {
  const spec = { what: 'help', prompt: { ref: await put('which one?'), bytes: 10 }, ...human }
  return humanHandler(blobs, ask)({ request: { kind: 'human', call: 1, max_attempts: 5, retry_of: '', human: spec }, signal, put: (bytes: Uint8Array) => blobs.put(bytes) } as unknown as Attempt)
}
const answerOf = async (settled: Settled): Promise<string> => {
  if (!settled.ok) throw new Error(settled.error.message)
  return Buffer.from(await blobs.get(settled.outcome.human?.answer?.ref ?? '')).toString()
}

describe('a question to a person', () => {
  it('is asked in full, and the answer is kept', async () => {
    const settled = await asked(async ({ what, prompt, choices }) => `${what}: ${prompt} ${choices}`, { what: 'action', choices: { ref: await put('[1]'), bytes: 3 } })
    expect(await answerOf(settled)).toBe('action: which one? [1]')
  })

  it('an answer that is no well-formed text is kept as one', async () => {
    expect(await answerOf(await asked(async () => 'a\ud800b'))).toBe('a\ufffdb')
    expect(await answerOf(await asked(async () => `${'x'.repeat(999_999)}\u{1f600}`))).toHaveLength(1_000_000)
  })

  it('fails at once where nobody is, or nobody answers', async () => {
    expect(await asked(undefined)).toMatchObject({ ok: false, error: { source: 'user', code: 'nobody_there', message: expect.stringContaining('--interactive') } })
    expect(await asked(async () => undefined)).toMatchObject({ ok: false, error: { code: 'nobody_there', message: 'nobody answered' } })
  })

  it('that was taken back has no answer', async () => {
    const abort = new AbortController()
    expect(await asked(async () => { abort.abort(); return 'too late' }, {}, abort.signal)).toMatchObject({ ok: false, error: { code: 'cancelled' } })
  })

  it('of a kind that nobody knows is not asked', async () => {
    expect(await asked(async () => 'yes', { what: 'money' })).toMatchObject({ ok: false, error: { code: 'no_spec' } })
  })
})
