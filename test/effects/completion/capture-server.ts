import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'

export interface Captured { path: string; headers: IncomingHttpHeaders; bytes: Buffer }

/** A server that keeps the very bytes that came, and answers as the test says. */
export async function captureServer(answer: (response: ServerResponse, captured: Captured) => void): Promise<AsyncDisposable & { url: string; captured: Captured[] }> {
  const captured: Captured[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, bytes: Buffer.concat(chunks) }
      captured.push(one)
      answer(response, one)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, captured,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const sendJson = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
export const sendEvents = (response: ServerResponse, events: readonly string[]): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(events.join('\n\n') + '\n\n')
}

/** The shortest good answers. */
export const OPENAI_OK = { id: 'c1', object: 'chat.completion', created: 1, model: 'served-1', choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }], usage: { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105, prompt_tokens_details: { cached_tokens: 60 } } }
export const ANTHROPIC_OK = { id: 'm1', type: 'message', role: 'assistant', model: 'served-1', content: [{ type: 'text', text: 'yes' }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 30, output_tokens: 5, cache_read_input_tokens: 60, cache_creation_input_tokens: 10 } }
const event = (value: unknown, name?: string): string => `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof value === 'string' ? value : JSON.stringify(value)}`
export const OPENAI_STREAM = [
  event({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'served-1', choices: [{ index: 0, delta: { role: 'assistant', content: 'y' }, finish_reason: null }] }),
  event({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'served-1', choices: [{ index: 0, delta: { content: 'es' }, finish_reason: 'stop' }] }),
  event({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'served-1', choices: [], usage: OPENAI_OK.usage }), event('[DONE]'),
]
export const ANTHROPIC_STREAM = [
  event({ type: 'message_start', message: { ...ANTHROPIC_OK, content: [], stop_reason: null, usage: { ...ANTHROPIC_OK.usage, output_tokens: 1 } } }, 'message_start'),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 'content_block_start'),
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'yes' } }, 'content_block_delta'),
  event({ type: 'content_block_stop', index: 0 }, 'content_block_stop'),
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } }, 'message_delta'), event({ type: 'message_stop' }, 'message_stop'),
]
