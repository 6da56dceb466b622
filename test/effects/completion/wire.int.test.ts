import { describe, expect, it } from 'vitest'
import OpenAI from 'openai'
import Anthropic from '@anthropic-ai/sdk'
import { rebuildRequest } from '../../../src/effects/completion/index.ts'
import { ask } from './ask.ts'
import type { Asked, Question } from './ask.ts'
import { ANTHROPIC_OK, ANTHROPIC_STREAM, OPENAI_OK, OPENAI_STREAM, captureServer, sendEvents, sendJson } from './capture-server.ts'
import { VARIABLE, WIRES } from './wires.ts'
import type { Wire } from './wires.ts'

const KEY = 'sk-test-0123456789'

const QUESTION: Pick<Question, 'segments' | 'question' | 'tools' | 'stop'> = {
  segments: [
    { role: 'system', text: { text: 'Ein Plan: «größer» 😀 \u2028 "quoted" \\ back' }, breakpoint: true }, { role: 'user', text: { text: 'Begin.' } },
    { role: 'assistant', text: { text: '' }, tool_calls: { text: JSON.stringify([{ id: 'call_1', name: 'list_files', arguments: { z: 1, a: [1.5, null, 'é'] } }]) } }, { role: 'tool', tool_call_id: 'call_1', text: { text: 'train.py\n' } },
  ],
  question: 'What next?', stop: ['Observation:'], tools: [{ name: 'list_files', description: 'Lists files.', parameters: { type: 'object', properties: {} } }],
}

async function sent(wire: Wire, stream: boolean, changes: Partial<Question> = {}): Promise<{ asked: Asked; bytes: Buffer; headers: Record<string, unknown>; path: string }> {
  await using server = await captureServer((response) => {
    if (stream) sendEvents(response, wire === 'anthropic' ? ANTHROPIC_STREAM : OPENAI_STREAM)
    else sendJson(response, 200, wire === 'anthropic' ? ANTHROPIC_OK : OPENAI_OK, { 'request-id': 'req_7', 'x-request-id': 'req_7' })
  })
  const asked = await ask({ ...QUESTION, ...changes, settings: { provider: wire, model: 'model-1', base_url: `${server.url}${wire === 'anthropic' ? '' : '/v1'}`, ...(stream ? { stream } : {}), ...changes.settings }, keys: { [VARIABLE[wire]]: KEY } })
  const [one] = server.captured
  if (one === undefined) throw new Error('nothing came')
  return { asked, bytes: one.bytes, headers: one.headers, path: one.path }
}

describe.each(WIRES)('what goes to %s', (wire) => {
  describe.each([false, true])('streaming %s', (stream) => {
    it('is rebuilt from the record byte for byte, and the outcome names it', async () => {
      const { asked, bytes } = await sent(wire, stream)
      const spec = asked.effects[0]?.completion
      const [outcome] = asked.outcomes
      if (spec === undefined || outcome?.ok !== true) throw new Error('no answer')
      const rebuilt = await rebuildRequest(spec, async (hash) => Buffer.from(await asked.tool.blobs.get(hash)).toString())
      expect(bytes.toString()).toBe(rebuilt.body)
      expect(bytes.equals(Buffer.from(rebuilt.body))).toBe(true)
      expect(outcome.outcome.completion?.request).toBe(rebuilt.key)
    })

    it('is what the SDK itself would send', async () => {
      const { bytes } = await sent(wire, stream)
      let own = ''
      const fetch = (_url: unknown, init?: RequestInit): Promise<Response> => {
        own = String(init?.body)
        return Promise.resolve(new Response('{}', { status: 400 }))
      }
      const body = JSON.parse(bytes.toString()) as never
      const call = wire === 'anthropic' ? new Anthropic({ apiKey: KEY, maxRetries: 0, fetch }).messages.create(body) : new OpenAI({ apiKey: KEY, maxRetries: 0, fetch }).chat.completions.create(body)
      await call.catch(() => undefined)
      expect(own).toBe(bytes.toString())
    })

    it('is answered: text, usage with the provider\'s cache, served model, raw bytes, id of the request', async () => {
      const { asked } = await sent(wire, stream)
      expect(asked.delivered).toMatchObject({ ok: true, reply: { text: 'yes' }, stop_reason: 'stop' })
      expect(asked.usages).toEqual([{ call: 4, role: 'model', model: 'served-1', input_tokens: 100, output_tokens: 5, cached_tokens: 60, cost_usd: 0, source: 'live' }])
      const [outcome] = asked.outcomes
      if (outcome?.ok !== true) throw new Error('no answer')
      const { completion, clock } = outcome.outcome
      expect(completion).toMatchObject({ cache_write_tokens: wire === 'anthropic' ? 10 : 0 })
      expect(clock?.provider_request).toBe(stream ? '' : 'req_7')
      const raw = Buffer.from(await asked.tool.blobs.get(completion?.raw?.ref ?? '')).toString()
      expect(raw).toBe(stream ? `${(wire === 'anthropic' ? ANTHROPIC_STREAM : OPENAI_STREAM).join('\n\n')}\n\n` : JSON.stringify(wire === 'anthropic' ? ANTHROPIC_OK : OPENAI_OK))
      expect(asked.live).toBe(stream ? 'yes' : '')
    })
  })

  it('carries the key in its header only, and asks for nothing compressed', async () => {
    const { headers, bytes, path } = await sent(wire, false)
    expect(Object.entries(headers).filter(([, value]) => String(value).includes(KEY)).map(([name]) => name)).toEqual(['authorization'])
    expect(headers['accept-encoding']).toBe('identity')
    expect(bytes.toString()).not.toContain(KEY)
    expect(path).toBe(wire === 'anthropic' ? '/v1/messages' : '/v1/chat/completions')
  })

  it('costs what the price says', async () => {
    const { asked } = await sent(wire, false, { settings: { price: { input: 10, output: 100, cached: 1, cache_write: 20 } } })
    // 100 tokens in, 60 of them from the cache and with Anthropic 10 written to it; 5 out.
    expect(asked.usages[0]?.cost_usd).toBeCloseTo((wire === 'anthropic' ? 30 * 10 + 10 * 20 : 40 * 10) / 1e6 + 60 / 1e6 + 500 / 1e6, 12)
  })
})

it('a compatible server without a key gets no authorization at all', async () => {
  await using server = await captureServer((response) => sendJson(response, 200, OPENAI_OK))
  const { delivered } = await ask({ settings: { provider: 'openai-compatible', model: 'm', base_url: `${server.url}/v1` } })
  expect(delivered.ok).toBe(true)
  expect(server.captured[0]?.headers.authorization).toBeUndefined()
})

it('an address of Anthropic may end in /v1', async () => {
  await using server = await captureServer((response) => sendJson(response, 200, ANTHROPIC_OK))
  await ask({ settings: { provider: 'anthropic', model: 'm', base_url: `${server.url}/v1` }, keys: { ANTHROPIC_API_KEY: KEY } })
  expect(server.captured.map(({ path }) => path)).toEqual(['/v1/messages'])
})
