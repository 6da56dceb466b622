import type OpenAI from 'openai'
import { Cut } from './failure.ts'
import { live } from './live.ts'
import type { Ask } from './live.ts'
import { openaiReply, openaiStream } from './openai-reply.ts'
import { BadReply } from './reply.ts'

const ask: Ask = async ({ request, key, url, exchange, timeoutMs, organisation, told }) => {
  const { default: Client } = await import('openai')
  const client = new Client({
    // Everything is said here, so that nothing is taken from the environment that the record does not know.
    apiKey: key === '' ? 'none' : key, adminAPIKey: null, baseURL: url, organization: organisation('OPENAI_ORG_ID') ?? null, project: organisation('OPENAI_PROJECT_ID') ?? null, maxRetries: 0, timeout: timeoutMs, logLevel: 'off', fetch: exchange.fetch,
  })
  if (request.settings.stream !== true) {
    const body = JSON.parse(request.body) as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming
    return openaiReply(await client.chat.completions.create(body))
  }
  const body = JSON.parse(request.body) as OpenAI.Chat.ChatCompletionCreateParamsStreaming
  const whole = openaiStream()
  for await (const chunk of await client.chat.completions.create(body)) told(whole.add(chunk))
  if (whole.finished()) return openaiReply(whole.completion())
  if ((exchange.headers.get('content-type') ?? '').includes('event-stream')) throw new Cut()
  return openaiReply(unstreamed(exchange.received()))
}

/** A server that does not know streams sends the whole reply. */
export function unstreamed<T>(bytes: Uint8Array): Partial<T> {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Partial<T>
  } catch {
    throw new BadReply('it is neither a stream nor JSON')
  }
}

export const openai = live({ key: 'OPENAI_API_KEY', url: 'https://api.openai.com/v1' }, ask)

/** Any server that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, and other providers' compatible addresses. */
export const openaiCompatible = live({ key: 'OPENAI_COMPATIBLE_API_KEY', keyOptional: true }, ask)
