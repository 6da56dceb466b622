import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { roleSettings } from '../../../schemas/completion.ts'
import { serviceSettings } from '../../../schemas/services.ts'
import type { PaperRecord } from '../../../schemas/services.ts'
import { openBroker } from '../../../src/effects/broker/index.ts'
import type { Broker, BrokerOptions } from '../../../src/effects/broker/index.ts'
import { createAsker, parseProviderLimits, scriptQuestions } from '../../../src/effects/completion/index.ts'
import type { AskModel } from '../../../src/effects/completion/index.ts'
import { findPython } from '../../../src/effects/python/index.ts'
import { DEFAULT_SCRIPT_LIMITS, chooseSandbox, runScript } from '../../../src/effects/sandbox/index.ts'
import type { Interpreter, Sandbox } from '../../../src/effects/sandbox/index.ts'
import { packageRoot } from '../../../src/effects/tasks/index.ts'
import { LocalStore } from '../../crash/local-store.ts'
import { RUN } from '../../host/stage.ts'
import { faultQueue, lastText, startModelServer } from '../../model-server/index.ts'

const PAPERS: PaperRecord[] = [
  { id: '1901.00001', title: 'Sparse Routing for Speech', authors: ['Ada Núñez', 'Bo Okafor'], published: '2019-01-02', updated: '2019-01-02', summary: 'We route <few> tokens & "save" time.', categories: ['cs.cl'] },
  { id: '2001.00002', title: 'Dense Layers Revisited', authors: ['Bo Okafor'], published: '2020-01-02', updated: '2020-01-03', summary: 'Sparse routing is compared with dense layers.', categories: ['cs.lg'], journal: 'Letters 1, 2-3 (2020)', doi: '10.55555/x' },
  { id: '2101.00003', title: 'Routing', authors: ['Čeněk Šimek'], published: '2021-01-02', updated: '2021-01-02', summary: 'A study of routes.', categories: ['cs.lg'] },
]
const client = join(packageRoot(), 'tasks/bibtex-generation/starter/kymo_services.py')
const services = (more: object = {}): BrokerOptions['services'] => serviceSettings.parse({ task: 't', profile: 'small', literature: { corpus: 'papers.jsonl', calls: 20 }, model: { local: 'model.mjs', calls: 5, tokens: 1000, answer_tokens: 100 }, ...more })
const echo: AskModel = async ({ messages, maxTokens }) => ({ ok: true, text: `heard ${messages.at(-1)?.content ?? ''}`, stopReason: 'stop', model: 'echo', usage: { input: 10, output: Math.min(maxTokens, 5), cached: 0, cacheWrite: 0 }, costUsd: 0.25 })

let sandbox: Sandbox
let python: Interpreter
const open: Broker[] = []
const folders: string[] = []
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'kymo-broker-test-'))
  folders.push(made)
  return made
}

beforeAll(async () => {
  sandbox = await chooseSandbox()
  python = await findPython({ dependencies: { requires: '>=3.9', pip: [], debian: [] } })
})
afterEach(async () => {
  for (const broker of open.splice(0)) await broker.close()
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true })
})

async function broker(options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const data = folder()
  writeFileSync(join(data, 'papers.jsonl'), PAPERS.map((paper) => `${JSON.stringify(paper)}\n`).join(''))
  const made = await openBroker({ sandbox, services: services(), folder: data, ask: echo, ...options })
  open.push(made)
  return made
}

/** Where the socket lies on this side. */
const socketOf = ({ mounts }: Broker): string => join(mounts[0]?.source ?? '', 'socket')

const send = (socketPath: string, method: string, path: string, body?: string): Promise<{ status: number; text: string }> => new Promise((resolve, reject) => {
  const sent = request({ socketPath, method, path, agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => resolve({ status: response.statusCode ?? 0, text }))
  })
  sent.on('error', reject).end(body)
})
const ids = ({ text }: { text: string }): string[] => [...text.matchAll(/urn:kymo:paper:([\d.]+)</g)].map((match) => match[1] ?? '')
const find = async (made: Broker, query: string): Promise<string[]> => ids(await send(socketOf(made), 'GET', `/literature/query?search_query=${encodeURIComponent(query)}`))
const codeOf = ({ text }: { text: string }): string => (JSON.parse(text) as { error: { code: string } }).error.code
const question = (content = 'hello', more: object = {}): string => JSON.stringify({ messages: [{ role: 'user', content }], ...more })

