import type Anthropic from '@anthropic-ai/sdk'
import { anthropicReply, anthropicStream } from './anthropic-reply.ts'
import { Cut } from './failure.ts'
import { live } from './live.ts'
import type { Ask } from './live.ts'
import { unstreamed } from './openai.ts'

const ask: Ask = async ({ request, key, url, exchange, timeoutMs, told }) => {
  const { default: Client } = await import('@anthropic-ai/sdk')
  const client = new Client({ apiKey: key, baseURL: url.replace(/\/v1\/?$/, ''), maxRetries: 0, timeout: timeoutMs, logLevel: 'off', fetch: exchange.fetch })
  if (request.settings.stream !== true) {
    const body = JSON.parse(request.body) as Anthropic.MessageCreateParamsNonStreaming
    return anthropicReply(await client.messages.create(body))
  }
  const body = JSON.parse(request.body) as Anthropic.MessageCreateParamsStreaming
  const whole = anthropicStream()
  for await (const event of await client.messages.create(body)) told(whole.add(event))
  if (whole.finished()) return whole.reply()
  if ((exchange.headers.get('content-type') ?? '').includes('event-stream')) throw new Cut()
  return anthropicReply(unstreamed(exchange.received()))
}

export const anthropic = live({ key: 'ANTHROPIC_API_KEY', url: 'https://api.anthropic.com' }, ask)
