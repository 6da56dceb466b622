import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import type { ModelServer } from './index.ts'

/** The official SDKs, which must neither retry nor complain on the console. */
export const openaiOf = ({ openaiUrl, key }: ModelServer, timeout = 5000): OpenAI => new OpenAI({ apiKey: key, baseURL: openaiUrl, maxRetries: 0, timeout, logLevel: 'off' })
export const anthropicOf = ({ url, key }: ModelServer, timeout = 5000): Anthropic => new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0, timeout, logLevel: 'off' })

/** What was thrown; fails when nothing was. */
export async function thrown(work: PromiseLike<unknown>): Promise<Error> {
  let value: unknown
  try {
    value = await work
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error(`nothing was thrown, but there was an answer: ${JSON.stringify(value)}`)
}

export interface Heard { text: string; events: number; ended: boolean }

/** Reads a chat-completions stream as a client must: it has ended only if a finish reason came. */
export async function hearOpenAi(client: OpenAI, heard: Heard = { text: '', events: 0, ended: false }): Promise<Heard> {
  const stream = await client.chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content: 'Say something.' }], stream: true })
  for await (const { choices } of stream) {
    heard.events++
    for (const { delta, finish_reason } of choices) {
      heard.text += delta.content ?? ''
      if (finish_reason !== null) heard.ended = true
    }
  }
  return heard
}

/** Reads a messages stream as a client must: it has ended only if message_stop came. */
export async function hearAnthropic(client: Anthropic, heard: Heard = { text: '', events: 0, ended: false }): Promise<Heard> {
  const stream = await client.messages.create({ model: 'claude-test', max_tokens: 1000, messages: [{ role: 'user', content: 'Say something.' }], stream: true })
  for await (const event of stream) {
    heard.events++
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') heard.text += event.delta.text
    if (event.type === 'message_stop') heard.ended = true
  }
  return heard
}
