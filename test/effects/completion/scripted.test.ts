import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { CompletionSpec, EventPayloads } from '../../../schemas/generated/events.ts'
import type { RecordedEvent } from '../../../schemas/record.ts'
import { MemoryBlobs } from '../../../src/blobs/index.ts'
import { completionHandler } from '../../../src/effects/completion/index.ts'
import type { Settled } from '../../../src/effects/index.ts'
import { client } from './ask.ts'

interface Asking { role?: string; nth?: number; tries?: number; question?: string; params?: object }

/** An outcome of the scripted provider, its texts read. */
async function outcomeOf(script: unknown, { role = 'model', nth, tries = 1, question = 'q', params = {} }: Asking = {}): Promise<Settled & { text?: string; calls?: unknown }> {
  const blobs = new MemoryBlobs()
  const put = async (text: string): Promise<{ ref: string; bytes: number }> => ({ ref: await blobs.put(Buffer.from(text)), bytes: text.length })
  const settings = typeof script === 'string' ? { module: script } : { replies: (await put(canonicalJson(script))).ref }
  const spec: CompletionSpec = { provider: 'scripted', model: 'scripted', params: canonicalJson({ provider: 'scripted', model: 'scripted', ...settings, ...params }), role, omit: [], appended: await put(question), ...(nth === undefined ? {} : { nth }) }
  const request: EventPayloads['effect.requested'] = { kind: 'completion', call: tries, max_attempts: 5, retry_of: '', completion: spec }
  const settled = await completionHandler({ blobs, keys: () => undefined, limits: {} })({
    client: client(), runId: '', effectId: '', request, event: { payload: request } as RecordedEvent<'effect.requested'>, attempt: 1, signal: new AbortController().signal, put: (bytes) => blobs.put(bytes), output: () => undefined,
  })
  if (!settled.ok) return settled
  const read = async (ref: string | undefined): Promise<string> => (ref === undefined ? '' : Buffer.from(await blobs.get(ref)).toString())
  const { completion } = settled.outcome
  return { ...settled, text: await read(completion?.reply?.ref), calls: JSON.parse((await read(completion?.tool_calls?.ref)) || '[]') }
}

describe('a file of replies', () => {
  it('of the first version is a list, answered by the number among the params', async () => {
    const script = ['one', [{ error: 'busy', retryable: true }, 'two at last']]
    expect((await outcomeOf(script, { params: { index: 0 } })).text).toBe('one')
    expect(await outcomeOf(script, { params: { index: 1 } })).toMatchObject({ ok: false, error: { source: 'provider', code: 'scripted_error', message: 'busy' }, retryable: true })
    expect((await outcomeOf(script, { params: { index: 1 }, tries: 2 })).text).toBe('two at last')
    expect((await outcomeOf(script, { params: { index: 1 }, tries: 5 })).text).toBe('two at last')
    expect(await outcomeOf(script, { params: { index: 2 } })).toMatchObject({ ok: false, error: { source: 'user', code: 'no_reply_left' } })
  })

  const SCRIPT = {
    replies: ['first', { text: 'I look.', tool_calls: [{ name: 'list_files', arguments: { dir_path: '.' } }, { name: 'x', arguments: '{broken' }], usage: { input: 70, output: 7 } }, { text: 'cut', stop_reason: 'length' }],
    fast: [{ when: '^Summarise', reply: 'a summary' }, { reply: 'anything' }], edit: [{ when: 'train\\.py', reply: [{ error: 'busy', code: 'rate_limited', retry_after_ms: 5000 }, 'edited'] }],
  }
  it('answers the role model in order', async () => {
    expect((await outcomeOf(SCRIPT, { nth: 0 })).text).toBe('first')
    expect(await outcomeOf(SCRIPT, { nth: 1 })).toMatchObject({ text: 'I look.', calls: [{ id: 'call_2_1', name: 'list_files', arguments: { dir_path: '.' } }, { id: 'call_2_2', name: 'x', arguments: { '': '{broken' } }], outcome: { completion: { stop_reason: 'tool_calls', input_tokens: 70, output_tokens: 7, source: 'scripted' } } })
    expect(await outcomeOf(SCRIPT, { nth: 2 })).toMatchObject({ outcome: { completion: { stop_reason: 'length' } } })
    expect(await outcomeOf(SCRIPT, { nth: 3 })).toMatchObject({ ok: false, error: { code: 'no_reply_left' } })
  })
  it('answers the other roles by the first rule that fits, as often as it is asked', async () => {
    expect((await outcomeOf(SCRIPT, { role: 'fast', nth: 9, question: 'Summarise this' })).text).toBe('a summary')
    expect((await outcomeOf(SCRIPT, { role: 'fast', nth: 10, question: 'Read this' })).text).toBe('anything')
    expect(await outcomeOf(SCRIPT, { role: 'edit', question: 'other.py' })).toMatchObject({ ok: false, error: { source: 'user', code: 'no_reply_left' } })
  })
  it('rehearses failures by their code, with the provider\'s pause', async () => {
    expect(await outcomeOf(SCRIPT, { role: 'edit', question: 'edit train.py' })).toMatchObject({ ok: false, error: { source: 'provider', code: 'rate_limited' }, retryable: true, retry_after_ms: 5000 })
    expect((await outcomeOf(SCRIPT, { role: 'edit', question: 'edit train.py', tries: 2 })).text).toBe('edited')
  })
  it('rules of the role model answer where no reply is left', async () => {
    const script = { replies: ['one'], model: [{ when: 'never', reply: 'x' }, { reply: 'for ever' }] }
    expect((await outcomeOf(script, { nth: 0 })).text).toBe('one')
    expect((await outcomeOf(script, { nth: 299 })).text).toBe('for ever')
  })
  it('costs what its usage and its price say', async () => {
    expect(await outcomeOf(SCRIPT, { nth: 1, params: { price: { input: 10, output: 100 } } })).toMatchObject({ outcome: { completion: { cost_usd: (70 * 10 + 7 * 100) / 1e6 } } })
  })
  it('that fits nowhere is told', async () => {
    expect(await outcomeOf({ answers: [] })).toMatchObject({ ok: false, error: { source: 'user', code: 'no_replies' } })
  })
})

describe('a module that makes replies up', () => {
  let folder = ''
  beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'kymo-scripted-')) })
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
  const write = (name: string, source: string): string => {
    const path = join(folder, `${name}.mjs`)
    writeFileSync(path, source)
    return path
  }

  it('is told who asks what', async () => {
    const path = write('echo', 'export const reply = async ({ role, nth, tries, last, messages, model }) => ({ text: JSON.stringify([role, nth, tries, last, messages.length, model]) })')
    expect((await outcomeOf(path, { role: 'fast', nth: 3, tries: 2, question: 'hm?' })).text).toBe('["fast",3,2,"hm?",1,"scripted"]')
  })
  it.each([['throws', 'export const reply = () => { throw new Error("no idea") }', /no idea/], ['answers nonsense', 'export const reply = () => 7', /gave no reply/], ['has no function', 'export const answer = 1', /exports no function "reply"/], ['is none', 'export const reply = (', /failed/]])('that %s is told', async (name, source, words) => {
    const settled = await outcomeOf(write(name.replaceAll(' ', '-'), source))
    expect(settled).toMatchObject({ ok: false, error: { source: 'user' }, retryable: false })
    expect(settled.ok ? '' : settled.error.message).toMatch(words)
  })
})
