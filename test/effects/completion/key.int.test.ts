import { describe, expect, it } from 'vitest'
import { ask } from './ask.ts'
import type { Asked } from './ask.ts'
import { captureServer, sendEvents, sendJson } from './capture-server.ts'
import { VARIABLE, WIRES } from './wires.ts'

/** Servers and models that tell the key to everybody, each in another way. */
const KEY = 'sk-planted-9f8e7d6c5b4a'
const DELTAS = [...KEY].map((letter) => letter)

const answers: Record<string, (wire: string) => Parameters<typeof captureServer>[0]> = {
  'in an error, with the header that brought it': () => (response, { headers }) => sendJson(response, 400, { error: { message: `Bad request with headers ${JSON.stringify(headers)}`, type: 'invalid_request_error' }, type: 'error' }),
  'in an error that is retried, and in a header': () => (response, { headers }) => sendJson(response, 500, `proxy failed: ${String(headers.authorization)}`, { 'x-request-id': `id-${KEY}`, 'retry-after': '1' }),
  'in the reply and in a call': (wire) => (response) => sendJson(response, 200, wire === 'anthropic'
    ? { id: 'm', type: 'message', role: 'assistant', model: KEY, content: [{ type: 'text', text: `It is ${KEY}!` }, { type: 'tool_use', id: 'a', name: 'x', input: { key: KEY } }], stop_reason: 'tool_use', usage: { input_tokens: 1, output_tokens: 1 } }
    : { id: 'c', model: KEY, choices: [{ index: 0, message: { role: 'assistant', content: `It is ${KEY}!`, tool_calls: [{ id: 'a', type: 'function', function: { name: 'x', arguments: JSON.stringify({ key: KEY }) } }] }, finish_reason: 'tool_calls' }] }),
  'in a reply that is no JSON': () => (response, { headers }) => { response.writeHead(200, { 'content-type': 'application/json' }).end(`{"x": ${String(headers.authorization)}`) },
  'in a refusal': (wire) => (response) => sendJson(response, 200, wire === 'anthropic'
    ? { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [{ type: 'text', text: `I will not use ${KEY}` }], stop_reason: 'refusal', usage: { input_tokens: 1, output_tokens: 1 } }
    : { id: 'c', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: null, refusal: `I will not use ${KEY}` }, finish_reason: 'stop' }] }),
}
const streams: Record<string, (wire: string) => Parameters<typeof captureServer>[0]> = {
  'letter by letter': (wire) => (response) => sendEvents(response, wire === 'anthropic'
    ? [{ type: 'message_start', message: { id: 'm', model: 'm', content: [], usage: { input_tokens: 1, output_tokens: 1 } } }, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      ...DELTAS.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })), { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }, { type: 'message_stop' }]
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}`)
    : [...DELTAS.map((content) => ({ choices: [{ index: 0, delta: { content } }] })), { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }].map((event) => `data: ${JSON.stringify(event)}`)),
  'in an error half-way': () => (response, { headers }) => sendEvents(response, [`event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'api_error', message: `lost ${String(headers.authorization)}` } })}`]),
}

/** Everything that a completion leaves: what machines sent and keep, outcomes, blobs, live output. */
function everything({ delivered, usages, effects, outcomes, tool, live }: Asked): string[] {
  const blobs = [...tool.blobs.contents.values()].map((bytes) => Buffer.from(bytes).toString('latin1'))
  return [JSON.stringify({ delivered, usages, effects, outcomes, drafts: tool.reactions.map(({ drafts }) => drafts), context: tool.context }), live, ...blobs]
}

describe.each(WIRES)('a key planted for %s appears nowhere', (wire) => {
  const settings = { provider: wire, model: 'm', patience_ms: 3000 }
  const keys = { [VARIABLE[wire]]: KEY }

  it.each(Object.entries(answers))('%s', async (_title, answer) => {
    await using server = await captureServer(answer(wire))
    const asked = await ask({ settings: { ...settings, base_url: `${server.url}/v1` }, keys })
    expect(server.captured.length).toBeGreaterThan(0)
    // The server did get it: what is searched for is what was sent.
    expect(JSON.stringify(server.captured[0]?.headers)).toContain(KEY)
    for (const text of everything(asked)) expect(text.includes(KEY)).toBe(false)
    expect(everything(asked).some((text) => text.includes('[key]'))).toBe(true)
  })

  it.each(Object.entries(streams))('of a stream, %s', async (title, answer) => {
    await using server = await captureServer(answer(wire))
    const asked = await ask({ settings: { ...settings, stream: true, base_url: `${server.url}/v1` }, keys })
    for (const text of everything(asked)) expect(text.includes(KEY)).toBe(false)
    if (title === 'letter by letter') expect([asked.live, asked.delivered.reply?.text]).toEqual(['[key]', '[key]'])
  })
})

it('errors of an SDK and of the system name no key either', async () => {
  const asked = await ask({ settings: { provider: 'openai', model: 'm', base_url: 'http://127.0.0.1:9/v1', patience_ms: 0 }, keys: { OPENAI_API_KEY: `${KEY}\n` } })
  const broken = await ask({ settings: { provider: 'openai', model: 'm', base_url: 'http://127.0.0.1:9/v1', patience_ms: 0 }, keys: { OPENAI_API_KEY: `${KEY}\u2028x` } })
  for (const text of [...everything(asked), ...everything(broken)]) expect(text.includes(KEY)).toBe(false)
  expect(broken.delivered.error?.code).toBe('authentication')
})

it('the search finds a key that is there', async () => {
  const asked = await ask({ settings: { provider: 'openai', model: 'm', base_url: 'http://127.0.0.1:9/v1', patience_ms: 0 }, keys: { OPENAI_API_KEY: 'sk-other-123456' }, question: `my key is ${KEY}` })
  expect(everything(asked).some((text) => text.includes(KEY))).toBe(true)
})
