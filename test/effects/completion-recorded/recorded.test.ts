import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { isKymoError } from '../../../schemas/errors.ts'
import { loadAnswers, exportAnswers, recordedAnswers, recordedProvider, recordingOf } from '../../../src/effects/completion/recorded/index.ts'
import type { ProviderAnswer } from '../../../src/effects/completion/provider.ts'
import { Log } from './log.ts'
import type { Run, Words } from './log.ts'

const role = { provider: 'openai', model: 'm', max_tokens: 100, temperature: 0.5 }
const LLM = canonicalJson({ model: role, fast: role, edit: role })

let log: Log
let provider: ReturnType<typeof recordedProvider>
let folder: string
beforeEach(async () => {
  log = await new Log().open()
  provider = recordedProvider()
  folder = mkdtempSync(join(tmpdir(), 'kymo-recorded-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Settings of a role that is answered from a recording, as a run has them. */
const replaying = (answers: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ provider: 'recorded', as: 'openai', answers, ...more })

async function answerTo(run: Run, instance: number, words: Words, ask = provider, store = log): Promise<{ told: ProviderAnswer; record: () => Promise<void> }> {
  const asked = await run.ask(instance, words)
  const told = await ask(asked.request, { client: store.client, blobs: store.blobs, runId: run.name, effectId: asked.effect, signal: new AbortController().signal, keys: () => undefined, put: (bytes) => store.blobs.put(bytes), output: () => undefined })
  return { told, record: () => run.answer(asked, told.ok ? { text: told.reply, stop_reason: told.stopReason } : { code: told.error.code, source: told.error.source }) }
}
const said = (answer: ProviderAnswer): string => (answer.ok ? answer.reply : answer.error.code)
const miss = (answer: ProviderAnswer): string => (!answer.ok && answer.error.code === 'recorded_miss' && !answer.retryable ? answer.error.message : `no miss: ${said(answer)}`)

test('byte-equal requests are answered as they were, with everything that came along', async () => {
  const run = await log.run(LLM)
  await run.call(1, { user: 'one' }, { text: 'eins', stop_reason: 'length' })
  await run.call(2, { user: 'two' }, { text: '' })
  const { llm, answers } = await recordedAnswers(log.client, run.name)
  expect(llm.model).toEqual(role)
  const child = await log.run()
  const { told } = await answerTo(child, 1, { user: 'one', params: replaying(answers.hash) })
  expect(told).toEqual({
    ok: true, reply: 'eins', toolCalls: [], stopReason: 'length', servedModel: 'm-2026', usage: { input: 7, output: 3, cached: 2, cacheWrite: 1 }, raw: Uint8Array.from(Buffer.from('{"raw":"eins"}')), providerRequest: '', source: 'recorded',
  })
  expect(said((await answerTo(child, 2, { user: 'two', params: replaying(answers.hash) })).told)).toBe('')
})

test('a request that was asked several times is answered in the order of its recording, and no more often', async () => {
  const run = await log.run(LLM)
  for (const [instance, text] of [[1, 'first'], [2, 'second'], [3, 'third']] as const) await run.call(instance, { user: 'again' }, { text })
  const { answers } = await recordedAnswers(log.client, run.name)
  const child = await log.run()
  for (const [instance, text] of [[5, 'first'], [9, 'second'], [2, 'third']] as const) {
    const { told, record } = await answerTo(child, instance, { user: 'again', params: replaying(answers.hash) })
    expect(said(told)).toBe(text)
    await record()
  }
  expect(miss((await answerTo(child, 1, { user: 'again', params: replaying(answers.hash) })).told)).toMatch(/the very same request was answered 3 times, and here it is asked for the 4th time/)
})

test('which occurrence it is comes from the run\'s own log: another process goes on where the killed one was', async () => {
  const run = await log.run(LLM)
  for (const [instance, text] of [[1, 'first'], [2, 'second'], [3, 'third']] as const) await run.call(instance, { user: 'again' }, { text })
  const { answers } = await recordedAnswers(log.client, run.name)
  const child = await log.run()
  const words = { user: 'again', params: replaying(answers.hash) }
  await (await answerTo(child, 1, words)).record()
  // The second question was asked; its process died before the outcome was recorded.
  const lost = await child.ask(2, words)
  const context = { client: log.client, blobs: log.blobs, runId: child.name, effectId: lost.effect, signal: new AbortController().signal, keys: () => undefined, put: (bytes: Uint8Array) => log.blobs.put(bytes), output: () => undefined }
  expect(said(await provider(lost.request, context))).toBe('second')
  for (const later of [recordedProvider(), provider]) {
    expect(said(await later(lost.request, context))).toBe('second')
    expect(said(await later(lost.request, context))).toBe('second')
  }
  // One that is open beside it counts as well, though nobody knows its answer yet.
  expect(said((await answerTo(child, 3, words, recordedProvider())).told)).toBe('third')
})

test('questions of another run or to another recording do not count', async () => {
  const [run, other] = [await log.run(LLM), await log.run(LLM)]
  for (const text of ['first', 'second']) await run.call(text === 'first' ? 1 : 2, { user: 'again' }, { text })
  for (const text of ['premier', 'deuxième']) await other.call(text === 'premier' ? 1 : 2, { user: 'again' }, { text })
  const [mine, theirs] = [await recordedAnswers(log.client, run.name), await recordedAnswers(log.client, other.name)]
  const [child, sibling] = [await log.run(), await log.run()]
  expect(said((await answerTo(child, 1, { user: 'again', params: replaying(mine.answers.hash) })).told)).toBe('first')
  expect(said((await answerTo(child, 2, { user: 'again', params: replaying(theirs.answers.hash) })).told)).toBe('premier')
  expect(said((await answerTo(sibling, 1, { user: 'again', params: replaying(mine.answers.hash) })).told)).toBe('first')
  expect(said((await answerTo(child, 3, { user: 'again', params: replaying(mine.answers.hash) })).told)).toBe('second')
})

test('failures that an instance tried again are left out, final ones are given again and not retried', async () => {
  const run = await log.run(LLM)
  await run.call(1, { user: 'limited' }, { code: 'rate_limited', retryable: true })
  await run.call(1, { user: 'limited' }, { text: 'at last' })
  await run.call(2, { user: 'dead' }, { code: 'timeout', retryable: true })
  await run.call(2, { user: 'dead' }, { code: 'overloaded', retryable: true })
  await run.call(3, { user: 'cancelled' }, { code: 'cancelled', source: 'user' })
  await run.call(4, { user: 'odd' }, { code: 'unsupported_parameter', parameter: 'temperature' })
  await run.call(4, { user: 'odd', omit: ['temperature'] }, { text: 'without' })
  const { answers } = await recordedAnswers(log.client, run.name)
  const child = await log.run()
  const ask = async (instance: number, words: Words): Promise<ProviderAnswer> => {
    const { told, record } = await answerTo(child, instance, { ...words, params: replaying(answers.hash) })
    await record()
    return told
  }
  expect(said(await ask(1, { user: 'limited' }))).toBe('at last')
  expect(await ask(2, { user: 'dead' })).toEqual({ ok: false, retryable: false, error: { source: 'provider', code: 'overloaded', message: 'it is overloaded' } })
  expect(said(await ask(3, { user: 'cancelled' }))).toBe('recorded_miss')
  expect(await ask(4, { user: 'odd' })).toMatchObject({ ok: false, parameter: 'temperature', error: { code: 'unsupported_parameter' } })
  expect(said(await ask(4, { user: 'odd', omit: ['temperature'] }))).toBe('without')
})

test('an instance that asks the same again gets the same answer, and takes no other one\'s', async () => {
  const run = await log.run(LLM)
  for (const [instance, text] of [[1, 'first'], [2, 'second']] as const) await run.call(instance, { user: 'again' }, { text })
  const { answers } = await recordedAnswers(log.client, run.name)
  const child = await log.run()
  const words = { user: 'again', params: replaying(answers.hash) }
  for (const [instance, text] of [[1, 'first'], [1, 'first'], [2, 'second'], [1, 'first']] as const) {
    const { told, record } = await answerTo(child, instance, words)
    expect(said(told)).toBe(text)
    await record()
  }
})

test('a recording of a run that was itself answered from one answers as well', async () => {
  const run = await log.run(LLM)
  await run.call(1, { user: 'one' }, { text: 'eins' })
  const first = await recordedAnswers(log.client, run.name)
  const params = replaying(first.answers.hash)
  const child = await log.run(canonicalJson({ model: { ...role, ...params }, fast: role, edit: role }))
  await (await answerTo(child, 1, { user: 'one', params })).record()
  const second = await recordedAnswers(log.client, child.name)
  expect(second.llm.model.as).toBe('openai')
  expect(said((await answerTo(await log.run(), 1, { user: 'one', params: replaying(second.answers.hash) })).told)).toBe('eins')
})

const LONG = Array.from({ length: 200 }, (_, index) => `line ${index}`)

test('a miss names the nearest question, the message that differs with an excerpt, and the parameters', async () => {
  const run = await log.run(LLM)
  await run.call(1, { user: 'something else' }, { text: '1' })
  await run.call(2, { user: LONG.join('\n') }, { text: '2' })
  await run.call(3, { role: 'fast', user: 'a summary' }, { text: '3' })
  const { answers } = await recordedAnswers(log.client, run.name)
  const child = await log.run()
  const changed = LONG.with(100, 'LINE 100').join('\n')
  const told = miss((await answerTo(child, 1, { user: changed, params: replaying(answers.hash, { temperature: 0.7 }) })).told)
  expect(told).toMatch(/^nobody answered question 1 of role model when this was recorded/)
  expect(told).toContain('temperature was 0.5 and is 0.7')
  const second = miss((await answerTo(child, 2, { user: changed, params: replaying(answers.hash) })).told)
  expect(second).toContain('question 2 of 2 (seq')
  expect(second).toContain('message 2 of 2 (user) differs:\n--- recorded\n+++ asked\n@@ -101,1 +101,1 @@\n line 98\n line 99\n-line 100\n+LINE 100\n line 101\n line 102')
  expect(second).not.toContain('temperature')
  expect(second.length).toBeLessThan(600)
  const system = miss((await answerTo(child, 3, { user: LONG.join('\n'), system: 'Be long.', params: replaying(answers.hash) })).told)
  expect(system).toContain('message 1 of 2 (system) differs:\n--- recorded\n+++ asked\n@@ -1,1 +1,1 @@\n-Be brief.\n+Be long.')
  expect(miss((await answerTo(child, 4, { role: 'edit', user: 'x', params: replaying(answers.hash) })).told)).toContain('none for the role edit')
})

test('a long line is cut around its first difference', async () => {
  const run = await log.run(LLM)
  const line = 'abc '.repeat(10_000)
  await run.call(1, { user: `${line}X${line}` }, { text: '1' })
  const { answers } = await recordedAnswers(log.client, run.name)
  const told = miss((await answerTo(await log.run(), 1, { user: `${line}Y${line}`, params: replaying(answers.hash) })).told)
  expect(told).toMatch(/-\.\.\..*abc Xabc.*\.\.\.\n\+\.\.\..*abc Yabc/)
  expect(told.length).toBeLessThan(1000)
})

test('a recording whose prompts are not in this store still answers, and says so at a miss', async () => {
  const run = await log.run(LLM)
  await run.call(1, { user: 'one' }, { text: 'eins' })
  const { answers } = await recordedAnswers(log.client, run.name)
  const spec = (await recordingOf(log.client, run.name)).answers[0]?.spec
  log.blobs.contents.delete(spec?.base?.ref ?? '')
  const child = await log.run()
  expect(miss((await answerTo(child, 2, { user: 'two', params: replaying(answers.hash) })).told)).toContain('are not in this store')
  expect(said((await answerTo(child, 1, { user: 'one', params: replaying(answers.hash) })).told)).toBe('eins')
})

test('answers travel to another store in a file, with all that shows a difference', async () => {
  const run = await log.run(LLM)
  for (let n = 1; n <= 80; n++) await run.call(1 + (n % 20), { user: `question ${n}` }, { text: `answer ${n} ü` })
  const path = join(folder, 'answers.json')
  const recording = await recordingOf(log.client, run.name)
  expect(recording.answers.length).toBe(80)
  await exportAnswers(recording, log.blobs, path)
  const elsewhere = await new Log().open()
  const { llm, answers } = await recordedAnswers(elsewhere.client, path)
  expect(llm.model).toEqual(role)
  expect(await loadAnswers(answers.hash, elsewhere.blobs)).toEqual(recording.answers)
  const child = await elsewhere.run()
  for (const [instance, n] of [[5, 80], [6, 1], [7, 40]] as const) expect(said((await answerTo(child, instance, { user: `question ${n}`, params: replaying(answers.hash) }, provider, elsewhere)).told)).toBe(`answer ${n} ü`)
  expect(miss((await answerTo(child, 2, { user: 'question 5!', params: replaying(answers.hash) }, provider, elsewhere)).told)).toContain('+question 5!')
})

test.each<[string, (text: string) => string, RegExp]>([
  ['is no JSON', () => 'x', /no file of recorded answers/],
  ['is of another kind', () => '{"replies": []}', /format/],
  ['was changed', (text) => text.replace('"eins"', '"zwei"'), /was changed/],
  ['lacks a text', (text) => JSON.stringify(JSON.parse(text), (_key, value: unknown) => (value === 'eins' ? undefined : value)), /which is not in it/],
])('a file that %s is refused with a sentence', async (_, change, words) => {
  const run = await log.run(LLM)
  await run.call(1, { user: 'one' }, { text: 'eins' })
  const path = join(folder, 'answers.json')
  await exportAnswers(await recordingOf(log.client, run.name), log.blobs, path)
  writeFileSync(path, change(readFileSync(path, 'utf8')))
  const error: unknown = await recordedAnswers(log.client, path).catch((thrown: unknown) => thrown)
  expect(isKymoError(error, 'KYMO_ANSWERS')).toBe(true)
  expect(String(error)).toMatch(words)
})

test('a run is found by how its id begins; what asked no model, or is nowhere, is refused with a sentence', async () => {
  const run = await log.run(LLM)
  await run.call(1, { user: 'one' }, { text: 'eins' })
  expect((await recordedAnswers(log.client, run.name.slice(0, 13))).llm.model.model).toBe('m')
  const silent = await log.run(LLM)
  await expect(recordedAnswers(log.client, silent.name)).rejects.toThrow(/no model answered anything/)
  await expect(recordedAnswers(log.client, 'nowhere')).rejects.toThrow(/neither a file nor a run of this store/)
})
