import { describe, expect, it } from 'vitest'
import { everyRequest, startModelServer } from '../../model-server/index.ts'
import { ask } from './ask.ts'
import { ANTHROPIC_OK, OPENAI_OK, captureServer, sendEvents, sendJson } from './capture-server.ts'
import { VARIABLE, WIRES, keysFor, settingsFor } from './wires.ts'

const KEYS = { OPENAI_API_KEY: 'sk-test-0123456789', ANTHROPIC_API_KEY: 'sk-test-0123456789' }
const TOOLS = [{ name: 'list_files', description: 'Lists files.', parameters: { type: 'object', properties: { dir_path: { type: 'string' } } } }, { name: 'read_file', description: 'Reads a file.', parameters: { type: 'object', properties: {} } }]

describe.each(WIRES)('%s', (wire) => {
  describe.each([false, true])('streaming %s', (stream) => {
    it('calls of tools come with their arguments, several of them and broken ones as well', async () => {
      await using server = await startModelServer({ reply: () => ({ text: 'I look.', toolCalls: [{ name: 'list_files', arguments: { dir_path: 'ä' } }, { name: 'read_file', arguments: {} }] }) })
      const { delivered } = await ask({ settings: settingsFor(wire, server, { stream }), keys: keysFor(wire, server), tools: TOOLS })
      const calls = JSON.parse(delivered.tool_calls?.text ?? '[]') as Array<{ id: string; name: string; arguments: unknown }>
      expect(calls.map(({ name, arguments: given }) => [name, given])).toEqual([['list_files', { dir_path: 'ä' }], ['read_file', {}]])
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
      expect(delivered).toMatchObject({ ok: true, stop_reason: 'tool_calls', reply: { text: 'I look.' } })
    })

    it('results of tools go back to the model, and its answer comes', async () => {
      await using server = await startModelServer({ reply: ({ messages }) => ({ text: JSON.stringify(messages.map(({ role, text, toolCallId }) => [role, text, toolCallId ?? ''])) }) })
      const { delivered } = await ask({
        settings: settingsFor(wire, server, { stream }), keys: keysFor(wire, server), tools: TOOLS, question: '',
        segments: [{ role: 'user', text: { text: 'Look.' } }, { role: 'assistant', text: { text: '' }, tool_calls: { text: JSON.stringify([{ id: 'c1', name: 'list_files', arguments: {} }, { id: 'c2', name: 'read_file', arguments: {} }]) } }, { role: 'tool', tool_call_id: 'c2', text: { text: 'two' } }, { role: 'tool', tool_call_id: 'c1', text: { text: 'one' } }],
      })
      expect(delivered.ok).toBe(true)
      expect(delivered.reply?.text).toMatch(/"tool","one","c1".*"tool","two","c2"/)
    })

    it('a cancelled call ends at once, and the server sees it leave', async () => {
      await using server = await startModelServer({ reply: () => ({ text: 'never', afterMs: 20_000 }) })
      const abort = new AbortController()
      const asking = ask({ settings: settingsFor(wire, server, { stream }), keys: keysFor(wire, server), signal: abort.signal })
      while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      abort.abort()
      await expect(asking).rejects.toMatchObject({ code: 'KYMO_CANCELLED' })
      while (server.requests[0]?.abandoned === false) await new Promise((resolve) => setTimeout(resolve, 5))
    })

    it('a refused parameter is left out of the next try, and of no other completion', async () => {
      await using server = await startModelServer({ reply: () => ({ text: 'fine' }), faults: ({ body }) => ('temperature' in body ? { fault: 'unsupported-parameter', parameter: 'temperature' } : undefined) })
      const { delivered, effects, usages } = await ask({ settings: settingsFor(wire, server, { stream }), keys: keysFor(wire, server) })
      expect([delivered.ok, effects.map(({ completion }) => completion?.omit), usages.length]).toEqual([true, [[], ['temperature']], 1])
    })

    it('too long a prompt is cut until it fits', async () => {
      await using server = await startModelServer({ reply: () => ({ text: 'fine' }), contextTokens: 2000 })
      const segments = Array.from({ length: 20 }, (_, n) => ({ role: n % 2 === 0 ? 'user' : 'assistant', text: { text: `${n} `.repeat(300) } }))
      const { delivered, effects } = await ask({ settings: settingsFor(wire, server, { stream, max_tokens: 10 }), keys: keysFor(wire, server), segments })
      expect(delivered.ok).toBe(true)
      expect(delivered.shortened).toBe(effects.length - 1)
      expect(delivered.shortened).toBeGreaterThan(0)
    })

    it('a provider that goes on failing is waited for, with pauses that double, until patience ends', async () => {
      await using server = await startModelServer({ reply: () => ({ text: 'never' }), faults: everyRequest(...Array.from({ length: 20 }, () => 'overloaded' as const)) })
      const { delivered, pauses } = await ask({ settings: settingsFor(wire, server, { stream, patience_ms: 40_000 }), keys: keysFor(wire, server) })
      expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000])
      expect(delivered).toMatchObject({ ok: false, error: { code: 'overloaded' } })
    })
  })

  it('without a key the error names the variable, and nothing is sent', async () => {
    await using server = await captureServer((response) => sendJson(response, 200, wire === 'anthropic' ? ANTHROPIC_OK : OPENAI_OK))
    const { delivered } = await ask({ settings: { provider: wire, model: 'm', base_url: server.url } })
    if (wire === 'openai-compatible') expect(delivered.ok).toBe(true)
    else {
      expect(delivered.error).toMatchObject({ source: 'user', code: 'no_key' })
      expect(delivered.error?.message).toContain(VARIABLE[wire])
      expect(server.captured).toEqual([])
    }
  })
})

