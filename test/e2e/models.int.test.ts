import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { everyRequest, faultQueue, startModelServer } from '../model-server/index.ts'
import type { Fault, FaultName, Faults, ModelServer } from '../model-server/index.ts'
import { inParallel } from '../in-parallel.ts'
import { PLAYED, brain } from './brains.ts'
import { Desk, surprise } from './kymo.ts'
import type { Said } from './kymo.ts'

/** Looks like no key of anybody, and must be found nowhere but in the requests. */
const KEY = 'planted-key-5d41402abc4b2a76b9719d911017c592'
const PROVIDERS = ['openai', 'anthropic', 'openai-compatible'] as const
type Provider = (typeof PROVIDERS)[number]

const desk = new Desk({ OPENAI_API_KEY: KEY, ANTHROPIC_API_KEY: KEY, OPENAI_COMPATIBLE_API_KEY: KEY })
const servers: ModelServer[] = []
afterAll(async () => {
  for (const server of servers) await server.close()
  await desk[Symbol.asyncDispose]()
})

async function serve(agent: string, faults?: Faults): Promise<ModelServer> {
  const server = await startModelServer({ reply: brain(agent), key: KEY, ...(faults === undefined ? {} : { faults }) })
  servers.push(server)
  return server
}

const modelFlags = (provider: Provider, server: ModelServer): string[] =>
  ['--model', `${provider}/main-model`, '--fast-model', `${provider}/fast-model`, '--edit-model', `${provider}/edit-model`, '--base-url', provider === 'anthropic' ? server.url : server.openaiUrl]

interface Summary { run_id: string; status: string; steps: number; score: { value: number } | null; usage: { calls: number; input_tokens: number; output_tokens: number }; error: { source: string; code: string; message: string } | null }
const summaryOf = (said: Said): Summary => JSON.parse(said.stdout) as Summary

const run = (agent: string, provider: Provider, server: ModelServer, ...more: string[]): Promise<Said> =>
  desk.run('run', 'arithmetic', '--agent', agent, ...modelFlags(provider, server), ...(agent === 'tree-search' ? ['--agent-config', 'max_nodes=2'] : []), '--json', ...more)

describe('every agent works through the official SDKs', () => {
  for (const [index, agent] of PLAYED.entries()) {
    const provider = PROVIDERS[index % 2] ?? 'openai'
    it(`${agent}, by ${provider}: the script is edited, run and submitted, and the run is verified`, { timeout: 60_000 }, async () => {
      const server = await serve(agent)
      const said = await run(agent, provider, server)
      expect(surprise(said)).toBe('')
      expect(summaryOf(said)).toMatchObject({ status: 'finished', score: { value: 0 } })
      expect(summaryOf(said).usage.input_tokens).toBeGreaterThan(100)
      expect(server.requests.every(({ outcome }) => outcome === 'ok')).toBe(true)
      expect(surprise(await desk.run('verify', summaryOf(said).run_id))).toBe('')
    })
  }

  it('an openai-compatible server is asked for a stream, and its reply is the same', { timeout: 60_000 }, async () => {
    const server = await serve('react')
    const said = await run('react', 'openai-compatible', server, '--model-config', 'stream=true')
    expect(surprise(said)).toBe('')
    expect(server.requests.length).toBeGreaterThan(4)
    expect(server.requests.every(({ request }) => request?.stream === true)).toBe(true)
  })

  it('and so does each of them with every actor as a process of its own, over faults that pass', { timeout: 240_000 }, async () => {
    const names = ['environment', 'executor', 'llm-tool', 'evaluator', 'agent']
    const actors = names.map((name) => desk.start(['actor', name]))
    try {
      await Promise.all(actors.map((actor, index) => actor.until(`${names[index] ?? ''} serves`)))
      await inParallel(3, [...PLAYED.entries()], async ([index, agent]) => {
        const provider = PROVIDERS[(index + 1) % 2] ?? 'openai'
        const server = await serve(agent, faultQueue(['server-error', 'ok', 'cut-mid-reply', 'ok']))
        const said = await run(agent, provider, server, '--apart', names.join(','))
        expect([agent, surprise(said)]).toEqual([agent, ''])
        expect(summaryOf(said), agent).toMatchObject({ status: 'finished', score: { value: 0 } })
        expect(server.requests.filter(({ outcome }) => outcome !== 'ok').map(({ outcome }) => outcome), agent).toEqual(['server-error', 'cut-mid-reply'])
      })
    } finally {
      for (const { child } of actors) child.kill('SIGINT')
      await Promise.all(actors.map((actor) => actor.said))
    }
  })
})

