import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, it } from 'vitest'
import { packageRoot } from '../../src/effects/tasks/index.ts'
import { anthropicOf, openaiOf, thrown } from './clients.ts'
import type { ModelServer } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'kymo-model-server-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

async function process_(...args: string[]): Promise<{ server: ModelServer; said: Record<string, unknown>; stop: () => Promise<number | null>; errors: () => string }> {
  const child = spawn(process.execPath, [join(packageRoot(), 'dist/test/model-server/main.js'), ...args, '--until-stdin-ends'], { stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString() })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const first = await Promise.race([new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve)), ended.then(() => '{}')])
  const said: Record<string, unknown> = JSON.parse(first)
  const stop = (): Promise<number | null> => {
    child.stdin.end()
    return ended
  }
  const close = async (): Promise<void> => { await stop() }
  return { server: { url: String(said.url), openaiUrl: String(said.openai_url), key: String(said.key), requests: [], close, [Symbol.asyncDispose]: close }, said, stop, errors: () => errors }
}

const openai = async (server: ModelServer, content: string) => (await openaiOf(server).chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content }] })).choices[0]?.message.content

it('a process serves a YAML plan: rules, replies in order, faults; and logs without the key', async () => {
  const log = join(folder, 'log.jsonl')
  const plan = file('plan.yaml', `
rules:
  - { when: '^Summarise', reply: A summary. }
  - { model: ^claude, reply: { text: From Claude., usage: { input: 50, cached: 20, output: 3 } } }
replies:
  - The first.
  - { toolCalls: [{ name: list_files, arguments: { dir_path: . } }] }
faults:
  - { fault: rate-limited, retryAfter: 1 }
  - ok
everyRequest: [ok, overloaded]
`)
  const { server, stop } = await process_(plan, '--key', 'planted-key-of-a-test', '--log', log)
  expect(await thrown(openai(server, 'Begin.'))).toMatchObject({ status: 429 })
  expect(await openai(server, 'Summarise this.')).toBe('A summary.')
  expect(await openai(server, 'Go on.')).toBe('The first.')
  expect(await thrown(openai(server, 'Go on.'))).toMatchObject({ status: 503 })
  expect(await openai(server, 'Go on.')).toBe('The first.')
  expect(await anthropicOf(server).messages.create({ model: 'claude-test', max_tokens: 10, messages: [{ role: 'user', content: 'Hello.' }] })).toMatchObject({ usage: { input_tokens: 30, cache_read_input_tokens: 20 } })
  expect(await openai(server, 'And then?')).toBeNull()
  expect((await thrown(openai(server, 'And now?'))).message).toContain('all 2 replies are used up')
  expect(await stop()).toBe(0)
  const lines = readFileSync(log, 'utf8')
  expect(lines.trim().split('\n').map((line) => JSON.parse(line).outcome).slice(0, -1)).toEqual(['rate-limited', 'ok', 'ok', 'overloaded', 'ok', 'ok', 'ok'])
  expect(lines).not.toContain('planted-key')
})

it('a process serves a module', async () => {
  const plan = file('plan.mjs', 'export const reply = async ({ messages }) => ({ text: `You said: ${messages.at(-1).text}` })\nexport const faults = ({ attempt }) => (attempt === 1 ? { fault: "server-error" } : undefined)\n')
  const { server, stop, said } = await process_(plan)
  expect(said.pid).toEqual(expect.any(Number))
  expect(await thrown(openai(server, 'hello'))).toMatchObject({ status: 500 })
  expect(await openai(server, 'hello')).toBe('You said: hello')
  expect(await stop()).toBe(0)
})

it.each([
  ['a plan with a word that it does not know', 'reply: [x]\n', /is no plan for a model server: .*reply/],
  ['a fault that does not exist', 'faults: [explodes]\n', /is no plan for a model server/],
  ['a pattern that is none', "rules: [{ when: '(', reply: x }]\n", /is no plan for a model server/],
])('a process refuses %s with a sentence', async (_, text, sentence) => {
  const { stop, errors } = await process_(file('bad.yaml', text))
  expect(await stop()).toBe(1)
  expect(errors()).toMatch(sentence)
})

it('a process refuses to guess a plan or a port', async () => {
  const none = await process_()
  expect([await none.stop(), none.errors()]).toEqual([1, expect.stringContaining('Name one plan.')])
  const port = await process_(file('empty.yaml', 'replies: [x]\n'), '--port', 'many')
  expect([await port.stop(), port.errors()]).toEqual([1, expect.stringContaining('--port takes a number')])
})