async function script(made: Broker, code: string): Promise<{ out: string; err: string; exitCode: number }> {
  const directory = folder()
  writeFileSync(join(directory, 'main.py'), code)
  const done = await runScript({
    sandbox, interpreter: python, script: 'main.py', directory, mounts: [...made.mounts, { source: client, target: '/kymo/client/kymo_services.py', writable: false }], limits: DEFAULT_SCRIPT_LIMITS,
    env: { ...made.variables, PYTHONPATH: '/kymo/client' }, spool: folder(),
  })
  return { out: Buffer.from(done.stdout.bytes).toString(), err: Buffer.from(done.stderr.bytes).toString(), exitCode: done.exitCode }
}

describe('The library of papers', () => {
  it('finds by words, fields, phrases, years and categories, the best first', async () => {
    const made = await broker()
    expect(await find(made, 'sparse routing')).toEqual(['1901.00001', '2001.00002', '2101.00003'])
    expect(await find(made, 'ti:routing AND year:2021')).toEqual(['2101.00003'])
    expect(await find(made, '"sparse routing" ANDNOT cat:cs.cl')).toEqual(['2001.00002'])
    expect(await find(made, 'au:nunez OR au:Simek')).toEqual(['2101.00003', '1901.00001'])
    expect(await find(made, 'abs:"routing sparse"')).toEqual([])
  })

  it('gives records by their numbers, pages of results, and the newest first when asked', async () => {
    const made = await broker()
    const get = (query: string): Promise<{ status: number; text: string }> => send(socketOf(made), 'GET', `/literature/query?${query}`)
    expect(ids(await get('id_list=2101.00003,9999.99999,1901.00001'))).toEqual(['2101.00003', '1901.00001'])
    expect(ids(await get('search_query=routing&sortBy=submittedDate&max_results=1&start=1'))).toEqual(['2001.00002'])
    expect((await get('search_query=routing&max_results=1')).text).toContain('<opensearch:totalResults>3<')
  })

  it.each(['', 'search_query=', 'search_query=(', 'search_query=a&max_results=-1', 'search_query=a&sortBy=luck', 'search_query=a&colour=red', 'search_query=colour:red'])('refuses %j with a sentence, and counts it', async (query) => {
    const made = await broker()
    const answer = await send(socketOf(made), 'GET', `/literature/query?${query}`)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'bad_query'])
    expect(made.facts().literature).toEqual({ calls: 1, records: 0, refused: 1 })
  })

  it('gives no more than its budget', async () => {
    const made = await broker({ services: services({ literature: { corpus: 'papers.jsonl', calls: 2 } }) })
    expect((await find(made, 'routing')).length).toBe(3)
    expect((await find(made, 'routing')).length).toBe(3)
    const answer = await send(socketOf(made), 'GET', '/literature/query?search_query=routing')
    expect([answer.status, codeOf(answer)]).toEqual([429, 'budget_spent'])
    expect(made.facts().literature).toEqual({ calls: 2, records: 6, refused: 1 })
  })

  it('names the line of a corpus that is no record', async () => {
    const data = folder()
    writeFileSync(join(data, 'papers.jsonl'), `${JSON.stringify(PAPERS[0])}\n{"id": 7}\n`)
    await expect(openBroker({ sandbox, services: services(), folder: data, ask: echo })).rejects.toThrow(/papers\.jsonl line 2 is no paper record/)
  })
})