describe('faults of a provider', () => {
  const passing: (Fault | FaultName | 'ok')[] = [
    { fault: 'rate-limited', retryAfterMs: 30 }, 'ok', 'server-error', 'ok', 'overloaded', 'ok', 'cut-before-headers', 'cut-mid-reply', 'ok', 'malformed-json', 'ok', 'empty-reply', 'bad-gateway', 'ok',
  ]
  for (const provider of ['openai', 'anthropic'] as const) {
    it(`${provider}: a run goes on after each that passes, and every attempt is on record`, { timeout: 120_000 }, async () => {
      const server = await serve('react', faultQueue(passing))
      const said = await run('react', provider, server)
      expect(surprise(said)).toBe('')
      expect(summaryOf(said)).toMatchObject({ status: 'finished', score: { value: 0 } })
      const failed = passing.filter((fault) => fault !== 'ok').length
      expect(server.requests.filter(({ outcome }) => outcome !== 'ok').length).toBe(failed)
      expect(server.requests.length).toBe(failed + summaryOf(said).usage.calls - 1)
    })

    it(`${provider}: every agent goes on after each of them`, { timeout: 400_000 }, async () => {
      // Many runs at a time: what they wait for is a provider, the longer the more failures there were in a row.
      await inParallel(6, PLAYED.filter((agent) => agent !== 'react'), async (agent) => {
        const server = await serve(agent, faultQueue([{ fault: 'rate-limited', retryAfterMs: 30 }, 'rate-limited', 'server-error', 'context-overflow', 'refusal', 'ok', 'overloaded', 'cut-before-headers', 'malformed-json', 'ok', 'cut-mid-reply', 'empty-reply', 'ok']))
        const said = await run(agent, provider, server)
        expect([agent, surprise(said)]).toEqual([agent, ''])
        expect(summaryOf(said), agent).toMatchObject({ status: 'finished', score: { value: 0 } })
        expect(new Set(server.requests.map(({ outcome }) => outcome)).size, agent).toBe(10)
      })
    })

    it(`${provider}: a reply that never comes is given up after the time-out, and asked for again`, { timeout: 60_000 }, async () => {
      const server = await serve('action-only', faultQueue(['time-out']))
      const said = await run('action-only', provider, server, '--model-config', 'timeout_ms=1500')
      expect(surprise(said)).toBe('')
      expect(server.requests[0]?.outcome).toBe('time-out')
    })

    const fatal: [FaultName, string][] = [['authentication', 'authentication'], ['permission', 'permission'], ['quota-exhausted', 'quota_exhausted'], ['model-not-found', 'model_not_found']]
    it(`${provider}: what no waiting mends ends the run with its own name: ${fatal.map(([name]) => name).join(', ')}`, { timeout: 120_000 }, async () => {
      for (const [fault, code] of fatal) {
        const server = await serve('action-only', everyRequest(fault, fault, fault))
        const said = await run('action-only', provider, server)
        expect(said.code, said.all).toBe(1)
        expect([summaryOf(said).status, summaryOf(said).error?.source, summaryOf(said).error?.code]).toEqual(['failed', 'provider', code])
        expect(server.requests.length).toBe(1)
      }
    })

    it(`${provider}: a prompt that is too long is shortened, by rule, until it fits`, { timeout: 60_000 }, async () => {
      const server = await serve('action-only', everyRequest('context-overflow'))
      const said = await run('action-only', provider, server)
      expect(surprise(said)).toBe('')
    })

    it(`${provider}: a refusal is no reply: the model is asked again`, { timeout: 60_000 }, async () => {
      const server = await serve('action-only', faultQueue(['refusal', 'ok', 'content-filter']))
      const said = await run('action-only', provider, server)
      expect(surprise(said)).toBe('')
    })
  }
})

describe('limits of tokens and money', () => {
  it('end the run cleanly, with what there is graded', { timeout: 60_000 }, async () => {
    const tokens = await run('react', 'openai', await serve('react'), '--max-tokens', '1000')
    expect(tokens.code, tokens.all).toBe(4)
    expect(summaryOf(tokens)).toMatchObject({ status: 'limit-reached', error: { code: 'max_tokens' } })
    const money = await run('react', 'openai', await serve('react'), '--max-cost', '0.01', '--price', '3,15')
    expect(summaryOf(money)).toMatchObject({ status: 'limit-reached', error: { code: 'max_cost' } })
  })

  it('hold across a crash: what was used before it counts', { timeout: 60_000 }, async () => {
    let release: () => void = () => undefined
    const asked = new Promise<void>((resolve) => { release = resolve })
    const play = brain('react')
    let held = false
    const server = await startModelServer({
      key: KEY,
      reply: async (request) => {
        if (request.nth === 2 && !held) {
          held = true
          release()
          await new Promise((resolve) => setTimeout(resolve, 1500))
        }
        return { ...play(request), usage: { input: 900, output: 100 } }
      },
    })
    servers.push(server)
    const started = desk.start(['run', 'arithmetic', '--agent', 'react', ...modelFlags('openai', server), '--max-tokens', '2500', '--json'])
    await asked
    started.child.kill('SIGKILL')
    await started.said
    const resumed = await desk.run('resume', '--json')
    expect(resumed.code, resumed.all).toBe(4)
    // 1,000 tokens before the crash, 1,000 and 1,000 after it.
    expect(summaryOf(resumed)).toMatchObject({ status: 'limit-reached', error: { code: 'max_tokens' }, usage: { calls: 3 } })
  })

  it('money needs a price: a model without one is refused before anything is spent', { timeout: 60_000 }, async () => {
    const server = await serve('react')
    const said = await run('react', 'openai', server, '--max-cost', '1')
    expect(said.code).not.toBe(0)
    expect(said.stderr).toContain('--price')
    expect(server.requests).toEqual([])
  })
})