describe('a server that is not what was expected', () => {
  const openai = (url: string, more: object = {}) => ({ settings: { provider: 'openai', model: 'm', base_url: url, patience_ms: 0, ...more }, keys: KEYS })

  it('nothing listens there', async () => {
    const { delivered } = await ask(openai('http://127.0.0.1:9/v1'))
    expect(delivered.error).toMatchObject({ source: 'provider', code: 'connection', message: 'http://127.0.0.1:9/v1 cannot be reached (nothing listens there)' })
  })

  it('an openai-compatible model needs an address', async () => {
    expect((await ask({ settings: { provider: 'openai-compatible', model: 'm' } })).delivered.error).toMatchObject({ source: 'user', code: 'no_base_url' })
  })

  it('a provider that there is not is told, with those that there are', async () => {
    const { delivered } = await ask({ settings: { provider: 'gemini', model: 'm' } })
    expect(delivered.error).toMatchObject({ source: 'user', code: 'unknown_provider' })
    expect(delivered.error?.message).toMatch(/openai, anthropic, openai-compatible, scripted, recorded/)
  })

  it('sends the request on', async () => {
    await using server = await captureServer((response) => { response.writeHead(308, { location: 'https://elsewhere.example/v1/chat/completions' }).end() })
    const { delivered } = await ask(openai(`${server.url}/v1`))
    expect(delivered.error).toMatchObject({ code: 'bad_request' })
    expect(delivered.error?.message).toContain('https://elsewhere.example')
  })

  it('the path is wrong', async () => {
    await using server = await captureServer((response) => { response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found') })
    const { delivered } = await ask(openai(server.url))
    expect(delivered.error).toMatchObject({ code: 'bad_request' })
    expect(delivered.error?.message).toMatch(/mostly ends in \/v1/)
  })

  it('answers with a page', async () => {
    await using server = await captureServer((response) => { response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>') })
    const { outcomes } = await ask(openai(`${server.url}/v1`))
    expect(outcomes[0]).toMatchObject({ ok: false, error: { code: 'bad_reply' } })
  })

  it('tells an error with status 200', async () => {
    await using server = await captureServer((response) => sendJson(response, 200, { error: { code: 502, message: 'Upstream provider failed' } }))
    const { outcomes } = await ask(openai(`${server.url}/v1`))
    expect(outcomes[0]).toMatchObject({ ok: false, error: { code: 'server_error' } })
  })

  it('knows no streams and sends the whole reply', async () => {
    await using server = await captureServer((response) => sendJson(response, 200, OPENAI_OK))
    expect((await ask(openai(`${server.url}/v1`, { stream: true }))).delivered).toMatchObject({ ok: true, reply: { text: 'yes' } })
  })

  it('leaves out whatever it likes', async () => {
    await using server = await captureServer((response) => sendJson(response, 200, { choices: [{ message: { content: 'yes' } }] }))
    const { delivered, usages } = await ask(openai(`${server.url}/v1`))
    expect(delivered).toMatchObject({ ok: true, reply: { text: 'yes' }, stop_reason: 'stop' })
    expect(usages[0]).toMatchObject({ input_tokens: 0, output_tokens: 0, model: '' })
  })

  it('a stream whose calls have no index and no id is put together all the same', async () => {
    await using server = await captureServer((response) => sendEvents(response, [
      { choices: [{ index: 0, delta: { tool_calls: [{ id: 'a', function: { name: 'list_files', arguments: '{"dir_path":' } }] } }] }, { choices: [{ index: 0, delta: { tool_calls: [{ function: { arguments: '"."}' } }] } }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
    ].map((chunk) => `data: ${JSON.stringify(chunk)}`)))
    const { delivered } = await ask({ ...openai(`${server.url}/v1`, { stream: true }), tools: TOOLS })
    expect(JSON.parse(delivered.tool_calls?.text ?? '')).toEqual([{ id: 'a', name: 'list_files', arguments: { dir_path: '.' } }])
  })

  it('arguments that are no JSON are kept as they came', async () => {
    await using server = await captureServer((response) => sendJson(response, 200, { choices: [{ message: { content: null, tool_calls: [{ id: '', type: 'function', function: { name: 'list_files', arguments: '{"dir_path": ' } }] }, finish_reason: 'tool_calls' }] }))
    const { delivered } = await ask({ ...openai(`${server.url}/v1`), tools: TOOLS })
    expect(JSON.parse(delivered.tool_calls?.text ?? '')).toEqual([{ id: 'call_1', name: 'list_files', arguments: { '': '{"dir_path": ' } }])
  })

  it('only says that it lives, and never answers: that ends, too', async () => {
    await using server = await captureServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const timer = setInterval(() => response.write(': still here\n\n'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const { outcomes } = await ask(openai(`${server.url}/v1`, { stream: true, timeout_ms: 60 }))
    expect(outcomes[0]).toMatchObject({ ok: false, error: { code: 'timeout' } })
  })

  it('what the environment of this process says of providers means nothing', async () => {
    await using server = await captureServer((response) => sendJson(response, 200, OPENAI_OK))
    await using other = await captureServer((response) => sendJson(response, 200, OPENAI_OK))
    const before = { ...process.env }
    Object.assign(process.env, { OPENAI_BASE_URL: other.url, OPENAI_API_KEY: 'sk-of-the-environment', OPENAI_ORG_ID: 'org-of-the-environment' })
    try {
      await ask(openai(`${server.url}/v1`))
    } finally {
      process.env = before
    }
    expect(other.captured).toEqual([])
    expect(JSON.stringify(server.captured[0]?.headers)).not.toContain('of-the-environment')
  })
})