describe('The model', () => {
  it('answers, and every token is counted', async () => {
    const made = await broker()
    expect(JSON.parse((await send(socketOf(made), 'POST', '/model', question())).text)).toEqual({ text: 'heard hello', stop_reason: 'stop', model: 'echo', usage: { input_tokens: 10, output_tokens: 5 } })
    expect(made.facts().model).toEqual({ name: 'local', calls: 1, refused: 0, failed: 0, input_tokens: 10, output_tokens: 5, cost_usd: 0.25 })
  })

  it('is not asked beyond the calls and tokens of a script, not by many questions at once either', async () => {
    const made = await broker({ services: services({ model: { local: 'm.mjs', calls: 100, tokens: 100, answer_tokens: 30 } }) })
    const answers = await Promise.all(Array.from({ length: 12 }, () => send(socketOf(made), 'POST', '/model', question('x'.repeat(35)))))
    const paid = answers.filter(({ status }) => status === 200).length
    // Each holds 10 + 30 tokens until it is known to have used 15.
    expect(paid).toBeGreaterThan(1)
    expect(paid).toBeLessThan(8)
    const facts = made.facts().model
    expect((facts?.input_tokens ?? 0) + (facts?.output_tokens ?? 0)).toBeLessThanOrEqual(100)
    expect(facts?.refused).toBe(12 - paid)
  })

  it.each(['', '{', '[]', '{"messages": []}', question('a', { temperature: 3 }), JSON.stringify({ messages: [{ role: 'root', content: 'x' }] })])('refuses %j without asking', async (body) => {
    const made = await broker()
    expect(codeOf(await send(socketOf(made), 'POST', '/model', body))).toBe('bad_request')
    expect(made.facts().model).toMatchObject({ calls: 0, refused: 1 })
  })

  it('hangs up on a question without end, and serves on', async () => {
    const made = await broker()
    const answer = await send(socketOf(made), 'POST', '/model', question('x'.repeat(2 ** 20))).catch((error: unknown) => ({ status: 0, text: String(error) }))
    expect([0, 413]).toContain(answer.status)
    const raw = connect(socketOf(made))
    raw.on('error', () => undefined)
    raw.write('GET / HTTP/9.9\r\nnonsense\u0000\r\n\r\n')
    await new Promise((resolve) => { raw.once('close', resolve) })
    expect((await send(socketOf(made), 'GET', '/budget')).status).toBe(200)
  })

  it('gives up a question under way when the script is over', async () => {
    let stopped = false
    const made = await broker({ ask: ({ signal }) => new Promise((resolve) => { signal.addEventListener('abort', () => { stopped = true; resolve({ ok: false, code: 'cancelled', message: 'over' }) }) }) })
    const asked = send(socketOf(made), 'POST', '/model', question()).catch(() => undefined)
    while ((made.facts().model?.calls ?? 0) === 0) await new Promise((resolve) => { setTimeout(resolve, 5) })
    await made.close()
    await asked
    expect(stopped).toBe(true)
  })
})

describe('The evaluator\'s socket', () => {
  it('begins a budget anew and tells what was asked before; the sum stays', async () => {
    const made = await broker({ control: true, services: services({ literature: { corpus: 'papers.jsonl', calls: 1 } }) })
    await find(made, 'routing')
    const told = JSON.parse((await send(made.control ?? '', 'POST', '/begin')).text) as unknown
    expect(told).toMatchObject({ literature: { calls: 1, records: 3, refused: 0 } })
    expect(await find(made, 'routing')).toHaveLength(3)
    expect(made.facts().literature).toEqual({ calls: 2, records: 6, refused: 0 })
  })

  it('is not to be found in the sandbox, nor can a script put anything in the socket\'s place', async () => {
    const made = await broker({ control: true })
    const { out } = await script(made, `
import os
print(os.listdir('/kymo/services'))
for change in (lambda: os.remove(os.environ['KYMO_SERVICES']), lambda: open('/kymo/services/control', 'w'), lambda: os.rename('/kymo/services/socket', '/tmp/s')):
    try:
        change()
        print('changed')
    except OSError as error:
        print(type(error).__name__)
`)
    expect(out.split('\n')[0]).toBe("['socket']")
    expect(out).not.toContain('changed')
    expect(await find(made, 'routing')).toHaveLength(3)
  })
})

