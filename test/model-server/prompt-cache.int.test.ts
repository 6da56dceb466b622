import { expect, it } from 'vitest'
import { anthropicOf, openaiOf } from './clients.ts'
import { startModelServer } from './index.ts'

const LONG = 'A long text that stays the same in every request. '.repeat(100)
const mark = { cache_control: { type: 'ephemeral' as const } }

it('Anthropic reads up to the mark that it wrote before, also when the mark has moved on', async () => {
  await using server = await startModelServer({ reply: () => ({ text: 'Yes.' }) })
  const ask = async (...texts: string[]) => {
    const content = texts.map((text, index) => ({ type: 'text' as const, text, ...(index === texts.length - 1 ? mark : {}) }))
    return (await anthropicOf(server).messages.create({ model: 'claude-test', max_tokens: 10, messages: [{ role: 'user', content }] })).usage
  }
  const first = await ask(LONG)
  expect([first.cache_read_input_tokens, first.input_tokens]).toEqual([0, 0])
  const second = await ask(LONG, LONG)
  expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens)
  expect(second.cache_creation_input_tokens).toBeGreaterThan(1000)
  const changed = await ask(`Not ${LONG}`, LONG)
  expect(changed.cache_read_input_tokens).toBe(0)
})

it('Anthropic caches nothing without a mark and nothing that is short', async () => {
  await using server = await startModelServer({ reply: () => ({ text: 'Yes.' }) })
  const usages = []
  for (const block of [{ text: LONG }, { text: LONG }, { text: 'short', ...mark }, { text: 'short', ...mark }]) {
    usages.push((await anthropicOf(server).messages.create({ model: 'claude-test', max_tokens: 10, messages: [{ role: 'user', content: [{ type: 'text', ...block }] }] })).usage)
  }
  expect(usages.map((usage) => [usage.cache_read_input_tokens, usage.cache_creation_input_tokens])).toEqual(Array(4).fill([0, 0]))
})

it('OpenAI caches by itself, by whole messages and in steps of 128 tokens', async () => {
  await using server = await startModelServer({ reply: () => ({ text: 'Yes.' }) })
  const cached = async (...texts: string[]) => {
    const { usage } = await openaiOf(server).chat.completions.create({ model: 'gpt-test', messages: texts.map((content) => ({ role: 'user', content })) })
    return usage?.prompt_tokens_details?.cached_tokens ?? -1
  }
  expect(await cached(LONG)).toBe(0)
  const again = await cached(LONG, 'And now?')
  expect(again).toBeGreaterThanOrEqual(1024)
  expect(again % 128).toBe(0)
  expect(await cached('Before it. ', LONG)).toBe(0)
})
