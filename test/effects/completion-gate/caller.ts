// A process that calls a provider through the gate of a store, for tests: it writes down when each call begins and ends.
//   node caller.js STORE LOG LIMITS CALLS HOLD_MS
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreClient } from '../../../src/bus/index.ts'
import { limitsFor, parseProviderLimits, withGate } from '../../../src/effects/completion/gate/index.ts'

const [directory = '', log = '', limits = '', calls = '1', holdMs = '0'] = process.argv.slice(2)
const client = await StoreClient.connect({ directory, what: 'a caller' })
const say = (what: string): void => appendFileSync(log, `${what} ${process.pid} ${performance.timeOrigin + performance.now()}\n`)
const call = () => withGate(client, 'p', 10, limitsFor(parseProviderLimits(limits), 'p'), new AbortController().signal, async () => {
  say('begin')
  await sleep(Number(holdMs))
  say('end')
  return { ok: true as const, usage: { input: 5, output: 5 } }
})
await Promise.all(Array.from({ length: Number(calls) }, call))
await client.close()