describe('A script in the sandbox', () => {
  it('reads records through the client as they are, whatever stands in them, and learns why it is refused', async () => {
    const made = await broker()
    const { out, err } = await script(made, `
import json
from kymo_services import ServiceError, ask, budget, search
print(json.dumps([search('ti:sparse'), search(ids=['2001.00002']), ask('hi'), budget()]))
for attempt in (lambda: search('('), lambda: ask('y' * 4000)):
    try:
        attempt()
    except ServiceError as error:
        print(error.code)
`)
    expect(err).toBe('')
    const [lines = '', ...codes] = out.trim().split('\n')
    const [[first], [second], answer, left] = JSON.parse(lines) as [Record<string, unknown>[], Record<string, unknown>[], string, unknown]
    expect(first).toEqual({ id: '1901.00001', title: 'Sparse Routing for Speech', authors: ['Ada Núñez', 'Bo Okafor'], published: '2019-01-02', year: 2019, summary: 'We route <few> tokens & "save" time.', categories: ['cs.cl'], journal: null, doi: null })
    expect(second).toMatchObject({ journal: 'Letters 1, 2-3 (2020)', doi: '10.55555/x' })
    expect([answer, left]).toEqual(['heard hi', { literature: { calls: 18 }, model: { calls: 4, tokens: 985, answer_tokens: 100 } }])
    expect(codes).toEqual(['bad_query', 'budget_spent'])
  })

  it('has the services of a run and not its network, and nothing is left when it is over', async () => {
    const made = await broker()
    const { out } = await script(made, `
import socket
try:
    socket.create_connection(('127.0.0.1', 80), 1)
    print('network')
except OSError:
    print('no network')
from kymo_services import search
print(len(search('routing')))
`)
    expect(out).toBe('no network\n3\n')
    const place = socketOf(made)
    await made.close()
    expect(readdirSync(tmpdir()).some((name) => place.includes(`/${name}/`))).toBe(false)
  })
})

describe('A real model behind the socket', () => {
  it.each(['openai', 'anthropic'] as const)('%s is asked through its SDK and tried again; the key is nowhere in the sandbox', async (provider) => {
    const key = 'planted-key-8a5be1d2'
    const server = await startModelServer({ key, reply: (asked) => ({ text: `model heard: ${lastText(asked)}`, usage: { input: 7, output: 3 } }), faults: faultQueue([{ fault: 'rate-limited', retryAfterMs: 20 }, 'ok']) })
    const store = new LocalStore(folder())
    const connection = store.connect()
    try {
      const respond = scriptQuestions({ blobs: connection.blobs, keys: () => key, limits: parseProviderLimits('') })({ client: connection, runId: RUN, effectId: 'e'.repeat(64) })
      const settings = roleSettings.parse({ provider, model: 'main-model', base_url: provider === 'anthropic' ? server.url : server.openaiUrl, max_tokens: 50, price: { input: 1e6, output: 1e6 } })
      const made = await broker({ services: services({ model: { local: 'm.mjs', calls: 5, tokens: 1000, answer_tokens: 100, settings } }), ask: createAsker(settings, respond) })
      const { out, err } = await script(made, `
import glob, os
from kymo_services import ask
print(ask('a question', system='be short', max_tokens=20))
seen = repr(dict(os.environ))
for path in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline') + glob.glob('/kymo/**', recursive=True):
    try:
        seen += open(path, 'rb').read().decode('utf-8', 'replace')
    except OSError:
        pass
print('${key.slice(0, 7)}' + '${key.slice(7)}' in seen)
`)
      expect(err).toBe('')
      expect(out.split('\n').slice(0, 2)).toEqual(['model heard: a question', 'False'])
      expect(server.requests.map(({ outcome }) => outcome)).toEqual(['rate-limited', 'ok'])
      expect(server.requests[1]?.request).toMatchObject({ model: 'main-model', maxTokens: 20 })
      expect(made.facts().model).toEqual({ name: `${provider}/main-model`, calls: 1, refused: 0, failed: 0, input_tokens: 7, output_tokens: 3, cost_usd: 10 })
      expect(JSON.stringify(made.facts())).not.toContain(key)
    } finally {
      await connection.close()
      await server.close()
    }
  })
})