it('without a key the error says which variable to set, and nothing is begun', async () => {
  const bare = new Desk({ OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '' })
  try {
    for (const [model, variable] of [['anthropic/claude-sonnet-4-5', 'ANTHROPIC_API_KEY'], ['openai/gpt-4.1', 'OPENAI_API_KEY']] as const) {
      const said = await bare.run('run', 'arithmetic', '--agent', 'react', '--model', model)
      expect(said.code).not.toBe(0)
      expect(said.stderr).toContain(variable)
      expect(said.stderr).toContain('.env')
    }
  } finally {
    await bare[Symbol.asyncDispose]()
  }
})

it('a role with the cache is answered from it the second time, and says so', { timeout: 60_000 }, async () => {
  const server = await serve('react')
  const first = await run('react', 'openai', server, '--request-cache', 'model,edit')
  expect(surprise(first)).toBe('')
  const asked = server.requests.length
  const second = await run('react', 'openai', server, '--request-cache', 'model,edit')
  expect(surprise(second)).toBe('')
  expect(server.requests.length).toBe(asked)
  expect(summaryOf(second)).toMatchObject({ status: 'finished', score: { value: 0 } })
})

describe('kill -9 in the middle of a call', () => {
  it('the run goes on, and no recorded call is made again', { timeout: 120_000 }, async () => {
    for (const killAt of [1, 3, 4]) {
      let killed = false
      let release: () => void = () => undefined
      const asked = new Promise<void>((resolve) => { release = resolve })
      const play = brain('react')
      const server = await startModelServer({
        key: KEY,
        reply: async (request) => {
          if (request.nth === killAt && !killed) {
            release()
            await new Promise((resolve) => setTimeout(resolve, 3000))
          }
          return play(request)
        },
      })
      servers.push(server)
      const started = desk.start(['run', 'arithmetic', '--agent', 'react', ...modelFlags('anthropic', server), '--json'])
      await asked
      killed = true
      started.child.kill('SIGKILL')
      await started.said
      const resumed = await desk.run('resume', '--json')
      expect(surprise(resumed)).toBe('')
      expect(summaryOf(resumed)).toMatchObject({ status: 'finished', score: { value: 0 } })
      // Every request was made once, but for the one that was cut off.
      const bodies = server.requests.map(({ body }) => JSON.stringify(body))
      expect(bodies.length - new Set(bodies).size).toBe(1)
    }
  })
})

it('a run is not resumed without its key: it stays as it is until the key is there', { timeout: 60_000 }, async () => {
  const play = brain('react')
  let release: () => void = () => undefined
  const asked = new Promise<void>((resolve) => { release = resolve })
  const server = await startModelServer({ key: KEY, reply: async (request) => { release(); await new Promise((resolve) => setTimeout(resolve, 1000)); return play(request) } })
  servers.push(server)
  const started = desk.start(['run', 'arithmetic', '--agent', 'react', ...modelFlags('openai', server), '--json'])
  await asked
  started.child.kill('SIGINT')
  expect((await started.said).code).not.toBe(0)
  const without = await desk.start(['resume', '--json'], { OPENAI_API_KEY: '' }).said
  expect(without.code).toBe(2)
  expect(without.stderr).toContain('OPENAI_API_KEY')
  const resumed = await desk.run('resume', '--json')
  expect(surprise(resumed)).toBe('')
  expect(summaryOf(resumed)).toMatchObject({ status: 'finished' })
})

it('the planted key is in no file of the store, no bundle, no trace, no log and no output', { timeout: 60_000 }, async () => {
  const server = await serve('research', faultQueue(['authentication']))
  const refused = await run('research', 'openai', server)
  expect(summaryOf(refused).error?.code).toBe('authentication')
  const good = await run('research', 'anthropic', await serve('research'))
  expect(surprise(good)).toBe('')
  const outputs = [refused.all, good.all]
  for (const args of [['trace', 'last', '--json'], ['trace', 'last', '--full'], ['metrics', 'last', '--json'], ['show', 'last', '--json'], ['list', '--json'], ['export', 'last', '--out', 'run.kymo']]) outputs.push((await desk.run(...args)).all)
  await desk.run('down')
  expect(server.requests.some(({ headers }) => JSON.stringify(headers).includes(KEY))).toBe(true)
  expect(outputs.filter((output) => output.includes(KEY))).toEqual([])
  const files = filesUnder(desk.folder)
  expect(files.length).toBeGreaterThan(5)
  expect(files.filter((file) => readFileSync(file).includes(KEY))).toEqual([])
})

const filesUnder = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile())
